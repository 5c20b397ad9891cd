"""Command lines that mend: with the words that this user and this machine need."""

from __future__ import annotations

import os
import pwd
import sys
import sysconfig
from pathlib import Path


def as_root(command: str) -> str:
    """A command that only root may run."""
    return command if os.geteuid() == 0 else f"sudo {command}"


def apt(*packages: str) -> str:
    """Install Debian packages, on Raspberry Pi OS too; slim images have no lists of them yet."""
    install = as_root(f"apt-get install -y {' '.join(packages)}")
    return f"{as_root('apt-get update')} && {install}"


def pip(*requirements: str) -> str:
    """Install Python packages into this interpreter's environment, where it may be changed."""
    words = " ".join(_quoted(text) for text in requirements)
    if _is_the_systems():
        return f"Install Fieldproof into an environment of its own: {_python()} -m venv .venv"
    return f"{_python()} -m pip install {words}"


def unpip(*packages: str) -> str:
    """Uninstall Python packages from this interpreter's environment."""
    return f"{_python()} -m pip uninstall -y {' '.join(packages)}"


def user() -> str:
    """The name of the user that this process runs as, its number where it has none."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _is_the_systems() -> bool:
    """Whether pip refuses to install beside the distribution's own packages (PEP 668)."""
    mark = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    return sys.prefix == sys.base_prefix and mark.exists()


def _python() -> str:
    return _quoted(sys.executable or "python3")


def _quoted(text: str) -> str:
    return f"'{text}'" if any(sign in text for sign in "<>; ()&$") else text
