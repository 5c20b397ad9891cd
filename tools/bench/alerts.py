"""``fieldproof bench alerts``: how soon a fall of robustness is told, and how often wrongly.

Simulated scenes, as an evaluator meets them: in portions. Held against a Wilson interval that is
looked at after every portion, as a plain threshold would be.
"""

from __future__ import annotations

import itertools
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from agent.statistics.intervals import wilson
from tools.alerts.detector import Change, Stream, judge

BEFORE, AFTER = 0.05, 0.20
BAR: Final = 143
"""Scenes after which ADWIN tells that change, by the median."""
LONG: Final = 100_000
STAYS: Final = 1_500
"""Scenes for which a changed rate lasts: it must be one alert."""


KNOWN: Final = Change(rate=BEFORE)


@dataclass(frozen=True, slots=True)
class Way:
    """How a fleet is watched. ``portion``: the most scenes between two looks, at random from 1."""

    name: str
    change: Change = KNOWN
    portion: int = 1
    conditions: int = 1
    uneven: bool = False

    @property
    def costs(self) -> int:
        """How many times fewer long runs are made of it."""
        return 4 if self.conditions > 1 else 2 if self.uneven else 1

    @property
    def warm_up(self) -> int:
        return self.change.learn + 200 if self.change.rate is None else 200


@dataclass(frozen=True, slots=True)
class Delay:
    """Scenes from the change to the alert, its portion's end included. ``early`` are runs with an
    alert before the change, ``again`` those with a second one while the changed rate lasts;
    ``back`` scenes from the change back to the alert's end."""

    name: str
    runs: int
    median: float
    p90: float
    early: int
    again: int
    back: float


@dataclass(frozen=True, slots=True)
class Quiet:
    """Alerts in ``seeds`` runs of ``LONG`` scenes (after the baseline) without a change."""

    name: str
    seeds: int
    alerts: int


@dataclass(frozen=True, slots=True)
class Law:
    """Share of runs with an alarm within ``scenes``, and the bound scenes / C on it."""

    name: str
    rate: float
    scenes: int
    per_false_alert: float
    share: float
    bound: float


@dataclass(frozen=True, slots=True)
class Measured:
    """All figures; ``wilson`` is the share of runs in which a Wilson interval, looked at after
    every scene, lies above an unchanged rate at some time within so many scenes."""

    delays: list[Delay]
    quiet: list[Quiet]
    laws: list[Law]
    wilson: dict[int, float]

    @property
    def met(self) -> bool:
        """The goals: the bar where every scene is looked at, one alert, and silence."""
        soon = all(d.median <= BAR for d in self.delays if "portions" not in d.name)
        once = not any(d.early or d.again for d in self.delays)
        return soon and once and not any(row.alerts for row in self.quiet)


class Watched:
    """One subject: its conditions meet the same scenes."""

    def __init__(self, way: Way, seed: int) -> None:
        self.way = way
        self.chance = random.Random(f"{way.name}/{seed}")
        self.streams = {str(n): Stream(way.change) for n in range(way.conditions)}
        self.risen: set[str] = set()

    def scenes(self, n: int, rates: Sequence[float]) -> Iterator[tuple[int, bool]]:
        """Look at ``n`` scenes, in portions; after each (scenes so far, whether it is alarmed)."""
        done = 0
        while done < n:
            size = min(n - done, self.chance.randint(1, self.way.portion))
            done += size
            share = 1 / len(self.streams)
            for (name, stream), events in zip(
                self.streams.items(), self._events(size, rates), strict=True
            ):
                stream.add((events, size), share)
                if stream.recovered:
                    stream.restart()
                    self.risen.discard(name)
            self.risen |= judge(self.streams)
            yield done, bool(self.risen)

    def _events(self, size: int, rates: Sequence[float]) -> list[int]:
        events = [0] * len(rates)
        for _ in range(size):
            # One scene in five is hard, under every condition; the mean stays.
            harder = (3.0 if self.chance.random() < 0.2 else 0.5) if self.way.uneven else 1.0
            for place, rate in enumerate(rates):
                events[place] += self.chance.random() < rate * harder
        return events


def delay(way: Way, runs: int) -> Delay:
    """A change under the first condition, for ``STAYS`` scenes, and back."""
    waits, backs, early, again = [], [], 0, 0
    usual = [BEFORE] * way.conditions
    for seed in range(runs):
        one = Watched(way, seed)
        early_on = [alarm for _, alarm in one.scenes(way.warm_up, usual)]
        if any(early_on):
            early += 1
            continue
        told = list(one.scenes(STAYS, [AFTER, *usual[1:]]))
        waits.append(next(done for done, alarm in told if alarm))
        again += sum(a and not b for (_, b), (_, a) in itertools.pairwise(told)) > 1
        backs.append(next(done for done, alarm in one.scenes(LONG, usual) if not alarm))
    p90 = statistics.quantiles(waits, n=10)[-1]
    median, back = statistics.median(waits), statistics.median(backs)
    return Delay(way.name, runs, median, p90, early, again, back)


