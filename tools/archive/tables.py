"""The tables that can be exported: their columns, and their rows as a store yields them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from agent.record import RECORDS
from tools.stores import Place, Scope, Store

Found = Iterator[dict[str, Any]]
Kind = type[int] | type[float] | type[bool] | type[str]


@dataclass(frozen=True, slots=True)
class Table:
    """``columns`` are names and their kinds, any of which may be None in a row."""

    columns: Mapping[str, Kind]
    rows: Callable[[Store, Scope], Found]


def _kind(hint: Any) -> Kind:
    """A column's kind; what is neither number nor truth is text, collections as JSON."""
    if get_origin(hint) is Annotated:
        return _kind(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return _kind(next(one for one in get_args(hint) if one is not type(None)))
    return hint if hint in (int, float, bool) else str


def _fields(record: str, *without: str) -> dict[str, Kind]:
    fields = RECORDS[record].model_fields.items()
    return {name: _kind(field.annotation) for name, field in fields if name not in without}


_SENDER: Final[Mapping[str, Kind]] = {"site": str, "device": str}
_ROW: Final[Mapping[str, Kind]] = {
    **_SENDER,
    "epoch": str,
    "seq": int,
    "at_ms": int,
    "wall_ms": int,
}
_SUMS: Final = ("hour", "site", "device", "session", "model", "condition", "severity", "level")


def _readings(store: Store, scope: Scope) -> Found:
    for row in store.rows("health", scope):
        for name, value in json.loads(row["readings"]).items():
            yield {**row, "name": name, "value": value}


def _evidence(store: Store, scope: Scope) -> Found:
    before = None
    while page := list(store.evidence(scope, limit=1000, before=before)):
        yield from page
        last = page[-1]
        before = Place(last["at_ms"], last["stream"], last["seq"])


TABLES: Final[Mapping[str, Table]] = {
    "trials": Table({**_ROW, **_fields("trial")}, lambda store, scope: store.rows("trials", scope)),
    "sums": Table(
        {
            "hour": int,
            "site": str,
            "device": str,
            "session": str,
            "model": str,
            "condition": str,
            "severity": float,
            "level": int,
            "n": int,
            "clean_seen": int,
            "perturbed_seen": int,
            "flips": int,
            "truth": int,
            "truth_seen": int,
            "drops": int,
            "drop_sum": float,
            "scenes": int,
            "scenes_seen": int,
            "scene_flips": int,
        },
        lambda store, scope: store.sums(scope, _SUMS),
    ),
    "health": Table({**_ROW, "session": str, "name": str, "value": float}, _readings),
    "gaps": Table(
        {**_SENDER, "at_ms": int, **_fields("gap")},
        lambda store, scope: store.gaps(scope, limit=2**31 - 1),
    ),
    "sessions": Table(
        {
            **_ROW,
            **_fields("session"),
            "end_ms": int,
            "trials_counted": int,
            "trials_stored": int,
            **_fields("session_end", "session", "trials"),
        },
        lambda store, scope: store.sessions(scope),
    ),
    "evidence": Table(
        {
            "site": str,
            "device": str,
            "stream": int,
            "seq": int,
            "at_ms": int,
            **_fields("evidence", "clean", "perturbed"),
            "model_name": str,
            "model_sha256": str,
            **{
                name: kind
                for name, kind in _fields("trial").items()
                if name.startswith(("clean_", "perturbed_")) or name in ("iou", "flip")
            },
        },
        _evidence,
    ),
}
"""Of ``evidence`` the facts: its pictures stay in the store."""
