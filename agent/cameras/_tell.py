"""What the log says of a live camera: what changes, not each time that it is seen."""

from __future__ import annotations

import logging
import time
from typing import Final

from agent.values import Fault

SAY_S: Final = 60.0
"""Seconds between two lines about losses, and between two about pictures that are no use."""

_MEANING: Final[dict[Fault, str]] = {
    "frozen": "sends the same picture again and again",
    "black": "sends pictures that are dark all over",
    "torn": "sends pictures that a decoder had to fill up",
    "size": "sends pictures of another size than the first",
}

log = logging.getLogger("agent.cameras")


class Teller:
    """Tells of one camera, by the ``name`` that may be shown."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lost: float | None = None
        self._fault: Fault = ""
        self._said = self._said_lost = -SAY_S

    def lost(self, reason: str) -> None:
        """The capture was lost; one line for all the tries until pictures come again."""
        now = time.monotonic()
        if self._lost is None and now - self._said_lost >= SAY_S:
            self._lost = self._said_lost = now
            log.warning("Lost %s: %s. Trying again.", self._name, reason)

    def came(self, fault: Fault) -> None:
        """A picture came, with a fault or without."""
        now = time.monotonic()
        if self._lost is not None:
            log.warning("%s is back after %.1f s.", self._name, now - self._lost)
            self._lost = None
        if fault == self._fault or now - self._said < SAY_S:
            return
        self._fault, self._said = fault, now
        if fault:
            log.warning("%s %s; they are left out.", self._name, _MEANING[fault])
        else:
            log.warning("%s sends pictures that are of use again.", self._name)
