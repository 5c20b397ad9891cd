"""PostgreSQL ends and comes back while devices send: nothing is lost, nothing doubled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from agent.record import TrialRecord
from agent.telemetry.link import Address
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
from tests.postgres import Server
from tools.broker import LocalBroker
from tools.collector import Collector
from tools.stores import open_store
from tools.stores._errors import StoreError

TRIALS = 6000


def trial(frame: int) -> TrialRecord:
    return TrialRecord(
        session="s1",
        frame=frame,
        clip="drive",
        target="stop sign",
        condition="fog",
        severity=frame % 5 / 5,
        clean_seen=True,
        perturbed_seen=frame % 10 > 0,
        flip=frame % 10 == 0,
    )


def until(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_a_server_that_ends_under_load_delays_rows_and_no_more(
    mosquitto: LocalBroker, own_postgres: Server, tmp_path: Path
) -> None:
    address = Address.parse(mosquitto.url)
    url = own_postgres.url("fieldproof")
    with (
        open_store(url) as store,
        Collector(address, store) as collector,
        Outbox(tmp_path / "outbox") as outbox,
        Mqtt(outbox, address, "lab", "pi", "s1", batch_rows=50) as device,
    ):
        assert collector.check(10)
        sending = threading.Thread(target=lambda: [outbox.put(trial(n)) for n in range(TRIALS)])
        sending.start()
        assert until(lambda: collector.statistics.rows > 500)
        own_postgres.stop("immediate")
        assert until(lambda: "cannot be written" in collector.last_error)
        with pytest.raises(StoreError):
            store.ready()
        assert collector.connected
        own_postgres.start()
        sending.join()
        outbox.flush()
        assert device.drain(60)
        assert until(lambda: collector.last_error == "")
        store.ready()
        (sums,) = store.sums()
    with psycopg.connect(url) as db:
        query = "SELECT count(*), count(DISTINCT frame), count(*) FILTER (WHERE flip) FROM trials"
        assert db.execute(query).fetchone() == (TRIALS, TRIALS, TRIALS // 10)
    assert (sums["n"], sums["flips"]) == (TRIALS, TRIALS // 10)
