"""Reports of sessions, each made by a process of its own: it may take seconds and needs OpenCV."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.errors import FieldproofError

log = logging.getLogger(__name__)

Key = tuple[str, str, str]
"""Site, device, session."""

MOST: Final = 64
MOST_WAITING: Final = 8
LONGEST_S: Final = 300.0
PATIENCE_S: Final = 0.2
"""Whoever asks waits so long before being told that it is being made."""
YOUNG_S: Final = 60.0
"""A session that still runs is reported anew when its report is older."""


@dataclass
class _Made:
    version: object
    begun_s: float
    future: Future[bytes]


class Reports:
    """Makes reports one at a time and keeps the newest ones in memory.

    ``store`` is the store's URL, handed to the process by its standard input: it may hold a
    password, which others could see on a command line.
    """

    def __init__(self, store: str, steady: Callable[[], float]) -> None:
        self._store, self._steady = store, steady
        self._lock = threading.Lock()
        self._made: OrderedDict[Key, _Made] = OrderedDict()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="report")

    def get(self, key: Key, version: object) -> bytes | None:
        """The page; None while it is being made, or waits until others are. ``version`` differs
        where more was stored.

        Raises ``FieldproofError`` where it cannot be made.
        """
        made = self._begin(key, version)
        if made is None:
            return None
        try:
            return made.future.result(timeout=PATIENCE_S)
        except StillRunning:
            return None
        except FieldproofError:
            with self._lock:
                self._made.pop(key, None)
            raise

    def _begin(self, key: Key, version: object) -> _Made | None:
        with self._lock:
            made, now = self._made.get(key), self._steady()
            old = made is not None and made.version != version and now - made.begun_s > YOUNG_S
            if made is None or (old and made.future.done()):
                waiting = sum(not one.future.done() for one in self._made.values())
                if waiting >= MOST_WAITING:
                    return None
                made = _Made(version, now, self._worker.submit(self._make, key))
                self._made[key] = made
            self._made.move_to_end(key)
            while len(self._made) > MOST:
                self._made.popitem(last=False)
            return made

    def _make(self, key: Key) -> bytes:
        with tempfile.TemporaryDirectory(prefix="fieldproof-report-") as folder:
            out = Path(folder) / "report.html"
            order = {"store": self._store, "key": key, "out": str(out)}
            try:
                done = subprocess.run(
                    [sys.executable, "-m", "tools.dashboard.reporting"],
                    input=json.dumps(order), capture_output=True, text=True, timeout=LONGEST_S,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                raise FieldproofError("The report took too long and was given up.") from None
            if done.returncode:
                log.error("a report was not made: %s", done.stderr.strip())
                said = done.stdout.strip() or "The report was not made; the log says why."
                raise FieldproofError(said)
            return out.read_bytes()

    def close(self) -> None:
        """Begin no further report."""
        self._worker.shutdown(wait=False, cancel_futures=True)
