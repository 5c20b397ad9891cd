"""A fleet over a real broker into a real collector's store."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from agent.errors import BrokerError, DataError, UsageError
from agent.telemetry.link import Address
from tools.bench.telemetry_long import collector
from tools.broker import LocalBroker
from tools.fleet.audit import audit
from tools.fleet.life import Gallery
from tools.fleet.plan import Plan
from tools.fleet.sending import Manner, resumed, send
from tools.stores import open_store


def test_a_fleet_that_is_stopped_and_goes_on_is_stored_once(
    mosquitto: LocalBroker, tmp_path: Path, plan: Plan, blank: Gallery
) -> None:
    manner = Manner(Address.parse(mosquitto.url), tmp_path / "state", processes=1)
    stop = threading.Event()

    def interrupt(done: int, of: int) -> None:
        if done > of / 3:
            stop.set()

    with collector(mosquitto, tmp_path):
        plan = resumed(plan, manner.state)
        first = send(plan, manner, blank, stop, interrupt)
        second = send(resumed(plan, manner.state), manner, blank, threading.Event(), _quiet)
    assert not first.over
    assert 0 < first.total("trials") < plan.trials == second.total("trials")
    assert second.over
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        found = audit(store, second)
        states = {device["device"]: device["state"] for device in store.devices()}
        letters = list(store.letters())
    assert not found.differences
    assert found.given_up > 0
    assert states.pop("cam-003") == "offline", "it was killed"
    assert set(states.values()) == {"stopped"}
    assert letters
    with closing(sqlite3.connect(tmp_path / "store.db")) as db:
        trials, flips = db.execute("SELECT count(*), sum(flip) FROM trials").fetchone()
        lost = db.execute("SELECT sum(trials) FROM gaps").fetchone()[0]
    assert trials == plan.trials - lost
    assert second.total("flips") - lost <= flips <= second.total("flips")


def test_a_folder_of_another_fleet_is_refused(tmp_path: Path) -> None:
    begun = resumed(Plan(devices=2, trials=10), tmp_path)
    assert resumed(Plan(devices=2, trials=10), tmp_path) == begun
    with pytest.raises(UsageError, match="another fleet: 2 devices, 10 trials"):
        resumed(Plan(devices=3, trials=10), tmp_path)
    (tmp_path / "plan.json").write_text("[]")
    with pytest.raises(DataError, match="no plan of a fleet"):
        resumed(Plan(devices=2, trials=10), tmp_path)


def test_without_a_broker_a_fleet_does_not_begin(tmp_path: Path, blank: Gallery) -> None:
    manner = Manner(Address.parse("mqtt://127.0.0.1:1"), tmp_path)
    with pytest.raises(BrokerError, match="cannot be reached"):
        send(Plan(devices=1, trials=10).begun(), manner, blank, threading.Event(), _quiet)


def test_too_few_processes_for_the_sockets_are_refused(
    mosquitto: LocalBroker, tmp_path: Path, blank: Gallery
) -> None:
    manner = Manner(Address.parse(mosquitto.url), tmp_path, processes=1)
    with pytest.raises(UsageError, match="too few for 200 devices"):
        send(Plan(trials=200).begun(), manner, blank, threading.Event(), _quiet)


def _quiet(done: int, of: int) -> None:
    return
