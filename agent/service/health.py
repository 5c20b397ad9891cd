"""``python -m agent health``: 0 where the agent gets on, 1 where it does not, in one sentence."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from agent import places
from agent.service.heartbeat import last_beat

WITHIN_S: Final = 120.0
"""Seconds: four beats on a disk, and as long as the unit's watchdog waits."""


def main(words: list[str] | None = None, prog: str = "python -m agent health") -> int:
    """Say how it is; the exit code."""
    options = argparse.ArgumentParser(
        prog=prog, description="Whether the agent gets on, by its heartbeat file: 0 yes, 1 no."
    )
    options.add_argument("file", type=Path, nargs="?", help="default: where `run` puts it")
    options.add_argument("--state", type=Path, help="the folder that `run` was given")
    options.add_argument("--config", type=Path, help="the file of settings that `run` was given")
    options.add_argument(
        "--within",
        type=float,
        default=WITHIN_S,
        help="s since progress, and of trouble (default: %(default)g)",
    )
    asked = options.parse_args(words)
    file = asked.file or find(asked.state, asked.config)
    code, said = verdict(file, asked.within)
    print(said)
    return code


def find(
    state: Path | None = None,
    config: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Path:
    """Where the heartbeat of a `run` with these options, variables and file of settings lies.

    Where nobody says whose, the installed service's comes before that of a folder here.
    """
    said = {name: environment.get(f"FIELDPROOF_{name.upper()}") for name in ("heartbeat", "state")}
    file = places.find_file(config, environment)
    filed = _filed(file)
    asked = Path(said["heartbeat"]) if said["heartbeat"] else filed.get("heartbeat")
    state = state or (Path(said["state"]) if said["state"] else None)
    installed = places.INSTALLED_RUNTIME
    if state is None and file in (None, places.USUAL_FILE) and installed.is_dir():
        environment = {places.RUNTIME: str(installed), **environment}
    return places.heartbeat(asked, state or filed.get("state", places.USUAL_STATE), environment)


def verdict(file: Path, within_s: float = WITHIN_S) -> tuple[int, str]:
    """The exit code, and how the agent is: it may go on for long, and to no avail."""
    beat = last_beat(file)
    if beat is None:
        return 1, f"No heartbeat in {file}: no agent runs there, or it has had no frame yet."
    said = f"{beat.state}, {beat.frames} frames; it last went on {beat.age_s:.0f} s ago"
    long_s = beat.trouble_s + beat.age_s
    if beat.trouble:
        said += f"; for {long_s:.0f} s {beat.trouble}"
    in_vain = beat.trouble and (long_s > within_s or not beat.frames)
    if beat.age_s > within_s or in_vain:
        return 1, f"The agent does not get on: {said}."
    return 0, f"The agent gets on: {said}."


def _filed(file: Path | None) -> dict[str, Path]:
    """``heartbeat`` and ``state`` from a file of settings; nothing of one that cannot be read."""
    if file is None:
        return {}
    from agent import toml
    from agent.errors import ConfigError

    try:
        table = toml.tables(toml.text_of(file), str(file)).get("run")
    except ConfigError:
        return {}
    table = table if isinstance(table, dict) else {}
    names = ("heartbeat", "state")
    return {name: file.parent / str(table[name]) for name in names if table.get(name)}


if __name__ == "__main__":
    sys.exit(main())
