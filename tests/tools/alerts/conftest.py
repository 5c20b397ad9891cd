"""A store that is fed scene by scene on a clock of the test's own, and an evaluator beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
from tools.alerts.delivery import Delivery
from tools.alerts.evaluator import Evaluator
from tools.alerts.rules import RuleFile, parse_rules
from tools.stores import Contact, Letter, Store, open_store

START_MS = 1_767_225_600_000 + 1_800_000  # 2026-01-01 00:30 UTC


class Station:
    """Devices, a collector's store, and whoever evaluates; ``now_ms`` is everybody's clock."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store: Store = open_store(url)
        self.now_ms = START_MS
        self.evaluator: Evaluator | None = None
        self._seqs: dict[str, int] = {}
        self._scenes = 0

    def put(self, device: str, records: list[Record], *, made_ms: int | None = None) -> None:
        """Rows of a device, made now or earlier, received now."""
        first = self._seqs.get(device, 0)
        self._seqs[device] = first + len(records)
        stamp = Stamp("boot", 1, self.now_ms if made_ms is None else made_ms, True)
        rows = tuple(Row.of(first + n, stamp, record) for n, record in enumerate(records, 1))
        site, _, name = device.partition("/")
        envelope = Envelope(
            site=site,
            device=name,
            epoch="e1",
            after=first,
            boot="boot",
            monotonic_ms=1,
            wall_ms=self.now_ms,
            clock_synced=True,
        )
        self.store.store_all([Batch(envelope, rows)], [Contact(site, name, self.now_ms, 0, True)])

    def scenes(
        self,
        n: int,
        flips: int,
        device: str = "lab/pi-1",
        *,
        condition: str = "fog",
        unseen: int = 0,
        truth: bool = True,
        made_ms: int | None = None,
    ) -> None:
        """``n`` scenes seen clean, of which ``flips`` flip, and ``unseen`` more not seen clean."""
        records: list[Record] = []
        for number in range(n + unseen):
            self._scenes += 1
            clean = number < n
            records.append(
                TrialRecord(
                    session="s1",
                    frame=0,
                    clip=f"c{self._scenes}",
                    target="stop sign",
                    from_truth=truth,
                    condition=condition,
                    severity=0.5,
                    clean_seen=clean,
                    clean_confidence=0.9 if clean else None,
                    perturbed_seen=clean and number >= flips,
                    perturbed_confidence=0.6 if clean and number >= flips else None,
                    flip=number < flips,
                )
            )
        self.put(device, records, made_ms=made_ms)

    def health(self, device: str = "lab/pi-1", **readings: float) -> None:
        self.put(device, [HealthRecord(session="s1", readings=readings)])

    def gap(self, device: str = "lab/pi-1", rows: int = 5) -> None:
        lost = GapRecord(epoch="e1", first=1, last=rows, rows=rows, trials=0, why="outbox full")
        self.put(device, [lost])

    def session(self, device: str, sha256: str) -> None:
        record = SessionRecord(
            session=f"s{sha256[:4]}",
            model_name="model",
            model_sha256=sha256,
            model_kind="ssd",
            model_labels=1,
            profile="pi",
            config_sha256="c",
            suite="quick",
            camera="v4l2",
        )
        self.put(device, [record])

    def status(self, device: str, state: Any) -> None:
        site, _, name = device.partition("/")
        said = Status(site=site, device=name, state=state, session="s1", wall_ms=self.now_ms)
        seen = Contact(site, name, self.now_ms, None, False) if state != "offline" else None
        self.store.status(said, seen)

    def letter(self, why: str = "no JSON") -> None:
        self.store.bury([Letter("fieldproof/v1/lab/pi-1/records", b"{", why)])

    def watch(self, rules: str | RuleFile, *, tell: bool = False) -> Evaluator:
        """An evaluator that is started anew: it knows what the store remembers and no more."""
        read = rules_of(rules) if isinstance(rules, str) else rules
        delivery = Delivery(self.store, read) if tell else None
        self.evaluator = Evaluator(self.store, read, delivery, clock=lambda: self.now_ms / 1000)
        return self.evaluator

    def look(self, seconds: float = 30.0) -> None:
        """Time passes, then the rules are looked at."""
        assert self.evaluator is not None
        self.now_ms += int(1000 * seconds)
        self.evaluator.look()

    def alerts(self, state: str = "") -> list[dict[str, Any]]:
        return list(self.store.alerts(state))

    def states(self) -> list[str]:
        """The states of all alerts, oldest first."""
        return [alert["state"] for alert in reversed(self.alerts())]


def rules_of(text: str) -> RuleFile:
    return parse_rules(f'schema = "fieldproof.alerts/1"\n{text}', "the test's rules")


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(f"sqlite:///{tmp_path / 'store.db'}")
    yield made
    made.store.close()


@pytest.fixture
def each_station(store_url: str) -> Iterator[Station]:
    """The same on each kind of store."""
    made = Station(store_url)
    yield made
    made.store.close()


@pytest.fixture
def alert() -> dict[str, Any]:
    """An alert as a store gives it."""
    return {
        "id": 7,
        "rule": "robustness falls",
        "subject": "lab/pi-1",
        "severity": "critical",
        "opened_ms": START_MS,
        "resolved_ms": None,
        "summary": "lab/pi-1: flip rate rose\r\nBcc: all@example.org",
        "details": json.loads('{"site": "lab", "device": "pi-1"}'),
    }
