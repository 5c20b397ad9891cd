"""What many tests share: the real data, where it is at hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import ADVICE, Server, find_postgres, shared_server
from tools.broker import LocalBroker, find_mosquitto, local_broker
from tools.stores import open_store

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


_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")


def _needs_postgres() -> None:
    if find_postgres() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(ADVICE)
        pytest.skip("PostgreSQL is not installed on this machine")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One PostgreSQL for all workers, with a database of this one's that holds a store."""
    _needs_postgres()
    base = tmp_path_factory.getbasetemp()
    with (
        shared_server(base if _WORKER == "alone" else base.parent) as server,
        server.database(_WORKER) as url,
    ):
        open_store(url).close()
        yield server


@pytest.fixture
def postgres(postgres_server: Server) -> str:
    """The URL of an empty store in PostgreSQL; whoever still uses it is thrown out."""
    postgres_server.clear(_WORKER)
    return postgres_server.url(_WORKER)


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """A running PostgreSQL that a test may stop, kill and start, with a database ``fieldproof``."""
    _needs_postgres()
    server = Server.create()
    try:
        server.start()
        server.execute("CREATE DATABASE fieldproof")
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 's.db'}"
    return str(request.getfixturevalue("postgres"))
