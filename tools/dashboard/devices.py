"""The devices of a store as pages show them: alive or not, what runs, how robust it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from tools.dashboard.breaking import Breaking, breakings
from tools.dashboard.context import Context
from tools.dashboard.places import Place
from tools.dashboard.rates import Counts, Rate, joined, merged
from tools.dashboard.spans import Window, before
from tools.dashboard.templating import lasted, moment
from tools.stores import Scope

SILENT_MS: Final = 5 * 60_000
"""A device that says nothing for so long is called silent: readings come twice a minute."""

StateName = Literal["online", "silent", "offline", "stopped", "unknown"]
STATES: Final[tuple[StateName, ...]] = ("silent", "offline", "online", "stopped", "unknown")
Key = tuple[str, str]
Row = Mapping[str, Any]
NOWHERE: Final = Place()


@dataclass(frozen=True)
class State:
    """Whether a device is alive, and a sentence on since when it is not."""

    name: StateName
    words: str
    since: str = ""


@dataclass(frozen=True)
class Device:
    """One device with its figures of a window. ``worst`` is the kind that breaks first;
    ``change`` how the robust accuracy differs from the window before, where both are known."""

    row: Row
    place: Place
    state: State
    counts: Counts
    worst: Breaking | None
    change: Change | None

    @property
    def key(self) -> Key:
        return self.row["site"], self.row["device"]

    @property
    def id(self) -> str:
        return f"{self.row['site']}/{self.row['device']}"

    @property
    def name(self) -> str:
        return self.place.name or self.row["device"]

    def reading(self, name: str) -> float | None:
        """The newest reading of a name."""
        value = (self.row["readings"] or {}).get(name)
        return float(value) if isinstance(value, (int, float)) else None


@dataclass(frozen=True)
class Change:
    """The robust accuracy of a window and of the one before it; ``sure`` where their 95 %
    intervals do not meet."""

    now: Rate
    then: Rate

    @property
    def difference(self) -> float:
        return self.now.share - self.then.share

    @property
    def sure(self) -> bool:
        apart = self.now.low > self.then.high or self.now.high < self.then.low
        return apart and self.now.known and self.then.known


def state_of(row: Row, now_ms: int) -> State:
    """A device's state in words, by its status and by when it was last heard."""
    said, seen_ms = row["state"], row["seen_ms"]
    since = f"last heard {moment(seen_ms)}" if seen_ms is not None else ""
    if said == "online":
        quiet = now_ms - seen_ms if seen_ms is not None else None
        if quiet is not None and quiet > SILENT_MS:
            return State("silent", f"silent for {lasted(quiet)}", since)
        return State("online", "online", since)
    if said == "offline":
        return State("offline", "offline", since)
    if said == "stopped":
        return State("stopped", "stopped", since)
    return State("unknown", "never said", since)


def known_devices(here: Context) -> list[Row]:
    """What the store says of each device, in the order of their names."""
    return here.cache.get(
        "devices",
        lambda: sorted(here.store.devices(), key=lambda row: (row["site"], row["device"])),
    )


def place_of(here: Context, site: str, device: str) -> Place:
    """What people know of a device."""
    if here.places is None:
        return NOWHERE
    return here.places.now().devices.get(f"{site}/{device}", NOWHERE)


Cells = dict[tuple[str, float], Counts]
"""(kind, severity) -> counts."""
LAG_S: Final = 300.0
"""While rows come in, sums over the whole fleet may be as old as this: see ``cache``."""


def cells_of(here: Context, window: Window) -> dict[Key, Cells]:
    """Each device's counts of a window, by kind and severity."""
    return here.cache.get(("cells", window), lambda: _cells(here, window), LAG_S)


def fleet(here: Context, window: Window) -> list[Device]:
    """All devices with their figures of a window."""
    figures = here.cache.get(("fleet", window), lambda: _figures(cells_of(here, window)), LAG_S)
    past = before(window)
    then = here.cache.get(("robust", past), lambda: _robust(here, past), LAG_S) if past else {}
    now_ms = here.now_ms
    return [_device(here, row, now_ms, figures, then) for row in known_devices(here)]


def _device(
    here: Context,
    row: Row,
    now_ms: int,
    figures: Mapping[Key, tuple[Counts, Breaking | None]],
    then: Mapping[Key, Counts],
) -> Device:
    key = row["site"], row["device"]
    counts, worst = figures.get(key, (Counts(), None))
    return Device(
        row,
        place_of(here, *key),
        state_of(row, now_ms),
        counts,
        worst,
        change_of(counts, then.get(key)),
    )


def change_of(now: Counts, then: Counts | None) -> Change | None:
    """How the robust accuracy has changed; None where there is nothing to compare."""
    after, earlier = now.robust, then.robust if then else None
    return Change(after, earlier) if after and earlier else None


def _cells(here: Context, window: Window) -> dict[Key, Cells]:
    scope = Scope(since_ms=window.since_ms, until_ms=window.until_ms)
    found: dict[Key, Cells] = {}
    for row in here.store.sums(scope, ("site", "device", "condition", "severity")):
        counts = Counts()
        counts.add(row)
        cells = found.setdefault((row["site"], row["device"]), {})
        cells[row["condition"], row["severity"]] = counts
    return found


def _figures(fleet: Mapping[Key, Cells]) -> dict[Key, tuple[Counts, Breaking | None]]:
    found: dict[Key, tuple[Counts, Breaking | None]] = {}
    for key, cells in fleet.items():
        kinds: dict[str, dict[float, Counts]] = {}
        for (kind, severity), counts in cells.items():
            kinds.setdefault(kind, {})[severity] = counts
        found[key] = merged(cells.values()), _worst(kinds)
    return found


def _worst(kinds: Mapping[str, Mapping[float, Counts]]) -> Breaking | None:
    found = breakings(kinds)
    return found[0] if found else None


def _robust(here: Context, window: Window) -> dict[Key, Counts]:
    return {key: merged(cells.values()) for key, cells in cells_of(here, window).items()}


def whole(devices: list[Device]) -> Counts:
    """All devices' figures together."""
    return joined(device.counts for device in devices)
