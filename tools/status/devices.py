"""The devices of a store, one value each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from agent.errors import DataError
from agent.record import parse_topic
from tools.stores import Account, Store

MOST_LISTED = 100
"""Gaps that are listed per device; the totals count all."""


@dataclass
class Hole:
    """No row ``first``..``last`` of an epoch has come, though later ones have."""

    epoch: str
    first: int
    last: int


@dataclass
class Gap:
    """Of the rows ``first``..``last`` of an epoch the device has given up ``rows``."""

    epoch: str
    first: int
    last: int
    rows: int
    trials: int
    why: str


@dataclass
class Device:
    """What is known of one device; the lists hold at most ``MOST_LISTED``, the totals all.

    ``state`` is its last word ("" where it never said one), ``seen_ms`` when the collector last
    heard it, ``skew_ms`` how far its clock is ahead of the collector's: too low by the network's
    delay, so worth something only above that. ``trials_counted`` is the device's own count of the
    sessions that ended, ``trials_unaccounted`` how many of those are neither stored nor declared
    lost. ``rows_unexplained`` are numbers that the device calls settled and of which nothing is
    here: the store was begun later, the device freed them on the broker's word alone, or a full
    outbox left the numbers unused. ``health`` are its last readings.
    """

    site: str
    device: str
    state: str = ""
    version: str = ""
    session: str = ""
    seen_ms: int | None = None
    skew_ms: int | None = None
    clock_synced: bool | None = None
    epochs: int = 0
    rows: int = 0
    rows_declared: int = 0
    rows_missing: int = 0
    rows_unexplained: int = 0
    rows_unknown: int = 0
    trials_counted: int = 0
    trials_stored: int = 0
    trials_declared: int = 0
    trials_unaccounted: int = 0
    dead_letters: int = 0
    health: dict[str, float] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)


class Devices:
    """Collects what a store's tables say of each device."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Device] = {}
        self._declared: dict[tuple[str, str, str], int] = {}

    def at(self, site: str, device: str) -> Device:
        return self._known.setdefault((site, device), Device(site, device))

    def add_words(
        self, statuses: Iterable[dict[str, Any]], contacts: Iterable[dict[str, Any]]
    ) -> None:
        for row in statuses:
            device = self.at(row["site"], row["device"])
            device.state, device.version = row["state"], row["version"]
            device.session = row["session"]
        for row in contacts:
            device = self.at(row["site"], row["device"])
            device.seen_ms, device.skew_ms = row["seen_ms"], row["skew_ms"]
            if row["skew_ms"] is not None:
                device.clock_synced = bool(row["synced"])

    def add_gaps(self, gaps: Iterable[dict[str, Any]]) -> None:
        for row in gaps:
            device = self.at(row["site"], row["device"])
            device.rows_declared += row["rows"]
            device.trials_declared += row["trials"]
            key = (row["site"], row["device"], row["epoch"])
            self._declared[key] = self._declared.get(key, 0) + row["rows"]
            if len(device.gaps) < MOST_LISTED:
                names = ("epoch", "first", "last", "rows", "trials", "why")
                device.gaps.append(Gap(*(row[name] for name in names)))

    def add_account(self, account: Account) -> None:
        """A stream's rows and holes; its gaps are added before."""
        stream, rows, settled = account
        device = self.at(stream.site, stream.device)
        device.epochs += 1
        device.rows += rows
        starts = ((0, 0), *settled)
        for (_, before), (first, _) in pairwise(starts):
            if first > before + 1:
                device.rows_missing += first - before - 1
                if len(device.holes) < MOST_LISTED:
                    device.holes.append(Hole(stream.epoch, before + 1, first - 1))
        numbers = sum(last - first + 1 for first, last in settled)
        declared = self._declared.get(stream, 0)
        device.rows_unexplained += max(0, numbers - rows - declared)

    def add_sessions(self, sessions: Iterable[dict[str, Any]]) -> None:
        ended: dict[tuple[str, str], int] = {}
        latest: dict[tuple[str, str], str] = {}
        for row in sessions:
            key = (row["site"], row["device"])
            device = self.at(*key)
            latest[key] = row["session"]
            device.trials_stored += row["trials_stored"]
            if row["trials_counted"] is not None:
                device.trials_counted += row["trials_counted"]
                ended[key] = ended.get(key, 0) + row["trials_counted"] - row["trials_stored"]
        for key, session in latest.items():
            self.at(*key).session = self.at(*key).session or session
        for key, absent in ended.items():
            device = self.at(*key)
            device.trials_unaccounted = max(0, absent - device.trials_declared)

    def add_letters(self, letters: Iterable[dict[str, Any]]) -> int:
        """Count dead letters by device; how many came on topics that are no device's."""
        strange = 0
        for row in letters:
            try:
                topic = parse_topic(row["topic"])
            except DataError:
                strange += row["letters"]
                continue
            # Whoever may write to a topic could name devices that there are not: none is made.
            if (topic.site, topic.device) in self._known:
                self.at(topic.site, topic.device).dead_letters += row["letters"]
            else:
                strange += row["letters"]
        return strange

    def add_health(self, rows: Iterable[dict[str, Any]]) -> None:
        """The newest readings of each stream, the newest stream of a device last."""
        for row in rows:
            self.at(row["site"], row["device"]).health = json.loads(row["readings"])

    def add_unknown(self, rows: Iterable[dict[str, Any]]) -> None:
        for row in rows:
            self.at(row["site"], row["device"]).rows_unknown += 1

    def all(self) -> list[Device]:
        """By site and name."""
        return [self._known[key] for key in sorted(self._known)]


def survey(store: Store) -> tuple[list[Device], int]:
    """All devices of a store, and how many dead letters belong to none of them."""
    devices = Devices()
    devices.add_words(store.rows("statuses"), store.rows("contacts"))
    devices.add_gaps(store.rows("gaps"))
    for account in store.accounts():
        devices.add_account(account)
    devices.add_sessions(store.sessions())
    devices.add_health(store.rows("last_health"))
    devices.add_unknown(store.rows("unknown_rows"))
    strange = devices.add_letters(store.dead_letters())
    return devices.all(), strange
