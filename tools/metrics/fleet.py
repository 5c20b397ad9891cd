"""The fleet in Prometheus' text format, from a store."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from agent.errors import FieldproofError
from tools.stores import HOUR_MS, Scope, Store

MOST_DEVICES: Final = 1000
MOST_CONDITIONS: Final = 200
RECENT_HOURS: Final = 24
SILENT_S: Final = 300.0
FRESH_S: Final = 10.0
"""Two scrapes within so many seconds get the same figures: several may watch one fleet."""
TEXT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

DEVICE: Final = ("site", "device")
STATES: Final = ("online", "offline", "stopped", "unknown")
READINGS: Final = (
    ("temperature_c", "temperature_celsius", "The hottest part of the device."),
    ("throttled", "throttled", "Whether the device is slowed down now: 1 or 0."),
    ("outbox_rows", "outbox_rows", "Rows that wait on the device."),
    ("frames_per_s", "frames_per_second", "Frames that the agent examines."),
)
"""A health reading's name -> what it is called here."""

Clock = Callable[[], float]
Sums = dict[tuple[str, ...], list[float]]


class Totals:
    """Sums since the store's beginning, by some keys, without reading all of it each time.

    What was made before the last ``RECENT_HOURS`` is summed once an hour; rows that come later
    still are counted within that hour. Figures never shrink, also when old sums are pruned.
    """

    def __init__(self, store: Store, keys: Sequence[str], names: Sequence[str]) -> None:
        self._store, self._keys, self._names = store, keys, names
        self._edge = -1
        self._old: Sums = {}
        self._told: Sums = {}

    def now(self, now_ms: int) -> tuple[Sums, Sums]:
        """Since the beginning, and of the last ``RECENT_HOURS``."""
        edge = now_ms // HOUR_MS * HOUR_MS - RECENT_HOURS * HOUR_MS
        if edge != self._edge:
            self._old, self._edge = self._sums(Scope(until_ms=edge)), edge
        recent = self._sums(Scope(since_ms=edge))
        for key in self._old.keys() | recent.keys():
            none = [0.0] * len(self._names)
            pair = zip(self._old.get(key, none), recent.get(key, none), strict=True)
            whole = [old + new for old, new in pair]
            told = self._told.get(key, none)
            self._told[key] = [max(a, b) for a, b in zip(whole, told, strict=True)]
        return self._told, recent

    def _sums(self, scope: Scope) -> Sums:
        return {
            tuple(str(row[key]) for key in self._keys): [float(row[n] or 0) for n in self._names]
            for row in self._store.sums(scope, self._keys)
        }


class Fleet(Collector):
    """What a store knows of its devices. A store that is away is told, and nothing else then."""

    def __init__(self, store: Store, clock: Clock = time.time) -> None:
        self._store, self._clock = store, clock
        names = ("n", "perturbed_seen", "flips", "truth", "truth_seen")
        self._devices = Totals(store, DEVICE, names)
        self._conditions = Totals(store, ("condition",), ("n", "flips"))

    def describe(self) -> Iterable[Metric]:
        return []  # else it would be asked for all figures when it is registered

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("fieldproof_store_up", "Whether the store could be read.", value=1)
        try:
            found = list(self._collected())
        except FieldproofError:
            up = GaugeMetricFamily(up.name, up.documentation, value=0)
            found = []
        yield up
        yield from found

    def _collected(self) -> Iterator[Metric]:
        now_ms = int(self._clock() * 1000)
        devices = list(self._store.devices())
        yield from _states(devices, now_ms)
        shown = devices[:MOST_DEVICES]
        yield from _each_device(shown)
        names: set[tuple[str, ...]] = {(row["site"], row["device"]) for row in shown}
        yield from _device_sums(*self._devices.now(now_ms), names)
        conditions, _ = self._conditions.now(now_ms)
        yield from _condition_sums(conditions)
        yield _alerts(self._store)
        left = GaugeMetricFamily(
            "fieldproof_series_left_out",
            "Devices and conditions beyond the limits, which have no figures here.",
            labels=["what"],
        )
        left.add_metric(["devices"], max(0, len(devices) - MOST_DEVICES))
        left.add_metric(["conditions"], max(0, len(conditions) - MOST_CONDITIONS))
        yield left


class FleetText:
    """The text for one store; to be made once and asked by any thread."""

    def __init__(self, store: Store, clock: Clock = time.time) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(Fleet(store, clock))
        self._lock = threading.Lock()
        self._text, self._made = b"", float("-inf")

    def __call__(self) -> bytes:
        """The figures, at most ``FRESH_S`` old; of type ``TEXT_TYPE``."""
        with self._lock:
            if time.monotonic() - self._made >= FRESH_S:
                self._text = generate_latest(self._registry)
                self._made = time.monotonic()
            return self._text


