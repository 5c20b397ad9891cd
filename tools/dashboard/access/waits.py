"""Growing waits after failed sign-ins, per address and per name, in bounded memory. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

FREE: Final = 5
"""Failures that cost no wait: people mistype."""
LONGEST_S: Final = 900.0
FORGET_S: Final = 3600.0
MOST: Final = 10_000


@dataclass
class _Record:
    failures: int = 0
    last_s: float = 0.0


class Waits:
    """Counts failures by key and says how long each key has to wait.

    After ``FREE`` failures the wait doubles from 2 s with each further one, up to ``longest_s``;
    an hour without any is forgiven. All times are in s of one steady clock.
    """

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def left(self, key: str, now_s: float) -> float:
        """Seconds until the key may try again; 0 where it may now."""
        record = self._records.get(key)
        if record is None or record.failures < FREE:
            return 0.0
        wait = min(self._longest_s, 2.0 ** min(record.failures - FREE + 1, 32))
        return max(0.0, record.last_s + wait - now_s)

    def failed(self, key: str, now_s: float) -> None:
        """Count a failure; the keys that failed longest ago are forgotten beyond ``MOST``."""
        record = self._records.pop(key, _Record())
        if now_s - record.last_s > FORGET_S:
            record.failures = 0
        record.failures += 1
        record.last_s = now_s
        self._records[key] = record
        while len(self._records) > MOST:
            self._records.popitem(last=False)

    def forgive(self, key: str) -> None:
        """Take one failure back: the attempt succeeded, which says nothing of those before it."""
        if key in self._records:
            self._records[key].failures -= 1

    def succeeded(self, key: str) -> None:
        """Forget a key's failures."""
        self._records.pop(key, None)
