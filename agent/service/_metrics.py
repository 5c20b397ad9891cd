"""``/metrics`` for Prometheus, of this agent; needs prometheus-client (extra ``metrics``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from agent.errors import MissingExtra, UsageError

UNITS: Final = (
    ("_per_s", "_per_second", 1.0),
    ("_ms", "_seconds", 0.001),
    ("_mb", "_bytes", 1e6),
    ("_s", "_seconds", 1.0),
    ("_c", "_celsius", 1.0),
    ("_share", "_ratio", 1.0),
)
"""How a reading's name ends, how Prometheus' rules have it, and the factor to its base unit."""


@contextmanager
def serving(address: str, agent: object) -> Iterator[int]:
    """Serve what ``agent.recorder`` counts at ``HOST:PORT`` in a thread; gives the port.

    Raises ``UsageError`` for another form or where nothing can listen, ``MissingExtra``.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError(
            f"{address!r} is no address to listen at.", remedy="Give HOST:PORT, as 127.0.0.1:9465."
        )
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ImportError:
        raise MissingExtra("prometheus-client", "metrics", "Serving metrics") from None
    registry = CollectorRegistry()
    registry.register(_Figures(agent))
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), registry)
    except OSError as error:
        raise UsageError(
            f"Nothing can listen at {address}: {error.strerror or error}.",
            remedy="Give --metrics an address of this machine and a free port.",
        ) from None
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Figures:
    def __init__(self, agent: object) -> None:
        self._agent = agent

    def describe(self) -> Iterable[Any]:
        return []

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        recorder = getattr(self._agent, "recorder", None)  # there is none before the first session
        if recorder is None:
            return
        for name, value in vars(recorder.totals).items():
            yield CounterMetricFamily(f"fieldproof_agent_{name}", "Of the session.", value=value)
        for name, value in named(recorder.readings).items():
            text = "A reading of the newest health record."
            yield GaugeMetricFamily(f"fieldproof_agent_{name}", text, value=value)


def named(readings: Mapping[str, float]) -> dict[str, float]:
    """Readings in base units, under names that say these.

    >>> named({"temperature_c": 61.0, "predict_ms": 250.0})
    {'temperature_celsius': 61.0, 'predict_seconds': 0.25}
    """
    found = {}
    for name, value in readings.items():
        for ending, unit, factor in UNITS:
            if name.endswith(ending):
                name, value = name.removesuffix(ending) + unit, value * factor
                break
        found[name] = value
    return found
