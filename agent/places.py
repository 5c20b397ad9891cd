"""Where the agent's files are, for whoever writes them and whoever looks for them alike.

Imports nothing: `health` is asked every half minute, also on the smallest devices.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

CONFIG: Final = "FIELDPROOF_CONFIG"
USUAL_FILE: Final = Path("/etc/fieldproof/agent.toml")
USUAL_STATE: Final = Path("fieldproof-state")
INSTALLED_STATE: Final = Path("/var/lib/fieldproof")
INSTALLED_RUNTIME: Final = Path("/run/fieldproof")
"""The folders of the installed service."""
HEARTBEAT: Final = "agent.heartbeat"
RUNTIME: Final = "RUNTIME_DIRECTORY"
SETTINGS: Final = "agent-settings"
"""The credential that a service is handed its file of settings as."""


def find_file(asked: Path | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The one file of settings: ``--config``, else ``$FIELDPROOF_CONFIG``, else the usual one
    where there is one.
    """
    if asked is not None:
        return asked
    if environment.get(CONFIG):
        return Path(environment[CONFIG])
    return USUAL_FILE if os.path.lexists(USUAL_FILE) else None


def heartbeat(asked: Path | None, state: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The heartbeat file: the one that is asked for, else in systemd's runtime folder, which is in
    memory, else with the state.
    """
    if asked is not None:
        return asked
    folder = environment.get(RUNTIME, "").partition(":")[0]
    return (Path(folder) if folder else state) / HEARTBEAT


def credential(name: str) -> Path | None:
    """The file of a credential that systemd hands to this service; None where there is none."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    file = Path(folder) / name if folder else None
    return file if file is not None and file.is_file() else None
