"""Holds a store against what a fleet put: what is missing, or there twice; which sums differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from tools.fleet.account import Account, Put
from tools.stores import Store

SUMS: Final = {
    "n": "trials",
    "clean_seen": "clean_seen",
    "perturbed_seen": "perturbed_seen",
    "flips": "flips",
}
"""A sum of the store's rollups -> what the fleet counts."""


@dataclass(frozen=True)
class Difference:
    """A device of which the store does not hold what was put. ``lost`` rows are neither stored nor
    declared; ``doubled`` are more than were put; ``sums`` differ by so much. ``arrived`` rows were
    declared all the same: a full outbox gives up rows that are under way. That alone is none.
    """

    site: str
    device: str
    lost: int
    doubled: int
    sums: Mapping[str, int]
    arrived: int = 0


@dataclass(frozen=True)
class Audit:
    """All devices that differ; ``rows`` of the fleet are stored, ``given_up`` are declared, of
    which ``arrived``.
    """

    rows: int
    given_up: int
    arrived: int
    differences: tuple[Difference, ...]

    @property
    def lost(self) -> int:
        return sum(item.lost for item in self.differences)

    @property
    def doubled(self) -> int:
        return sum(item.doubled for item in self.differences)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "lost": self.lost, "doubled": self.doubled}


def audit(store: Store, account: Account) -> Audit:
    """What a store lacks of a fleet, or has too much of, by its own accounts and its rollups.

    Rows are told apart by the outboxes that they are from; sums are of all that a device ever sent,
    so that another fleet's, under the same names, is a difference.
    """
    stored = {(a.stream.site, a.stream.device, a.stream.epoch): a.rows for a in store.accounts()}
    views = _by_device(store, ()), _by_device(store, ("hour",))
    gaps: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for gap in store.gaps(limit=1_000_000):
        own = gaps[gap["site"], gap["device"], gap["epoch"]]
        own[:] = own[0] + 1, own[1] + gap["rows"], own[2] + gap["trials"]
    differences: list[Difference] = []
    rows = given_up = arrived = 0
    for put in account.devices:
        stream = put.site, put.device, put.epoch
        found = stored.get(stream, 0)
        rows += found
        given_up += gaps[stream][1]
        seen = [_difference(put, found, sums.get(stream[:2], {}), gaps[stream]) for sums in views]
        arrived += seen[0].arrived
        differ = [item for item in seen if item.lost or item.doubled or item.sums]
        differences += sorted(differ, key=lambda item: not item.sums)[:1]
    return Audit(rows, given_up, arrived, tuple(differences))


def _by_device(store: Store, more: tuple[str, ...]) -> dict[tuple[str, str], Counter[str]]:
    """Sums as the store has them over all time or, with ``hour``, hour by hour, which it keeps
    apart: either may be wrong alone."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in store.sums(by=("site", "device", *more)):
        found[row["site"], row["device"]].update({name: row[name] for name in SUMS})
    return found


def _difference(put: Put, found: int, sums: Mapping[str, int], gaps: list[int]) -> Difference:
    """Of a device with gaps the sums but of trials are not known: nobody kept what it gave up.

    A gap stands in the place of the last row that it declares.
    """
    declared, rows, trials = gaps
    lacking = put.put.rows - rows + declared - found
    known = SUMS if not declared else {"n": "trials"}
    off = {
        name: sums.get(name, 0) - getattr(put.put, what) + (trials if name == "n" else 0)
        for name, what in known.items()
    }
    more = max(0, -lacking)
    arrived = more if more <= rows else 0
    if 0 <= off["n"] <= arrived:
        off["n"] = 0
    return Difference(
        put.site,
        put.device,
        max(0, lacking),
        more - arrived,
        {name: difference for name, difference in off.items() if difference},
        arrived,
    )
