"""Where the kernel shows its devices, and numbers in files there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "FIELDPROOF_SYSFS"
"""Names another folder in place of ``/sys``: to try how the agent takes heat without a fire."""


def sysfs() -> Path:
    return Path(os.environ.get(VARIABLE, "") or "/sys")


def number_in(file: Path, base: int = 10) -> int | None:
    """The whole number in a file; None where the driver refuses, is off, or says another thing."""
    try:
        return int(file.read_text(), base)
    except (OSError, ValueError):
        return None
