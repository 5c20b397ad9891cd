"""Dashboards over a small fleet's store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from tests.tools.dashboard.desk import HASH, Desk, make_desk
from tests.tools.dashboard.seed import seed
from tools.dashboard.access import passwords
from tools.stores import Store, open_store


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that are not there are tried at the price of those that are: a test's hash is cheap."""
    monkeypatch.setattr(passwords, "_NOBODYS", HASH)


@pytest.fixture(scope="package")
def fleet_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The small fleet; nobody may change it."""
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('fleet') / 'store.db'}") as store:
        seed(store)
        yield store


@pytest.fixture
def empty_store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'empty.db'}") as store:
        yield store


@pytest.fixture
def desk(tmp_path: Path, fleet_store: Store) -> Desk:
    """A dashboard with an operator ``ada`` and a viewer ``vic`` over the small fleet."""
    return make_desk(tmp_path, fleet_store)


@pytest.fixture
def open_desk(tmp_path: Path, fleet_store: Store) -> Desk:
    """The same, open to whoever is on this computer."""
    return make_desk(tmp_path, fleet_store, open_to_all=True)


@pytest.fixture
def ask(open_desk: Desk) -> Callable[..., Any]:
    """Get a page of the open dashboard."""
    return open_desk.browser().get
