"""What tests of a run's settings share: a machine that sets nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings import _sources as sources
from agent.settings._sources import VARIABLES


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No settings from this machine; the file that is usual is one in ``tmp_path``."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.delenv(sources.CONFIG, raising=False)
    monkeypatch.setattr(sources, "USUAL_FILE", tmp_path / "usual.toml")
    return tmp_path
