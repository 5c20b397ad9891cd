"""``python -m tools.collector.health FILE``: 0 where a collector collects, 1 where it does not.

FILE is what the collector was given as ``--heartbeat``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from tools.collector.heartbeat import PAUSE_S, age

WITHIN_S: Final = 6 * PAUSE_S


def main(words: list[str] | None = None) -> int:
    """Say in one line how it is; the exit code."""
    options = argparse.ArgumentParser(prog="python -m tools.collector.health")
    options.add_argument("file", type=Path, help="the collector's heartbeat file")
    options.add_argument(
        "--within",
        type=float,
        default=WITHIN_S,
        help="s since the last beat (default: %(default)g)",
    )
    asked = options.parse_args(words)
    passed = age(asked.file)
    if passed is None:
        print(
            f"no heartbeat in {asked.file}: the collector is not connected yet, or its store fails"
        )
        return 1
    print(f"the collector's last heartbeat was {passed:.0f} s ago")
    return int(passed > asked.within)


if __name__ == "__main__":
    sys.exit(main())
