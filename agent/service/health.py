"""``python -m agent health``: 0 where the agent gets on, 1 where it does not, in one sentence."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Final

from agent.service.heartbeat import NAME, last_beat, place

WITHIN_S: Final = 120.0
"""Seconds: four beats on a disk, and as long as the unit's watchdog waits."""
_SERVICE: Final = Path("/run/fieldproof") / NAME


def main(words: list[str] | None = None, prog: str = "python -m agent health") -> int:
    """Say how it is; the exit code."""
    options = argparse.ArgumentParser(
        prog=prog, description="Whether the agent gets on, by its heartbeat file: 0 yes, 1 no."
    )
    options.add_argument("file", type=Path, nargs="?", help="default: where `run` puts it")
    options.add_argument("--state", type=Path, default=Path("fieldproof-state"))
    options.add_argument(
        "--within", type=float, default=WITHIN_S, help="s since progress (default: %(default)g)"
    )
    asked = options.parse_args(words)
    code, said = verdict(asked.file or default_file(asked.state), asked.within)
    print(said)
    return code


def default_file(state: Path) -> Path:
    """``$FIELDPROOF_HEARTBEAT``, else the installed service's where there is one, else state's."""
    named = os.environ.get("FIELDPROOF_HEARTBEAT")
    if named:
        return Path(named)
    return _SERVICE if _SERVICE.parent.is_dir() else place(state, {})


def verdict(file: Path, within_s: float = WITHIN_S) -> tuple[int, str]:
    """The exit code, and how the agent is."""
    beat = last_beat(file)
    if beat is None:
        return 1, f"No heartbeat in {file}: no agent runs there, or it has had no good frame yet."
    said = f"{beat.state}, {beat.frames} frames; the last progress was {beat.age_s:.0f} s ago"
    if beat.age_s > within_s:
        return 1, f"The agent does not get on: {said}."
    return 0, f"The agent gets on: {said}."


if __name__ == "__main__":
    sys.exit(main())
