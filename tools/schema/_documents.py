"""The documents: one JSON Schema per message and per kind of record, and what ties them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from agent.record import MESSAGES, RECORDS, TOPIC_ROOT

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FORMAT: Final = "application/schema+json;version=2020-12"

Tree = dict[str, Any]


class _Plain(GenerateJsonSchema):
    """Without a title for every field: it would say the field's name again."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def documents() -> dict[str, str]:
    """Every file of the contract: its path -> its text."""
    trees: dict[str, Tree] = {"asyncapi.json": _asyncapi()}
    for folder, models in (("messages", MESSAGES), ("records", RECORDS)):
        for name, model in models.items():
            trees[f"{folder}/{name}.json"] = _schema(model)
    return {
        path: json.dumps(tree, indent=1, ensure_ascii=False) + "\n" for path, tree in trees.items()
    }


def write_documents(folder: Path) -> list[Path]:
    """Write all files below a folder; their paths. Files that are no more are left alone."""
    written = []
    for name, text in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _schema(model: type[BaseModel]) -> Tree:
    return {"$schema": DIALECT, **model.model_json_schema(schema_generator=_Plain)}


def _asyncapi() -> Tree:
    """What a device says and hears, as AsyncAPI 3."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Fieldproof agent",
            "version": "1.0.0",
            "description": (
                "What a device publishes and what it listens to. Readers ignore fields that they "
                "do not know and keep rows of unknown kinds; a change that older readers would "
                "misunderstand is a new number in the field schema."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {
            "records": _channel("records", ["batch"]),
            "status": _channel("status", ["status"]),
            "ack": _channel("ack", ["receipt", "refusal"]),
            "cmd": _channel("cmd", ["command"]),
            "reply": _channel("reply", ["reply"]),
        },
        "operations": {
            "sendRecords": _operation("send", "records", "Rows from the outbox, in batches."),
            "sendStatus": _operation(
                "send", "status", "Birth, will and clean stop; retained.", retain=True
            ),
            "receiveAnswer": _operation(
                "receive", "ack", "The collector's word on what it stored and what it will not."
            ),
            "receiveCommand": _operation(
                "receive", "cmd", "What the device is asked to do; retained ones are ignored."
            ),
            "sendReply": _operation("send", "reply", "What became of a command."),
        },
        "components": {
            "messages": {
                "batch": _message("batch", "application/zlib", "JSON under zlib (RFC 1950)."),
                "status": _message("status"),
                "receipt": _message("receipt"),
                "refusal": _message("refusal"),
                "command": _message("command"),
                "reply": _message("reply"),
            },
            "schemas": {
                kind: {"schemaFormat": FORMAT, "schema": {"$ref": f"records/{kind}.json"}}
                for kind in RECORDS
            },
        },
    }


def _channel(name: str, messages: list[str]) -> Tree:
    names = ("site", "device")
    return {
        "address": f"{TOPIC_ROOT}/{{site}}/{{device}}/{name}",
        "parameters": {
            each: {"description": f"Name of the {each}: 1 to 64 of A-Z, a-z, 0-9, _ and -."}
            for each in names
        },
        "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in messages},
    }


def _operation(action: str, channel: str, summary: str, *, retain: bool = False) -> Tree:
    # Retaining is the sender's choice: a receiver has none.
    binding: Tree = {"qos": 1} | ({"retain": retain} if action == "send" else {})
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "bindings": {"mqtt": {**binding, "bindingVersion": "0.2.0"}},
    }


def _message(name: str, content: str = "", note: str = "") -> Tree:
    said = " ".join((MESSAGES[name].__doc__ or "").split())
    return {
        "name": name,
        **({"contentType": content} if content else {}),
        "description": f"{said} {note}".strip(),
        "payload": {"schemaFormat": FORMAT, "schema": {"$ref": f"messages/{name}.json"}},
    }
