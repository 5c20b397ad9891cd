"""What many tests share: the real data, where it is at hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.broker import LocalBroker, find_mosquitto, local_broker

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="keep what is drawn now as the golden pictures"
    )


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real models and photos beside the checkout; the test is skipped where they are not."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real models and photos at {folder}")
    return folder


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[LocalBroker]:
    """A real mosquitto that keeps its sessions over a restart in good order."""
    if find_mosquitto() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("mosquitto is not installed: apt install mosquitto")
        pytest.skip("mosquitto is not installed on this machine")
    folder = tmp_path / "broker"
    folder.mkdir()
    with local_broker(persistence=folder, kind="mosquitto") as broker:
        yield broker