def quiet(way: Way, seeds: int) -> Quiet:
    """No change at all."""
    alerts = 0
    for seed in range(seeds):
        one = Watched(way, seed)
        before = False
        for _, alarm in one.scenes(LONG + way.change.learn, [BEFORE] * way.conditions):
            alerts += alarm and not before
            before = alarm
    return Quiet(way.name, seeds, alerts)


def law(name: str, change: Change, rate: float, scenes: int, runs: int) -> Law:
    """How often a low bar is reached by chance, against what the theorem allows."""
    alarms = 0
    for seed in range(runs):
        chance = random.Random(f"law/{name}/{rate}/{seed}")
        stream = Stream(change)
        learn = change.learn if change.rate is None else 0
        if learn:
            stream.add((sum(chance.random() < rate for _ in range(learn)), learn))
        for _ in range(scenes):
            stream.add((int(chance.random() < rate), 1))
            if stream.evidence >= change.scenes_per_false_alert:
                alarms += 1
                break
    bound = scenes / change.scenes_per_false_alert
    return Law(name, rate, scenes, change.scenes_per_false_alert, alarms / runs, bound)


def plain_threshold(runs: int, scenes: Sequence[int]) -> dict[int, float]:
    """False alarms of an interval at 95 %, two-sided, looked at after every scene from the 20th."""
    first = []
    for seed in range(runs):
        chance = random.Random(f"wilson/{seed}")
        events, at = 0, max(scenes) + 1
        for n in range(1, max(scenes) + 1):
            events += chance.random() < BEFORE
            if n >= 20 and wilson(events, n).low > BEFORE:
                at = n
                break
        first.append(at)
    return {limit: sum(at <= limit for at in first) / runs for limit in scenes}


WAYS: Final = (
    Way("known baseline"),
    Way("baseline of 500 scenes", Change(learn=500)),
    Way("baseline of 1,000 scenes", Change(learn=1000)),
    Way("uneven scenes, known", portion=3, uneven=True),
    Way("uneven scenes, 1,000", Change(learn=1000), portion=3, uneven=True),
    Way("portions up to 30, known", portion=30),
    Way("portions up to 30, 1,000", Change(learn=1000), portion=30),
    Way("portions up to 100, 1,000", Change(learn=1000), portion=100),
    Way("portions up to 500, 1,000", Change(learn=1000), portion=500),
    Way("1 of 10 conditions, known", portion=3, conditions=10, uneven=True),
    Way("1 of 10 conditions, 1,000", Change(learn=1000), portion=3, conditions=10, uneven=True),
)


def measure(runs: int, seeds: int, step: Callable[[str], None] = lambda name: None) -> Measured:
    """All figures; ``step`` is told what comes next."""
    delays, silent = [], []
    for way in WAYS:
        step(way.name)
        delays.append(delay(way, runs))
        silent.append(quiet(way, max(1, seeds // way.costs)))
    step("the law")
    laws = []
    for scenes in (100, 500):
        known = Change(rate=BEFORE, scenes_per_false_alert=1000)
        laws.append(law("known", known, BEFORE, scenes, 5 * runs))
        for rate in (0.01, 0.05, 0.2):
            learned = Change(learn=500, scenes_per_false_alert=1000)
            laws.append(law("learned, 500", learned, rate, scenes, 5 * runs))
    step("a plain threshold")
    return Measured(delays, silent, laws, plain_threshold(runs, (1000, 10_000)))


def to_json(measured: Measured) -> dict[str, Any]:
    """For ``--json``."""
    return {"schema": "fieldproof.bench-alerts/1", "met": measured.met, **asdict(measured)}


def show(console: Console, measured: Measured) -> None:
    """Print the figures."""
    table = Table(title=f"Flip rate {BEFORE:.0%} to {AFTER:.0%}", title_justify="left")
    for name in ("way", "runs", "median", "90 %", "early", "again", "back", f"in {LONG:,}"):
        table.add_column(name, justify="left" if name == "way" else "right")
    for row, silent in zip(measured.delays, measured.quiet, strict=True):
        figures = (row.runs, row.median, row.p90, row.early, row.again, row.back)
        false = f"{silent.alerts} in {silent.seeds}"
        table.add_row(row.name, *(f"{figure:.0f}" for figure in figures), false)
    console.print(table)
    for one in measured.laws:
        console.print(
            f"{one.name}, rate {one.rate:.0%}, C = {one.per_false_alert:.0f}: alarm within "
            f"{one.scenes} scenes in {one.share:.2%} of runs; the bound is {one.bound:.0%}"
        )
    for limit, share in measured.wilson.items():
        console.print(f"A plain Wilson threshold: false alarm within {limit} scenes in {share:.1%}")