def _states(devices: Sequence[Mapping[str, Any]], now_ms: int) -> Iterator[Metric]:
    known = GaugeMetricFamily("fieldproof_devices", "Devices by their last word.", labels=["state"])
    counts = Counter(row["state"] or "unknown" for row in devices)
    for state in STATES:
        known.add_metric([state], counts[state])
    yield known
    silent = sum(
        row["state"] != "stopped" and (now_ms - (row["seen_ms"] or 0)) / 1000 > SILENT_S
        for row in devices
    )
    yield GaugeMetricFamily(
        "fieldproof_devices_silent",
        f"Devices that were not stopped and not heard for {SILENT_S:.0f} s.",
        value=silent,
    )


def _each_device(devices: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "fieldproof_device_info",
        "What a device runs; always 1.",
        labels=[*DEVICE, "version", "profile", "model"],
    )
    for row in devices:
        words = [row["version"], row["profile"], (row["model_sha256"] or "")[:12]]
        info.add_metric([row["site"], row["device"], *(str(word or "") for word in words)], 1)
    yield info
    yield _gauge(
        "up",
        "Whether its last word is that it is online.",
        devices,
        lambda r: r["state"] == "online",
    )
    yield _gauge(
        "last_seen_timestamp_seconds",
        "When the collector last heard it, since 1970.",
        devices,
        lambda row: None if row["seen_ms"] is None else row["seen_ms"] / 1000,
    )
    yield _gauge(
        "clock_skew_seconds",
        "How far its clock is ahead of the collector's.",
        devices,
        lambda row: None if row["skew_ms"] is None else row["skew_ms"] / 1000,
    )
    for reading, name, text in READINGS:
        yield _gauge(name, text, devices, partial(_reading, reading))
    lost = CounterMetricFamily(
        "fieldproof_device_lost_rows", "Rows that it declared lost.", labels=DEVICE
    )
    for row in devices:
        lost.add_metric([row["site"], row["device"]], row["lost_rows"])
    yield lost


def _gauge(
    name: str, text: str, devices: Sequence[Mapping[str, Any]], value: Callable[[Any], Any]
) -> Metric:
    gauge = GaugeMetricFamily(f"fieldproof_device_{name}", text, labels=DEVICE)
    for row in devices:
        figure = value(row)
        if figure is not None:
            gauge.add_metric([row["site"], row["device"]], float(figure))
    return gauge


def _reading(name: str, row: Mapping[str, Any]) -> Any:
    return row["readings"].get(name)


def _device_sums(totals: Sums, recent: Sums, names: set[tuple[str, ...]]) -> Iterator[Metric]:
    trials = CounterMetricFamily("fieldproof_device_trials", "Trials stored.", labels=DEVICE)
    flips = CounterMetricFamily(
        "fieldproof_device_flips", "Trials in which a sign seen clean was lost.", labels=DEVICE
    )
    robust = GaugeMetricFamily(
        "fieldproof_device_robust_accuracy_ratio",
        f"Share of the last {RECENT_HOURS} hours' trials in which the sign was seen.",
        labels=DEVICE,
    )
    clean = GaugeMetricFamily(
        "fieldproof_device_clean_accuracy_ratio",
        f"Share seen clean, of the last {RECENT_HOURS} hours' trials with known truth.",
        labels=DEVICE,
    )
    for key in sorted(totals.keys() & names):
        trials.add_metric(key, totals[key][0])
        flips.add_metric(key, totals[key][2])
    for key in sorted(recent.keys() & names):
        n, seen, _, truth, truth_seen = recent[key]
        robust.add_metric(key, seen / n)
        if truth:
            clean.add_metric(key, truth_seen / truth)
    yield from (trials, flips, robust, clean)


def _condition_sums(totals: Sums) -> Iterator[Metric]:
    labels = ["condition"]
    trials = CounterMetricFamily(
        "fieldproof_condition_trials", "Trials of all devices.", labels=labels
    )
    flips = CounterMetricFamily(
        "fieldproof_condition_flips", "Flips of all devices.", labels=labels
    )
    for key in sorted(totals)[:MOST_CONDITIONS]:
        trials.add_metric(key, totals[key][0])
        flips.add_metric(key, totals[key][1])
    yield from (trials, flips)


def _alerts(store: Store) -> Metric:
    gauge = GaugeMetricFamily(
        "fieldproof_alerts", "Alerts that are not resolved.", labels=["state", "severity"]
    )
    for state in ("open", "acknowledged"):
        counts = Counter(alert["severity"] for alert in store.alerts(state, limit=100_000))
        for severity in ("info", "warning", "critical"):
            gauge.add_metric([state, severity], counts[severity])
    return gauge
