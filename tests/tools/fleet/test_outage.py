"""PostgreSQL goes away under a fleet's load, twice: nothing is lost, nothing doubled."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from agent.telemetry.link import Address
from tests.postgres import Server
from tools.bench.telemetry_long import collector
from tools.broker import LocalBroker
from tools.fleet.account import Account
from tools.fleet.audit import audit
from tools.fleet.life import Gallery
from tools.fleet.plan import Plan
from tools.fleet.sending import Manner, send
from tools.stores import open_store
from tools.stores._errors import StoreError


def test_what_a_fleet_sends_while_postgresql_stops_and_crashes_is_stored_once(
    own_postgres: Server, mosquitto: LocalBroker, tmp_path: Path, blank: Gallery
) -> None:
    plan = Plan(devices=4, trials=4000, seed=2, hours=12).begun()
    url = own_postgres.url("fieldproof")
    manner = Manner(Address.parse(mosquitto.url), tmp_path / "state", processes=1, rate=800)
    with open_store(url) as store, collector(mosquitto, tmp_path, url):
        sent = _Sending(plan, manner, blank)
        for share, mode in ((0.15, "fast"), (0.65, "immediate")):
            sent.wait_for(share)
            store.ready()
            own_postgres.stop(mode)
            with pytest.raises(StoreError):
                store.ready()
            sent.wait_for(share + 0.1)  # the load goes on meanwhile
            own_postgres.start()
            store.ready()
        account = sent.end()
        found = audit(store, account)
    assert account.over
    assert account.total("trials") == plan.trials
    assert not found.differences
    assert found.rows > plan.trials * 0.9


class _Sending:
    """A fleet that sends in a thread."""

    def __init__(self, plan: Plan, manner: Manner, blank: Gallery) -> None:
        self._done, self._of, self._moved = 0, plan.trials, threading.Condition()
        self._account: Account | None = None
        arguments = plan, manner, blank, threading.Event(), self._show
        self._thread = threading.Thread(target=self._send, args=arguments, daemon=True)
        self._thread.start()

    def wait_for(self, share: float) -> None:
        """Wait until so many of the trials are put."""
        with self._moved:
            assert self._moved.wait_for(lambda: self._done >= share * self._of, 60)

    def end(self) -> Account:
        self._thread.join(60)
        assert self._account is not None
        return self._account

    def _send(self, *arguments: object) -> None:
        self._account = send(*arguments)  # type: ignore[arg-type]

    def _show(self, done: int, of: int) -> None:
        with self._moved:
            self._done = done
            self._moved.notify_all()
