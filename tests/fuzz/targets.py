"""What is fed with hostile bytes: the parsers, the errors that they may raise, and good seeds.

Each parser returns what it read, or raises one of its documented errors; that anything else comes
out of it is a finding. Beyond that each checks what its callers rely on.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from agent.card import ModelCard
from agent.errors import ConfigError, FieldproofError, ModelError
from agent.profile import Profile
from agent.record import (
    MAX_ROWS,
    PayloadError,
    Receipt,
    Refusal,
    Status,
    Topic,
    decode_answer,
    decode_batch,
    decode_status,
    encode_message,
    parse_topic,
)
from agent.settings import resolve
from agent.settings._sources import from_text
from agent.suite import Suite
from agent.toml import parse
from tools.gate.policy import Policy

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "agent"


class Target(NamedTuple):
    """A parser of bytes, the one error class that may leave it, and inputs that it takes."""

    parse: Callable[[bytes], object]
    refuses_with: type[FieldproofError]
    seeds: Callable[[], list[bytes]]
    max_len: int = 4096


def read(target: Target, data: bytes) -> object:
    """Feed one input; None where it is refused as documented."""
    try:
        return target.parse(data)
    except target.refuses_with as error:
        if not 0 < len(error.message) < 20_000:
            raise AssertionError("a refusal says why, in bounds") from error
        return None


def _wire(data: bytes) -> object:
    batch = decode_batch(data)
    assert len(batch.rows) <= MAX_ROWS
    assert all(a.seq < b.seq for a, b in pairwise(batch.rows))
    assert all(row.seq > batch.envelope.after for row in batch.rows[:1])
    for row in batch.rows[:50]:
        said = row.raw if row.record is None else row.record.model_dump_json()
        json.loads(said, parse_constant=_no_nan)
    return batch


def _no_nan(word: str) -> float:
    raise AssertionError(f"{word} came through")


def _plain(data: bytes) -> object:
    return _wire(zlib.compress(data, 1))


VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 0.5, 1.5, math.nan, math.inf, -0.0, 1e308, 2**53 + 1, 2**63 - 1,
    2**63, -(2**63), 10**40, "", "pi", "../x", "\x00", "\ud800", "x" * 300, "x" * 2000, [], {},
    [[]], [[1, 1]], [[1, 10_000]], [[1, 10**18]], [0] * 300, [None], {"": 0}, {"a": {}}, "dream",
    "trial", "gap", "health", "session", "session_end", "phantom", "fieldproof.batch/2",
)  # fmt: skip


def _changed(data: bytes) -> object:
    """A good batch, which the first byte picks; three more bytes each say what to change in it."""
    batches = _batches()
    tree = json.loads(zlib.decompress(batches[(data or b"\0")[0] % len(batches)]))
    for at in range(1, min(len(data), 25) - 2, 3):
        places = list(_places(tree))
        if not places:
            break
        box, key = places[int.from_bytes(data[at : at + 2], "big") % len(places)]
        how = data[at + 2]
        if how < 200:
            box[key] = deepcopy(VALUES[how % len(VALUES)])
        elif how < 220:
            box.pop(key, None) if isinstance(box, dict) else box.pop(key)
        else:
            other, name = places[how % len(places)]
            box[key] = deepcopy(other[name])
    return _wire(zlib.compress(json.dumps(tree).encode("utf-8", "surrogatepass"), 1))


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a tree."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(items):
        yield tree, key
        if isinstance(value, (dict, list)):
            yield from _places(value)


def _topic(data: bytes) -> object:
    text = data.decode("utf-8", "replace")
    topic = parse_topic(text)
    assert str(topic) == text
    return topic


def _toml(kind: Any, error: type[FieldproofError]) -> Callable[[bytes], object]:
    return lambda data: parse(data.decode("utf-8", "replace"), kind, "the file", error)


def _card(data: bytes) -> object:
    card = parse(data.decode("utf-8", "replace"), ModelCard, "the card", ModelError)
    assert parse(card.to_toml(), ModelCard, "its text", ModelError) == card
    return card


def _suite(data: bytes) -> object:
    suite = parse(data.decode("utf-8", "replace"), Suite, "the suite")
    conditions = list(suite.expand(1))
    assert len({(c.kind, c.severity) for c in conditions}) == len(conditions)
    return suite


SETTINGS = b"""
[run]
model = "card.toml"
camera = "v4l2:/dev/video0"
alias = ["stop=stop sign"]
profile = "raspberry-pi-5"
[budgets]
cpu_share = 0.5
[service]
commands = "pause, resume"
"""


def _settings(data: bytes) -> object:
    """A file of settings; what is a profile's path in it must not be opened here."""
    layer = from_text(data.decode("utf-8", "replace"), Path("agent.toml"))
    return resolve({key: given for key, given in layer.items() if key != "run.profile"})


@cache
def _batches() -> list[bytes]:
    files = sorted(GOLDEN.glob("golden_batch*.json"))
    return [bytes.fromhex(json.loads(file.read_text())["hex"]) for file in files]


def _statuses() -> list[bytes]:
    words = {"site": "lab", "device": "pi", "session": "s", "version": "1"}
    states = ("online", "offline", "stopped")
    return [encode_message(Status.model_validate({**words, "state": state})) for state in states]


def _answers() -> list[bytes]:
    return [
        encode_message(Receipt(device="pi", epoch="e", seq=7)),
        encode_message(Refusal(device="pi", batch="0f" * 32, why="no")),
    ]


def _files(pattern: str) -> Callable[[], list[bytes]]:
    return lambda: [path.read_bytes() for path in sorted(ROOT.glob(pattern))]


TARGETS = {
    "wire": Target(_wire, PayloadError, _batches),
    "batch": Target(_plain, PayloadError, lambda: [zlib.decompress(b) for b in _batches()]),
    "changed": Target(_changed, PayloadError, lambda: [bytes([i]) for i in range(3)], 25),
    "status": Target(decode_status, PayloadError, _statuses),
    "answer": Target(decode_answer, PayloadError, _answers),
    "topic": Target(_topic, PayloadError, lambda: [str(Topic("lab", "pi", "ack")).encode()], 300),
    "card": Target(_card, ModelError, _files("tools/demo/model/*.toml")),
    "suite": Target(_suite, ConfigError, _files("agent/suites/*.toml")),
    "profile": Target(_toml(Profile, ConfigError), ConfigError, _files("firmware_profiles/*.toml")),
    "settings": Target(_settings, ConfigError, lambda: [SETTINGS]),
    "policy": Target(_toml(Policy, ConfigError), ConfigError, _files("tools/gate/policies/*.toml")),
}
