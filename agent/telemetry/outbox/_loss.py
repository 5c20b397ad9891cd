"""What is given up when room is short: which rows, and how that is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agent.record import RECORDS, GapRecord, Packed, PayloadError, unpack

KEPT = 9
"""Rows of this rank and above are never given up: they say what was lost."""

LAST = 8
"""Rows of this rank go only when there is nothing else to give up, whatever their age."""


class Lost(NamedTuple):
    """Of the seqs ``first``..``last``, ``rows`` rows are lost, ``trials`` of them trials."""

    first: int
    last: int
    rows: int
    trials: int

    @classmethod
    def of(cls, rows: Sequence[Packed]) -> Lost | None:
        """The loss of rows in order; None of none."""
        if not rows:
            return None
        trials = sum(row.kind == "trial" for row in rows)
        return cls(rows[0].seq, rows[-1].seq, len(rows), trials)

    def joined(self, other: Lost) -> Lost:
        return Lost(
            min(self.first, other.first),
            max(self.last, other.last),
            self.rows + other.rows,
            self.trials + other.trials,
        )


def rank(kind: str) -> int:
    """A kind's place in the order of giving up; an unknown one is kept the longest."""
    return RECORDS[kind].rank if kind in RECORDS else KEPT


RANKS = len({rank(kind) for kind in RECORDS} - {KEPT})
"""How many ranks may be given up."""


def gap(epoch: str, lost: Lost, why: str) -> GapRecord:
    """The declaration of a loss."""
    return GapRecord(epoch=epoch, why=why[:256], **lost._asdict())


def declared(row: Packed, epoch: str) -> tuple[Lost, str] | None:
    """What a gap row of an epoch says is lost, and why; None for any other row."""
    try:
        record = unpack(row)
    except PayloadError:
        return None
    if not isinstance(record, GapRecord) or record.epoch != epoch:
        return None
    return Lost(record.first, record.last, record.rows, record.trials), record.why


def cause(why: str) -> str:
    """A reason without the other side's own words, of which there may be many."""
    return ": ".join(why.split(": ")[:2])


def cheapest(rows: Sequence[Packed], most: int) -> tuple[list[Packed], Lost | None]:
    """Rows without up to ``most`` that are worth least (the oldest of the lowest rank), and those.

    Declarations of losses stay: they are few.
    """
    order = sorted((rank(row.kind), row.seq) for row in rows)
    going = {seq for place, seq in order[:most] if place < KEPT}
    lost = Lost.of([row for row in rows if row.seq in going])
    return [row for row in rows if row.seq not in going], lost
