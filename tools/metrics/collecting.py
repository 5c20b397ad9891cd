"""One collector's own figures, and whether it is ready."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector as Figures

from agent.errors import FieldproofError
from tools.collector import Collector

FRESH_S: Final = 1.0
"""For so long an answer of the store's is good, however many ask."""


class Readiness:
    """Whether a collector collects: the broker is connected, and the store takes rows."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._lock = threading.Lock()
        self._asked, self._trouble = float("-inf"), ""

    def trouble(self) -> str:
        """What keeps it from collecting, in one line; "" where nothing does. Any thread."""
        if not self._collector.connected:
            return "the broker is not connected"
        with self._lock:
            if time.monotonic() - self._asked >= FRESH_S:
                try:
                    self._collector.store.ready()
                    self._trouble = ""
                except FieldproofError:
                    self._trouble = "the store takes no rows"
                self._asked = time.monotonic()
            return self._trouble


class _Collecting(Figures):
    def __init__(self, collector: Collector, readiness: Readiness) -> None:
        self._collector, self._readiness = collector, readiness

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        counts = self._collector.statistics
        for name, text, value in (
            ("messages", "MQTT messages received.", counts.messages),
            ("rows", "Rows stored that were new.", counts.rows),
            ("duplicate_rows", "Rows that had been stored before.", counts.duplicates),
            ("dead_letters", "Messages of no use.", counts.dead_letters),
            ("connects", "Connections made to the broker.", counts.connects),
        ):
            yield CounterMetricFamily(f"fieldproof_collector_{name}", text, value=value)
        for name, text, value in (
            ("devices", "Devices heard since its start.", len(counts.devices)),
            ("connected", "Whether the broker is connected.", self._collector.connected),
            ("ready", "Whether it collects: 1 or 0.", not self._readiness.trouble()),
        ):
            yield GaugeMetricFamily(f"fieldproof_collector_{name}", text, value=float(value))


class CollectorText:
    """The text for Prometheus, of one collector and its process."""

    def __init__(self, collector: Collector, readiness: Readiness) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Collecting(collector, readiness))
        ProcessCollector(registry=self._registry)

    def __call__(self) -> bytes:
        return generate_latest(self._registry)
