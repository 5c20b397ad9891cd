"""A device's sums and readings over time, in as many spans as a chart can show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tools.dashboard.context import Context
from tools.dashboard.figures import Binned, Readings
from tools.dashboard.rates import Counts
from tools.dashboard.spans import HOUR_MS, HOURS, Window
from tools.stores import Scope

MOST_BINS: Final = 60
RAW_HOURS: Final = 24
"""Up to so many hours readings are shown as they came, in spans of some minutes."""
RAW_BINS: Final = 96


def bins_of(here: Context, site: str, device: str, window: Window) -> Binned:
    """Counts by span, kind and severity."""
    key = ("bins", site, device, window)
    return here.cache.get(key, lambda: _bins(here, site, device, window))


def readings_of(
    here: Context, site: str, device: str, window: Window, names: tuple[str, ...]
) -> Readings:
    """Some readings by name."""
    key = ("readings", site, device, window, names)
    return here.cache.get(key, lambda: _readings(here, site, device, window, names))


def ends_of(here: Context, window: Window, bins: Binned, readings: Readings) -> tuple[float, float]:
    """The ms between which charts are drawn: from the first thing that is known of the window."""
    now = float(here.now_ms)
    begins = [*bins, *(points[0][0] for points in readings.values() if points)]
    return float(min([*begins, now - HOUR_MS])), now


def _bins(here: Context, site: str, device: str, window: Window) -> Binned:
    scope = Scope(site, device, since_ms=window.since_ms)
    hours = HOURS.get(window.name, 0)
    rows = list(here.store.sums(scope, ("hour", "condition", "severity")))
    if not hours and rows:  # they come in the order of their hours
        hours = (rows[-1]["hour"] - rows[0]["hour"]) // HOUR_MS + 1
    step = -(-hours // MOST_BINS) * HOUR_MS
    bins: dict[int, dict[str, dict[float, Counts]]] = {}
    for row in rows:
        kinds = bins.setdefault(row["hour"] // step * step, {})
        counts = kinds.setdefault(row["condition"], {}).setdefault(row["severity"], Counts())
        # Hours hold scenes of their own: within a span they add up.
        scenes = counts.scenes + (row["scenes"] or 0)
        counts.add(row)
        counts.scenes = scenes
    return bins


def _readings(
    here: Context, site: str, device: str, window: Window, names: tuple[str, ...]
) -> Readings:
    hours = HOURS.get(window.name)
    if hours is not None and hours <= RAW_HOURS and window.since_ms is not None:
        rows = here.store.health(site, device, window.since_ms)
        return _packed(_single(rows, names), hours * HOUR_MS // RAW_BINS)
    hourly = here.store.readings(Scope(site, device, since_ms=window.since_ms))
    values = (
        (row["name"], row["hour"], row["total"] / row["n"], row["low"], row["high"], row["n"])
        for row in hourly
        if row["name"] in names
    )
    return _packed(values, HOUR_MS)


_Value = tuple[str, int, float, float, float, int]


def _single(rows: Iterable[Mapping[str, Any]], names: tuple[str, ...]) -> Iterator[_Value]:
    for row in rows:
        known = row["readings"]
        for name, value in ((name, known[name]) for name in names if name in known):
            yield name, row["at_ms"], value, value, value, 1


def _packed(values: Iterable[_Value], step: int) -> Readings:
    """Values put together by name and span: (ms, mean, lowest, highest)."""
    found: dict[str, dict[int, tuple[float, int, float, float]]] = {}
    for name, at, mean, low, high, n in values:
        spans = found.setdefault(name, {})
        begin = at // step * step
        total, many, least, most = spans.get(begin, (0.0, 0, low, high))
        spans[begin] = total + mean * n, many + n, min(least, low), max(most, high)
    return {
        name: [(at, total / n, low, high) for at, (total, n, low, high) in sorted(spans.items())]
        for name, spans in found.items()
    }
