"""What the pages share: the store, what is remembered of it, who is let in, names of places."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from tools.dashboard.access.roll import RollFile
from tools.dashboard.access.sessions import Sessions
from tools.dashboard.access.waits import Waits
from tools.dashboard.cache import Cache
from tools.dashboard.drawing import Drawings
from tools.dashboard.places import PlacesFile
from tools.dashboard.reports import Reports
from tools.metrics.fleet import FleetText
from tools.stores import Store


@dataclass(frozen=True)
class Settings:
    """How the dashboard is served. ``secure``: browsers reach it by HTTPS, its own or a proxy's.

    Without ``users`` it is open to whoever reaches it, by a loopback name only.
    """

    store: str
    users: Path | None = None
    places: Path | None = None
    secure: bool = False
    port: int = 8080


@dataclass
class Context:
    """One dashboard. ``clock`` gives the time in s since 1970, ``steady`` never jumps."""

    settings: Settings
    store: Store
    clock: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    drawings: Drawings = field(default_factory=Drawings)
    sessions: Sessions = field(default_factory=Sessions)
    address_waits: Waits = field(default_factory=Waits)
    # Short, so that a stranger who tries somebody's name cannot keep that person out for long.
    name_waits: Waits = field(default_factory=lambda: Waits(longest_s=60.0))

    def __post_init__(self) -> None:
        self.metrics = FleetText(self.store, self.clock)
        self.reports = Reports(self.settings.store, self.steady)
        self.cache = Cache(self.store.changes, self.steady)
        users, places = self.settings.users, self.settings.places
        self.roll = RollFile(users) if users else None
        self.places = PlacesFile(places) if places else None

    @property
    def now_ms(self) -> int:
        """The time in ms since 1970."""
        return int(self.clock() * 1000)


def _context(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


Here = Annotated[Context, Depends(_context)]
"""The context, for a route's parameters."""
