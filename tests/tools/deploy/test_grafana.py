"""The Grafana dashboard that ships: each of its queries runs on a real PostgreSQL with data.

Grafana's own work is done by the test: macros and variables become what Grafana makes of them.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agent.record import (
    Batch,
    Envelope,
    GapRecord,
    HealthRecord,
    Record,
    Row,
    SessionRecord,
    Stamp,
    Status,
    TrialRecord,
)
from tools.stores import Contact, open_store

FILE = Path(__file__).resolve().parents[3] / "tools" / "deploy" / "grafana.json"
BOARD: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


def queries() -> Iterator[tuple[str, str]]:
    """Where a query stands, and the query."""
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["rawSql"]
    for note in BOARD["annotations"]["list"]:
        yield f"annotation {note['name']}", note["target"]["rawSql"]
    for variable in BOARD["templating"]["list"]:
        yield f"variable {variable['name']}", variable["query"]


def expanded(query: str) -> str:
    now = int(time.time()) + 1  # what was stored within this second counts
    for macro, value in (
        ("$__unixEpochFrom()", str(now - 7 * 86_400)),
        ("$__unixEpochTo()", str(now)),
        ("${site:sqlstring}", "'lab','it''s'"),
        ("${device:sqlstring}", "'pi-1'"),
    ):
        query = query.replace(macro, value)
    assert not re.search(r"\$[_{a-z]", query), f"what is this to Grafana? {query}"
    return query


@pytest.fixture(scope="module")
def filled(postgres_server: Any) -> Iterator[str]:
    """A store with something in every table that the dashboard reads; one in each worker."""
    now_ms = int(time.time() * 1000)
    session = SessionRecord(
        session="s1",
        model_name="m",
        model_sha256="a" * 64,
        model_kind="ssd",
        model_labels=1,
        profile="pi",
        config_sha256="c",
        suite="quick",
        camera="v4l2",
    )
    trials = [
        TrialRecord(
            session="s1",
            frame=0,
            clip=f"c{n}",
            target="stop sign",
            condition="fog",
            severity=0.5,
            clean_seen=True,
            perturbed_seen=n > 0,
            flip=n == 0,
        )
        for n in range(4)
    ]
    readings = {"temperature_c": 61.0, "throttled": 0.0, "outbox_rows": 7.0}
    records: list[Record] = [
        session,
        *trials,
        HealthRecord(session="s1", readings=readings),
        GapRecord(epoch="e", first=1, last=3, rows=3, trials=1, why="full"),
    ]
    stamp = Stamp("b", 1, now_ms, True)
    rows = tuple(Row.of(n, stamp, record) for n, record in enumerate(records, 1))
    envelope = Envelope(
        site="lab", device="pi-1", epoch="e", boot="b", monotonic_ms=1, wall_ms=now_ms
    )
    with postgres_server.database(f"grafana_{os.getpid()}") as url:
        with open_store(url) as store:
            contact = Contact("lab", "pi-1", now_ms, 5, True)
            store.store_all([Batch(envelope, rows)], [contact])
            status = Status(site="lab", device="pi-1", state="online", session="s1")
            store.status(status, contact)
            store.open_alert("r", "lab/pi-1", "warning", "said", {}, now_ms - 1000)
        yield url


@pytest.mark.parametrize(("place", "query"), list(queries()), ids=[p for p, _ in queries()])
def test_every_query_finds_what_is_there(place: str, query: str, filled: str) -> None:
    with psycopg.connect(filled) as db:
        cursor = db.execute(expanded(query).encode())
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
        rows = cursor.fetchall()
    assert rows, "there is data for it"
    values = dict(zip(names, rows[0], strict=True))
    expected = {
        "Devices online": ("online", 1),
        "Silent or offline": ("away", 0),
        "Open alerts": ("alerts", 1),
        "Trials": ("trials", 4),
        "Flip rate": ("flip_rate", 0.25),
        "Rows lost": ("lost", 3),
        "Flip rate by kind": ("value", 0.25),
        "Robust accuracy by device": ("value", 0.75),
        "Clean and robust accuracy": ("robust", 0.75),
        "Highest temperature": ("value", 61.0),
        "Throttled": ("value", 0.0),
        "Outbox": ("value", 7.0),
        "Devices": ("model", "a" * 12),
        "Alerts": ("state", "open"),
        "Gaps": ("rows", 3),
        "annotation Alerts": ("text", "said"),
        "variable site": ("site", "lab"),
        "variable device": ("device", "pi-1"),
    }
    name, value = expected[place]
    assert values[name] == value


def test_series_have_a_time_and_figures() -> None:
    for panel in BOARD["panels"]:
        for target in panel["targets"]:
            if target["format"] == "time_series":
                assert " AS time" in target["rawSql"], panel["title"]


def test_the_board_can_be_imported_anywhere() -> None:
    numbers = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    inputs = {f"${{{each['name']}}}" for each in BOARD["__inputs"]}
    sources = [panel["datasource"]["uid"] for panel in BOARD["panels"]]
    sources += [target["datasource"]["uid"] for p in BOARD["panels"] for target in p["targets"]]
    assert set(sources) <= inputs
    assert all(panel["title"] and panel["description"] for panel in BOARD["panels"])
    cells = [
        (x, y)
        for panel in BOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells), "no panel lies over another"
    assert max(x for x, _ in cells) < 24
