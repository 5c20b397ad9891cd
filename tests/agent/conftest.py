"""What tests of a run's settings share: a machine that sets nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import places
from agent.settings._sources import VARIABLES


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No settings from this machine; the file that is usual is one in ``tmp_path``."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.delenv(places.CONFIG, raising=False)
    monkeypatch.setattr(places, "USUAL_FILE", tmp_path / "usual.toml")
    return tmp_path
