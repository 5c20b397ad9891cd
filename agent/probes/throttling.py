"""Whether the device is made slower than it could be: by heat, or by too weak a supply."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from agent.probes import Probe
from agent.probes._sysfs import VARIABLE, number_in, sysfs

PI: Final = "devices/platform/soc/soc:firmware/get_throttled"
COMMAND: Final = "vcgencmd"
COMMAND_S: Final = 1.0
"""How long the Raspberry Pi's command may take."""
ASK_S: Final = 10.0
"""Seconds between two calls of it: each is a process."""

_UNDER_VOLTAGE, _NOW, _BEFORE = 1 << 0, 0xF, 0xF << 16


class Throttling(Probe):
    """``throttled`` is 1 while it is, else 0; nothing where the device does not tell.

    A Raspberry Pi tells by its firmware, in a file or by ``vcgencmd``: ``under_voltage`` now, and
    ``throttled_since_boot`` too (a kernel that polls the firmware itself may forget). Elsewhere
    the device is throttled when a core's counter of throttlings has grown since the last reading,
    or when the limit of a core's clock lies below the highest that was ever read: one that has
    been set for good is none.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or sysfs()
        self._cores = self.root / "devices/system/cpu"
        self._limits: dict[Path, int] = {}
        self._events: int | None = None
        self._command = None if os.environ.get(VARIABLE) else shutil.which(COMMAND)
        self._asked: tuple[float, int | None] = (float("-inf"), None)

    def read(self) -> dict[str, float]:
        bits = number_in(self.root / PI, 16)
        if bits is None and self._command:
            bits = self._ask(self._command)
        if bits is not None:
            return {
                "throttled": float(bool(bits & _NOW)),
                "under_voltage": float(bool(bits & _UNDER_VOLTAGE)),
                "throttled_since_boot": float(bool(bits & _BEFORE)),
            }
        signs = [sign for sign in (self._counted(), self._limited()) if sign is not None]
        return {"throttled": float(any(signs))} if signs else {}

    def _counted(self) -> bool | None:
        """Whether a counter has grown; None where there is none."""
        files = self._cores.glob("cpu*/thermal_throttle/*_throttle_count")
        counts = [count for file in files if (count := number_in(file)) is not None]
        if not counts:
            return None
        before, self._events = self._events, sum(counts)
        return before is not None and self._events > before

    def _limited(self) -> bool | None:
        """Whether a limit is below the highest known; None where there is none."""
        lower: list[bool] = []
        for file in self._cores.glob("cpufreq/policy*/scaling_max_freq"):
            limit = number_in(file)
            if limit is not None:
                self._limits[file] = max(limit, self._limits.get(file, 0))
                lower.append(limit < self._limits[file])
        return any(lower) if lower else None

    def _ask(self, command: str) -> int | None:
        at, bits = self._asked
        if time.monotonic() - at >= ASK_S:
            bits = said_by(command)
            self._asked = (time.monotonic(), bits)
        return bits


def said_by(command: str) -> int | None:
    """The bits that ``vcgencmd get_throttled`` prints; None where it fails or takes too long."""
    try:
        done = subprocess.run(
            [command, "get_throttled"], capture_output=True, text=True, timeout=COMMAND_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"throttled=(0x[0-9a-fA-F]+)", done.stdout)
    return int(found[1], 16) if found else None
