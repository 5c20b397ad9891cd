"""Reads probes beside the loop, so that one that hangs holds up neither the loop nor another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Final

from agent.probes import Probe

log = logging.getLogger(__name__)

STALE_S: Final = 5.0
"""Beyond its period, the age at which a reading is no longer told."""

FIRST_S: Final = 1.0
"""How long the first readings are waited for."""


class Watch:
    """Probes, each read again and again by a thread of its own. Use it as a context manager."""

    def __init__(self, probes: Iterable[Probe]) -> None:
        self._stop = threading.Event()
        self._watched = [_Watched(probe, self._stop) for probe in probes]

    def __enter__(self) -> Watch:
        until = time.monotonic() + FIRST_S
        for watched in self._watched:
            watched.thread.start()
        for watched in self._watched:
            watched.first.wait(max(0.0, until - time.monotonic()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Nobody waits for a thread that may hang; it is a daemon and ends with the process.
        self._stop.set()

    def latest(self) -> dict[str, float]:
        """What is known now: name -> value. Readings that have grown old are left out."""
        known: dict[str, float] = {}
        for watched in self._watched:
            known.update(watched.fresh())
        return known


class _Watched:
    def __init__(self, probe: Probe, stop: threading.Event) -> None:
        self.first = threading.Event()
        self.thread = threading.Thread(target=self._go, name=probe.kind(), daemon=True)
        self._probe, self._stop = probe, stop
        self._known: tuple[float, dict[str, float]] = (float("-inf"), {})

    def fresh(self) -> dict[str, float]:
        at, readings = self._known
        return readings if time.monotonic() - at < self._probe.period_s + STALE_S else {}

    def _go(self) -> None:
        failed = False
        while not self._stop.is_set():
            try:
                self._known = (time.monotonic(), self._probe.read())
                failed = False
            except Exception as error:
                # A driver may answer anything; the agent's work does not depend on it.
                if not failed:
                    log.warning("The probe %s cannot be read: %s", self._probe.kind(), error)
                failed = True
            self.first.set()
            self._stop.wait(self._probe.period_s)
