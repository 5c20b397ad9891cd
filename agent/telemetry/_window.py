"""Which rows are under way, and what to do about those that do not arrive. Pure bookkeeping."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

MAX_STRIKES = 3
INFLIGHT = 20
UNRECEIPTED = 64
LONGEST_S = 60.0
"""The most s for which a receipt is waited for."""
REMEMBERED = 4 * UNRECEIPTED


@dataclass(frozen=True, slots=True)
class Sent:
    """A batch under way: rows ``first``..``last``, ``rows`` of them."""

    first: int
    last: int
    rows: int


class Window:
    """Batches sent and not yet confirmed; seconds are monotonic.

    The broker's acknowledgement (PUBACK) paces the sending: at most ``inflight`` batches wait for
    it. The collector's receipt confirms: at most ``UNRECEIPTED`` batches wait for it, and when
    none comes for ``patience`` seconds all are sent again from the first unconfirmed row, in
    smaller batches: brokers of MQTT 3.1.1 acknowledge what is too large for them, and drop it.
    So what makes batches grow again is what confirms them, and no acknowledgement.

    A row that never arrives is hopeless only where somebody is there to take it: the broker or
    the collector says no to it ``MAX_STRIKES`` times (``refused``), or it was alone in its batch
    and overdue so often while the collector answered for rows after it (``vanished``). Where no
    one answers, rows wait for ever.
    """

    def __init__(self, batch_rows: int, receipt_s: float) -> None:
        self.batch_rows = self.size = batch_rows
        self.receipt_s = self.patience = receipt_s
        self.inflight = INFLIGHT
        self.highest = 0
        self.suspect = 0
        self._strikes: dict[int, int] = {}
        self._names: dict[str, Sent] = {}
        self.restart(0, 0.0)

    def restart(self, released: int, now: float) -> None:
        """Nothing is under way any more: the next row to send is the first unconfirmed one."""
        self.cursor = released
        self._unacked: dict[int, Sent] = {}
        self._unreceipted: deque[Sent] = deque()
        self._sent_s: deque[float] = deque()  # when each of them was
        self._doubtful = self.highest
        self._progress = now
        self._answered = False

    @property
    def under_way(self) -> int:
        """Rows sent and not confirmed."""
        return sum(batch.rows for batch in self._unreceipted)

    @property
    def has_room(self) -> bool:
        inflight = 1 if self.cursor < self.suspect else self.inflight
        return len(self._unacked) < inflight and len(self._unreceipted) < UNRECEIPTED

    def broken(self) -> Sent | None:
        """The link broke; the batch that it may have broken on, when that is certain.

        A broker may end the connection for a batch that is too large. With several under way it
        could be any of them: they are sent again one at a time.
        """
        if not self._unacked:
            return None
        alone = len(self._unacked) == 1 and self.cursor <= self.suspect
        self.suspect = max(self.suspect, self.cursor)
        return next(iter(self._unacked.values())) if alone else None

    def sent(self, mid: int, batch: Sent, now: float, name: str = "") -> int:
        """A batch went out; how many of its rows for the second time or more.

        By its ``name`` the collector may refuse it, also after a restart: a collector that is
        slow has batches before it that were sent again since.
        """
        self._names[name] = batch
        if len(self._names) > REMEMBERED:
            del self._names[next(iter(self._names))]
        if not self._unreceipted:
            self._progress = now
        again = batch.rows if batch.last <= self.highest else 0
        self._unacked[mid] = batch
        self._unreceipted.append(batch)
        self._sent_s.append(now)
        self.cursor = batch.last
        self.highest = max(self.highest, batch.last)
        return again

    def acknowledged(self, mid: int, now: float) -> Sent | None:
        """The broker answered for a batch; None for a message that is no batch of ours."""
        self._progress = now
        return self._unacked.pop(mid, None)

    def named(self, name: str) -> Sent | None:
        """A batch by its name, once; None for one that is not known, or no more."""
        return self._names.pop(name, None)

    def accepted(self, batch: Sent) -> None:
        """The broker took a batch, where its word is the last."""
        self.size = min(self.batch_rows, self.size * 2)
        self._strikes.pop(batch.first, None)

    def settled(self) -> int:
        """The highest seq up to which the broker has acknowledged all batches."""
        waiting = {batch.first for batch in self._unacked.values()}
        done = 0
        while self._unreceipted and self._unreceipted[0].first not in waiting:
            done = self._unreceipted.popleft().last
            self._sent_s.popleft()
        return done

    def answered(self) -> None:
        """A receipt came, for whichever rows: there is a collector, and it stores.

        It counts against the first row under way only if it does not confirm more than before.
        """
        self._answered = True

    def confirmed(self, seq: int, now: float) -> None:
        """The collector's receipt: all rows up to ``seq``, and more of them than before.

        What took long will take long again: a collector that is behind must not get all twice. Of
        rows that were sent twice nobody can tell which time is answered (Karn's rule in TCP).
        """
        self.size = min(self.batch_rows, self.size * 2)
        self._answered = False
        self._strikes = {first: n for first, n in self._strikes.items() if first > seq}
        took = 0.0
        while self._unreceipted and self._unreceipted[0].last <= seq:
            self._unreceipted.popleft()
            took = max(took, now - self._sent_s.popleft())
        self._progress = now
        if seq > self._doubtful:
            self.patience = min(max(self.receipt_s, 2 * took), max(self.receipt_s, LONGEST_S))

    def is_overdue(self, now: float) -> bool:
        """Whether no receipt came for too long; the next wait is twice as long, to a minute."""
        if not self._unreceipted or now - self._progress < self.patience:
            return False
        self.patience = min(LONGEST_S, self.patience * 2)
        self.size = max(1, self.size // 2)
        return True

    def vanished(self) -> Sent | None:
        """Of what is overdue: the single row that is missing where others were answered for."""
        head = self._unreceipted[0] if self._unreceipted else None
        return head if head is not None and head.rows == 1 and self._answered else None

    def refused(self, batch: Sent) -> int | None:
        """Nobody will take a batch: try halves; a single row ``MAX_STRIKES`` times.

        The row to quarantine, or None while there is hope.
        """
        if batch.rows > 1:
            self.size = min(self.size, max(1, batch.rows // 2))
            return None
        strikes = self._strikes.get(batch.first, 0) + 1
        if strikes >= MAX_STRIKES:
            self._strikes.pop(batch.first, None)
            return batch.first
        self._strikes[batch.first] = strikes
        return None
