"""A machine laid out in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.doctor import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Its folders are there, and empty."""
    folders = {name: tmp_path / "host" / name for name in ("sys", "proc", "dev", "run")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    return Host(**folders)


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that child processes look into before all installed packages."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder
