"""Log lines: plain for people, JSON for machines; each sort of line at a bounded rate, no secrets.

In the journal a line of JSON begins with ``<N>``, its syslog priority, which journald takes off.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final, Literal, TextIO

Format = Literal["text", "json", "auto"]

MOST: Final = 10
PER_S: Final = 60.0
"""Of one sort of line so many in so many seconds; the others are held back and counted."""
SORTS: Final = 256
_PRIORITIES: Final = {50: 2, 40: 3, 30: 4, 20: 6, 10: 7}


def configure(
    form: Format,
    stream: TextIO = sys.stderr,
    *,
    scrub: Callable[[str], str] = str,
    level: int = logging.INFO,
) -> None:
    """Send all log lines to a stream. ``scrub`` takes out secrets that it knows the form of."""
    journal = is_journal(stream)
    as_json = form == "json" or (form == "auto" and journal)
    sink = Sink(stream)
    sink.setFormatter(JsonLines(scrub, journal) if as_json else Lines(scrub))
    logging.basicConfig(level=level, handlers=[sink], force=True)
    logging.captureWarnings(True)


def is_journal(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream goes to systemd's journal: ``$JOURNAL_STREAM`` is its device and inode."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM", "") == f"{found.st_dev}:{found.st_ino}"


class Rate:
    """Counts each sort of line; ``most`` of one pass in ``per_s`` seconds. Pure."""

    def __init__(self, most: int = MOST, per_s: float = PER_S) -> None:
        self._most, self._per_s = most, per_s
        self._sorts: OrderedDict[str, _Sort] = OrderedDict()

    def passes(self, name: str, now: float) -> bool:
        """Whether one more line of a sort may be said now."""
        sort = self._sorts.get(name)
        if sort is None or now - sort.since >= self._per_s:
            sort = self._sorts[name] = _Sort(now, held=sort.held if sort else 0)
            self._sorts.move_to_end(name)
            if len(self._sorts) > SORTS:
                self._sorts.popitem(last=False)
        sort.passed += 1
        sort.held += sort.passed > self._most
        return sort.passed <= self._most

    def owed(self, now: float) -> list[tuple[str, int]]:
        """Sorts whose time is over, with how many lines were held back: each count once."""
        told = []
        for name, sort in self._sorts.items():
            if sort.held and now - sort.since >= self._per_s:
                told.append((name, sort.held))
                sort.held = 0
        return told


@dataclass
class _Sort:
    """Since when a sort of line is counted, how many passed or did not, how many are not told."""

    since: float
    passed: int = 0
    held: int = 0


class Sink(logging.StreamHandler[TextIO]):
    """Writes lines at a bounded rate of each sort.

    A sort is a message before its arguments are put in, so that a thousand different row numbers
    make one sort. Where the message is nothing but an argument the whole text is.
    """

    def __init__(self, stream: TextIO, rate: Rate | None = None) -> None:
        super().__init__(stream)
        self._rate = rate or Rate()

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        for name, held in self._rate.owed(now):
            self._say(f"{held} more lines like this were held back: {name}")
        if self._rate.passes(_sort(record), now):
            super().emit(record)

    def close(self) -> None:
        """At the end all that is owed is told."""
        for name, held in self._rate.owed(float("inf")):
            self._say(f"{held} more lines like this were held back: {name}")
        super().close()

    def _say(self, text: str) -> None:
        super().emit(logging.LogRecord(__name__, logging.WARNING, "", 0, text, None, None))


def _sort(record: logging.LogRecord) -> str:
    text = str(record.msg)
    return text if text.replace("%s", "").strip(" :.") else record.getMessage()[:200]


class Lines(logging.Formatter):
    """``INFO what happened``, for people."""

    def __init__(self, hide: Callable[[str], str]) -> None:
        super().__init__("%(levelname)s %(message)s")
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        return self._hide(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and the trace of a fault."""

    def __init__(self, hide: Callable[[str], str], prefixed: bool) -> None:
        super().__init__()
        self._hide, self._prefixed = hide, prefixed

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, timezone.utc)
        said = {
            "time": f"{at:%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._hide(record.getMessage()),
        }
        if record.exc_info:
            said["trace"] = self._hide(self.formatException(record.exc_info))
        prefix = f"<{_PRIORITIES.get(record.levelno, 5)}>" if self._prefixed else ""
        return prefix + json.dumps(said, ensure_ascii=False)
