"""A real broker for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.broker import LocalBroker, find_mosquitto, local_broker


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[LocalBroker]:
    """A mosquitto that keeps its sessions over a restart."""
    if find_mosquitto() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("mosquitto is not installed: apt-get install mosquitto")
        pytest.skip("mosquitto is not installed on this machine")
    folder = tmp_path / "broker"
    folder.mkdir()
    with local_broker(persistence=folder, kind="mosquitto") as broker:
        yield broker
