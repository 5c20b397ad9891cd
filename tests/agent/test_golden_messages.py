"""Old and new understand each other: messages as they were, and may be, never made anew."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from agent.record import (
    RECORDS,
    decode_answer,
    decode_batch,
    decode_status,
    encode_batch,
    pack,
)

HERE = Path(__file__).parent
MESSAGES = json.loads((HERE / "golden_messages.json").read_text(encoding="utf-8"))
READERS = {"status": decode_status, "receipt": decode_answer, "refusal": decode_answer}


def golden(name: str) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((HERE / f"golden_batch_{name}.json").read_text())
    return kept


@pytest.mark.parametrize("name", ["oldest", "future"])
def test_a_batch_of_another_age_is_read(name: str) -> None:
    kept = golden(name)
    batch = decode_batch(bytes.fromhex(kept["hex"]))
    assert [[row.seq, row.kind] for row in batch.rows] == kept["kinds"]
    assert [row.record is None for row in batch.rows] == [
        row.kind not in RECORDS for row in batch.rows
    ]


def test_the_oldest_batch_has_a_row_of_every_kind_and_not_one_optional_field() -> None:
    kept = golden("oldest")
    tree = json.loads(zlib.decompress(bytes.fromhex(kept["hex"])))
    kinds = {group["kind"] for group in tree["groups"]}
    first = {"session", "session_end", "trial", "phantom", "health", "gap"}
    assert kinds == first, "kinds that came later have no oldest form to keep"
    for group in tree["groups"]:
        fields = RECORDS[group["kind"]].model_fields.items()
        required = {name for name, field in fields if field.is_required()}
        assert {*group.get("same", ()), *group.get("columns", ())} == required
    assert all(row.record is not None for row in decode_batch(bytes.fromhex(kept["hex"])).rows)


def test_what_a_future_agent_adds_is_ignored_in_known_rows_and_kept_in_unknown_ones() -> None:
    kept = golden("future")
    batch = decode_batch(bytes.fromhex(kept["hex"]))
    trials = [row.record for row in batch.rows if row.kind == "trial" and row.record is not None]
    assert [trial.model_dump()["frame"] for trial in trials] == [0, 1, 2]
    assert not any("speed_m_s" in trial.model_dump() for trial in trials)
    assert [json.loads(row.raw) for row in batch.rows if row.kind == "lidar"] == kept["raw"]


@pytest.mark.parametrize("kept", MESSAGES, ids=lambda kept: f"{kept['of']}-{kept['name']}")
def test_a_message_of_another_age_is_read(kept: dict[str, Any]) -> None:
    read: Any = READERS[kept["name"]](kept["text"].encode())
    assert read.model_dump(by_alias=True) == kept["reads"]


def test_what_is_said_today_has_all_that_the_oldest_reader_asked_for() -> None:
    """A field that once was required must be said for ever, or old collectors refuse the row."""
    oldest = decode_batch(bytes.fromhex(golden("oldest")["hex"]))
    rows = [pack(row.seq, row.stamp, row.record) for row in oldest.rows if row.record is not None]
    tree = json.loads(zlib.decompress(encode_batch(oldest.envelope, rows)))
    asked = {
        group["kind"]: {*group.get("same", {}), *group.get("columns", {})}
        for group in json.loads(zlib.decompress(bytes.fromhex(golden("oldest")["hex"])))["groups"]
    }
    for group in tree["groups"]:
        assert {*group.get("same", ()), *group.get("columns", ())} >= asked[group["kind"]]
