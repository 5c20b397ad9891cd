"""Holds a store against what a fleet put: what is missing, or there twice; which sums differ."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from tools.fleet.account import Account, Put
from tools.stores import Scope, Store
from tools.stores._received import Range, settled
from tools.stores._tables import ROW_TABLES, UNKNOWN

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
    declared; ``doubled`` are more than were put; ``sums`` differ by so much.
    """

    site: str
    device: str
    lost: int
    doubled: int
    sums: Mapping[str, int]


class GivenUp(NamedTuple):
    """What a device declared, in so many gaps, to never come. Of it ``arrived`` rows came all the
    same, as a full outbox gives up rows that are under way, and so many trials, from least to most.
    """

    gaps: int
    rows: int
    trials: int
    arrived: int
    arrived_trials: tuple[int, int]


NOTHING: Final = GivenUp(0, 0, 0, 0, (0, 0))


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
    gaps: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for gap in store.gaps(limit=1_000_000):
        gaps[gap["site"], gap["device"], gap["epoch"]].append(gap)
    differences: list[Difference] = []
    rows = given_up = arrived = 0
    for put in account.devices:
        stream = put.site, put.device, put.epoch
        found, given = stored.get(stream, 0), _given_up(store, put, gaps[stream])
        rows += found
        given_up += given.rows
        arrived += given.arrived
        seen = [_difference(put, found, sums.get(stream[:2], {}), given) for sums in views]
        differ = [item for item in seen if item.lost or item.doubled or item.sums]
        differences += sorted(differ, key=lambda item: not item.sums)[:1]
    return Audit(rows, given_up, arrived, tuple(differences))


def _given_up(store: Store, put: Put, gaps: Sequence[Mapping[str, Any]]) -> GivenUp:
    """What a device declared, and what of it is stored all the same: rows within a gap that are
    more than those it leaves out."""
    if not gaps:
        return NOTHING
    spans = settled((), *(Range(gap["first"], gap["last"]) for gap in gaps))
    declared = sum(gap["rows"] for gap in gaps)
    stands = {gap["last"] for gap in gaps}
    within = Counter[str]()
    for table in (*ROW_TABLES.values(), UNKNOWN):
        for row in store.rows(table, Scope(put.site, put.device)):
            own = table == "gaps" and row["seq"] in stands
            if row["epoch"] == put.epoch and not own and _lies_in(spans, row["seq"]):
                within[table] += 1
    spared = sum(last - first + 1 for first, last in spans) - declared
    trials = sum(gap["trials"] for gap in gaps)
    arrived = max(0, within.total() - spared)
    known = (within["trials"],) * 2 if not spared else (0, min(arrived, within["trials"]))
    return GivenUp(len(gaps), declared, trials, arrived, known)


def _lies_in(spans: Sequence[Range], seq: int) -> bool:
    place = bisect_right(spans, seq, key=lambda span: span.first) - 1
    return place >= 0 and seq <= spans[place].last


def _by_device(store: Store, more: tuple[str, ...]) -> dict[tuple[str, str], Counter[str]]:
    """Sums as the store has them over all time or, with ``hour``, hour by hour, which it keeps
    apart: either may be wrong alone."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in store.sums(by=("site", "device", *more)):
        found[row["site"], row["device"]].update({name: row[name] for name in SUMS})
    return found


def _difference(put: Put, found: int, sums: Mapping[str, int], given: GivenUp) -> Difference:
    """Of a device with gaps the sums but of trials are not known: nobody kept what it gave up.

    A gap stands in the place of the last row that it declares.
    """
    lacking = put.put.rows - given.rows + given.gaps + given.arrived - found
    known = SUMS if not given.gaps else {"n": "trials"}
    off = {name: sums.get(name, 0) - getattr(put.put, what) for name, what in known.items()}
    off["n"] += given.trials
    least, most = given.arrived_trials
    off["n"] -= min(max(off["n"], least), most)
    return Difference(
        put.site,
        put.device,
        max(0, lacking),
        max(0, -lacking),
        {name: difference for name, difference in off.items() if difference},
    )
