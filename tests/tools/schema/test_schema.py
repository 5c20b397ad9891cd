"""The contract that ships is the one that the models hold, and real messages keep to it."""

from __future__ import annotations

import json
import zlib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from agent.record import (
    RECORDS,
    Command,
    Receipt,
    Refusal,
    Reply,
    Status,
    Topic,
    decode_batch,
    encode_message,
    parse_topic,
)
from tools.schema import documents

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = sorted((ROOT / "tests" / "agent").glob("golden_batch_*.json"))
DOCUMENTS = {path: json.loads(text) for path, text in documents().items()}


def batches() -> list[bytes]:
    return [bytes.fromhex(json.loads(path.read_text())["hex"]) for path in GOLDEN]


def wrong(path: str, value: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(DOCUMENTS[path]).iter_errors(value)]


def test_what_ships_is_what_the_models_say() -> None:
    kept = files("agent.record") / "schema"
    for path, text in documents().items():
        assert (kept / path).read_text(encoding="utf-8") == text, (
            f"{path} differs: run  fieldproof schema --out agent/record/schema"
        )
    there = {
        path.relative_to(str(kept)).as_posix()
        for path in Path(str(kept)).rglob("*")
        if path.is_file()
    }
    assert there == set(documents()), "a document of what is no more"


def test_a_model_that_changes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = documents()["records/trial.json"]
    monkeypatch.setitem(RECORDS, "trial", RECORDS["gap"])  # type: ignore[misc]
    assert documents()["records/trial.json"] != before


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path != "asyncapi.json"])
def test_every_schema_is_one(path: str) -> None:
    Draft202012Validator.check_schema(DOCUMENTS[path])


@pytest.mark.parametrize("payload", batches(), ids=[path.stem for path in GOLDEN])
def test_real_batches_and_their_rows_keep_to_the_schemas(payload: bytes) -> None:
    tree = json.loads(zlib.decompress(payload))
    assert wrong("messages/batch.json", tree) == []
    for row in decode_batch(payload).rows:
        if row.record is not None:
            plain = json.loads(row.record.model_dump_json())
            assert wrong(f"records/{row.kind}.json", plain) == []
    assert wrong("messages/batch.json", {**tree, "device": "../pi"})
    assert wrong("messages/batch.json", {**tree, "schema": "fieldproof.batch/2"})


def test_real_messages_keep_to_the_schemas() -> None:
    messages = {
        "status": Status(site="lab", device="pi", state="online", session="s"),
        "receipt": Receipt(device="pi", epoch="e", seq=7),
        "refusal": Refusal(device="pi", batch="0f", why="no"),
        "command": Command(device="pi", id="1", name="budget", cpu_share=0.5),
        "reply": Reply(site="lab", device="pi", session="s", id="1", name="report", outcome="done"),
    }
    for name, message in messages.items():
        tree = json.loads(encode_message(message))
        assert wrong(f"messages/{name}.json", tree) == []
        assert wrong(f"messages/{name}.json", {**tree, "device": "a b"})


def test_the_asyncapi_document_names_every_record_and_its_references_lead_somewhere() -> None:
    whole = DOCUMENTS["asyncapi.json"]
    assert set(whole["components"]["schemas"]) == set(RECORDS)
    for reference in _references(whole):
        path, _, pointer = reference.partition("#")
        target = DOCUMENTS[path or "asyncapi.json"]
        for step in pointer.split("/")[1:]:
            target = target[step]
        assert target
    for channel in whole["channels"].values():
        said = channel["address"].format(site="lab", device="pi")
        assert str(parse_topic(said)) == said
    assert {
        parse_topic(c["address"].format(site="a", device="b")) for c in whole["channels"].values()
    } == {Topic("a", "b", channel) for channel in ("records", "status", "ack", "cmd", "reply")}


def _references(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        own = [tree["$ref"]] if "$ref" in tree else []
        return own + [found for value in tree.values() for found in _references(value)]
    if isinstance(tree, list):
        return [found for value in tree for found in _references(value)]
    return []


def test_the_command_writes_every_document(tmp_path: Path) -> None:
    from tools.cli import app

    done = CliRunner().invoke(app, ["schema", "--out", str(tmp_path / "deep")])
    assert done.exit_code == 0, done.output
    for path, text in documents().items():
        assert (tmp_path / "deep" / path).read_text(encoding="utf-8") == text
