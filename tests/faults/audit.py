"""What was counted against what was stored. Pure but for reading the store's file.

A trial is **counted** from the moment at which the outbox says that its row is on the disk, or
was stored; a killed agent may have up to a second of trials in memory that nobody counted yet.
Every counted trial must be stored once, or lie within the ranges of its epoch's gaps, and there
must be as many missing as the gaps say.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


@dataclass
class Ledger:
    """What one agent process said: see ``driver``."""

    intended: set[int] = field(default_factory=set)
    placed: dict[int, tuple[str, int]] = field(default_factory=dict)
    committed: dict[str, int] = field(default_factory=dict)
    epoch: str = ""

    def read(self, line: str) -> None:
        sign, _, rest = line.partition(" ")
        if sign == "?":
            self.intended.add(int(rest))
        elif sign == "+":
            number, seq = map(int, rest.split())
            self.placed[number] = (self.epoch, seq)
        elif sign == "e":
            self.epoch = rest
        elif sign == "c":
            self.committed[self.epoch] = int(rest)

    def durable(self) -> dict[int, tuple[str, int]]:
        """Number -> (epoch, seq) of the trials that were on the disk. Safe while others read."""
        placed = self.placed.copy()
        return {n: at for n, at in placed.items() if at[1] <= self.committed.get(at[0], 0)}


class Gap(NamedTuple):
    epoch: str
    first: int
    last: int
    trials: int


@dataclass(frozen=True)
class Account:
    """``declared`` are the trials that gaps speak of; ``window`` those that nobody counted."""

    counted: int
    stored: int
    lost: int
    doubled: int
    forged: int
    declared: int
    window: int

    @property
    def balanced(self) -> bool:
        return not (self.lost or self.doubled or self.forged)


def account(ledgers: Iterable[Ledger], stored: Iterable[int], gaps: Iterable[Gap]) -> Account:
    """Hold ledgers against the numbers of the stored trials and the gaps."""
    ledgers, gaps = list(ledgers), list(gaps)
    times = Counter(stored)
    durable: dict[int, tuple[str, int]] = {}
    intended: set[int] = set()
    for ledger in ledgers:
        durable.update(ledger.durable())
        intended |= ledger.intended
    missing = {n: at for n, at in durable.items() if n not in times}
    lost = 0
    for epoch in {epoch for epoch, _ in missing.values()} | {gap.epoch for gap in gaps}:
        ranges = [gap for gap in gaps if gap.epoch == epoch]
        absent = [seq for e, seq in missing.values() if e == epoch]
        outside = sum(not any(r.first <= seq <= r.last for r in ranges) for seq in absent)
        lost += max(outside, len(absent) - sum(r.trials for r in ranges))
    window = intended - durable.keys() - times.keys()
    declared = sum(gap.trials for gap in gaps)
    # A gap may speak of trials that a killed agent held in memory, and of no others.
    forged = len(times.keys() - intended) + max(0, declared - len(missing) - len(window))
    return Account(
        counted=len(durable.keys() | times.keys()),
        stored=len(times),
        lost=lost,
        doubled=sum(times.values()) - len(times),
        forged=forged,
        declared=declared,
        window=len(window),
    )


def stored_trials(store: Path) -> tuple[list[int], list[Gap]]:
    """The frames of all trials, which number them, and all gaps."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10)) as db:
        frames = [row[0] for row in db.execute("SELECT frame FROM trials")]
        gaps = [Gap(*row) for row in db.execute("SELECT epoch, first, last, trials FROM gaps")]
    return frames, gaps
