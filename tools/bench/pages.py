"""``fieldproof bench pages``: how long a dashboard takes for its pages, as a browser asks for them.

It follows the pages' own links, so that their parameters are those that people meet, and asks for
each sort of page in turn: what slows the machine for a while slows all sorts alike.
"""

from __future__ import annotations

import http.client
import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from html.parser import HTMLParser
from itertools import cycle
from typing import Any, Final
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from agent.errors import DataError, UsageError

MEDIAN_MS: Final = 300.0
P95_MS: Final = 1000.0
TIMEOUT_S: Final = 60.0
MOST_FOLLOWED: Final = 120
"""Pages that are read for their links."""
NOT_PAGES: Final = ("static", "live", "sign-in", "sign-out", "healthz", "readyz", "metrics")
ALSO: Final = (
    *("/api/v1/devices", "/api/v1/sessions", "/api/v1/failures", "/api/v1/gaps", "/api/v1/alerts"),
    *("/api/v1/sums?by=site&by=condition", "/api/v1/sums?by=hour", "/api/v1/readings?limit=1000"),
)
"""What no page links to."""

Show = Callable[[int, int], None]


@dataclass(frozen=True)
class Taken:
    """One sort of page: times of ``n`` requests for ``places`` different ones; ``wrong`` answers
    say that something is wrong, or is elsewhere."""

    sort: str
    n: int
    places: int
    median_ms: float
    p95_ms: float
    most_ms: float
    kilobytes: float
    wrong: int

    @property
    def met(self) -> bool:
        return self.median_ms <= MEDIAN_MS and self.p95_ms <= P95_MS and not self.wrong


@dataclass(frozen=True)
class Pages:
    """All sorts of pages of a dashboard."""

    url: str
    taken: tuple[Taken, ...]

    @property
    def met(self) -> bool:
        return all(one.met for one in self.taken)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(url: str, requests: int, show: Show) -> Pages:
    """Ask for each sort of page ``requests`` times. The dashboard must let everybody in, as it
    does on loopback. Raises ``UsageError`` for another address, ``DataError`` where none answers.
    """
    site = _Site(url)
    sorts: dict[str, list[str]] = {}
    for place in _found(site, requests):
        sorts.setdefault(sort_of(place), []).append(place)
    times: dict[str, list[_Answer]] = {sort: [] for sort in sorts}
    turns = {sort: cycle(places[:requests]) for sort, places in sorts.items()}
    for number in range(requests):
        for sort, places in turns.items():
            times[sort].append(site.get(next(places)))
        show(number + 1, requests)
    return Pages(
        url, tuple(_taken(sort, min(len(sorts[sort]), requests), times[sort]) for sort in sorts)
    )


def sort_of(place: str) -> str:
    """What pages are alike: all of ``/devices/SITE/DEVICE`` are ``/devices/*/*``."""
    path = urlsplit(place).path
    parts = path.strip("/").split("/")
    if parts[0] == "api":
        return path
    last = parts[-1].rpartition(".")[2] if "." in parts[-1] else ""
    names = [parts[0], *("*" for _ in parts[1:])]
    if parts[-1] == "report":
        names[-1] = "report"
    return "/" + "/".join(names) + (f".{last}" if last else "")


def show(console: Console, pages: Pages) -> None:
    """Print a row for each sort."""
    table = Table("page", "requests", "different", "median ms", "p95 ms", "most ms", "kB", "met")
    for one in pages.taken:
        met = "[green]yes[/]" if one.met else "[red]no[/]"
        wrong = f" ({one.wrong} wrong)" if one.wrong else ""
        figures = (f"{value:.0f}" for value in (one.median_ms, one.p95_ms, one.most_ms))
        table.add_row(
            one.sort,
            str(one.n),
            str(one.places),
            *figures,
            f"{one.kilobytes:.0f}",
            f"{met}{wrong}",
        )
    console.print(table)


@dataclass(frozen=True)
class _Answer:
    ms: float
    status: int
    body: bytes
    is_page: bool


class _Site:
    """One dashboard, over one connection that is kept."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise UsageError(
                f"{url!r} is no address of a dashboard.",
                remedy="Give it as http://127.0.0.1:8080.",
            )
        self._link = http.client.HTTPConnection(parts.hostname, parts.port or 80, TIMEOUT_S)

    def get(self, place: str) -> _Answer:
        """Ask for a page, and time it until its last byte is there."""
        began = time.perf_counter()
        try:
            self._link.request("GET", place)
            answer = self._link.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._link.close()
            raise DataError(
                f"{self.url}{place} does not answer: {error or type(error).__name__}.",
                remedy="Is it the address of a running dashboard?",
            ) from None
        kind = answer.getheader("Content-Type", "")
        ms = 1000 * (time.perf_counter() - began)
        return _Answer(ms, answer.status, body, "html" in kind)


class _Links(HTMLParser):
    """The places on the same site that a page names."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.places: list[str] = []
        self.feed(page.decode(errors="replace"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            for place in _named(name, value or ""):
                if place.startswith("/") and not place.startswith("//"):
                    self.places.append(place.partition("#")[0])


def _named(attribute: str, value: str) -> Iterable[str]:
    if attribute in ("href", "src"):
        return [value]
    if attribute == "srcset":
        return [part.split()[0] for part in value.split(",") if part.split()]
    return []


def _found(site: _Site, enough: int) -> Iterator[str]:
    """Places, each once: those that links lead to, nearest first, and what nobody links to."""
    known = {"/": True}
    waiting = deque(["/"])
    counts: dict[str, int] = {}
    for _ in range(MOST_FOLLOWED):
        if not waiting:
            break
        answer = site.get(waiting.popleft())
        for place in _Links(answer.body).places if answer.is_page else ():
            sort = sort_of(place)
            usual = place.strip("/").split("/")[0].split("?")[0] not in NOT_PAGES
            if usual and place not in known and counts.get(sort, 0) < enough:
                known[place] = True
                counts[sort] = counts.get(sort, 0) + 1
                # A page of a new sort leads to what is not known yet.
                waiting.appendleft(place) if counts[sort] == 1 else waiting.append(place)
    yield from known
    yield from ALSO


def _taken(sort: str, places: int, answers: list[_Answer]) -> Taken:
    ms = sorted(answer.ms for answer in answers)
    return Taken(
        sort,
        len(ms),
        places,
        statistics.median(ms),
        ms[math.ceil(0.95 * len(ms)) - 1],
        ms[-1],
        statistics.mean(len(answer.body) for answer in answers) / 1000,
        sum(answer.status >= 300 for answer in answers),
    )
