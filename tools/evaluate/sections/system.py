"""What a vehicle that remembers makes of its signs, as results tell it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pydantic import Field

from agent.metrics.approach import KMH, Approaches
from agent.metrics.counters import CellKey
from agent.statistics.intervals import CensoredMedian
from tools.evaluate.sections import Pair, Section, pair, rounded
from tools.evaluate.vehicle import Vehicle


class StopFigures(Section):
    """At ``speed_kmh``: on how many of the approaches that give room the vehicle stops in time.

    ``margin_m`` is the median distance left before the sign, below 0 beyond it; None where half of
    the signs are never confirmed.
    """

    speed_kmh: float
    approaches: int
    stops: int
    ci95: Pair
    margin_m: float | None


class ApproachFigures(Section):
    """The approaches under one condition; kind ``clean`` for the frames as they are.

    ``missed``: no frame saw the sign; ``unconfirmed``: the voting was never won. Medians of the
    time since the track's first frame and of the distance before the sign: None where half never
    came to that, or where distances are not known.
    """

    kind: str
    severity: float
    level: int | None = None
    approaches: int
    missed: int
    missed_ci95: Pair
    unconfirmed: int
    unconfirmed_ci95: Pair
    first_after_s: float | None
    confirmed_after_s: float | None
    first_distance_m: float | None
    confirmed_distance_m: float | None
    stops: list[StopFigures] = Field(default_factory=list)


class SystemFigures(Section):
    """``voting``: a sign is confirmed by ``k`` of the last ``n`` frames. How the vehicle brakes:
    ``reaction_s`` at full speed, then ``deceleration`` in m/s2."""

    voting: str
    reaction_s: float
    deceleration: float
    conditions: list[ApproachFigures]
    mean_flip_probability: float | None = None


def system_figures(
    approaches: Mapping[CellKey, Approaches],
    order: Sequence[CellKey],
    vehicle: Vehicle,
    mean_flip_probability: float | None,
) -> SystemFigures | None:
    """Figures of the conditions in ``order``, the clean frames first; None without approaches."""
    told = [key for key in order if key in approaches]
    if not told:
        return None
    return SystemFigures(
        voting=str(vehicle.voting),
        reaction_s=vehicle.braking.reaction_s,
        deceleration=vehicle.braking.deceleration,
        conditions=[_condition(key, approaches[key], vehicle) for key in told],
        mean_flip_probability=rounded(mean_flip_probability),
    )


def _condition(key: CellKey, found: Approaches, vehicle: Vehicle) -> ApproachFigures:
    missed, unconfirmed = found.missed(), found.unconfirmed()
    return ApproachFigures(
        kind=key.kind or "clean",
        severity=key.severity,
        level=key.level,
        approaches=missed.n,
        missed=missed.k,
        missed_ci95=pair(missed.interval),
        unconfirmed=unconfirmed.k,
        unconfirmed_ci95=pair(unconfirmed.interval),
        first_after_s=_middle(found.first_after_s()),
        confirmed_after_s=_middle(found.confirmed_after_s()),
        first_distance_m=_middle(found.first_distance_m()),
        confirmed_distance_m=_middle(found.confirmed_distance_m()),
        stops=[s for s in (_stops(found, v, vehicle) for v in vehicle.speeds_kmh) if s.approaches],
    )


def _stops(found: Approaches, speed_kmh: float, vehicle: Vehicle) -> StopFigures:
    share = found.stops(speed_kmh * KMH, vehicle.braking)
    margin = found.margin_m(speed_kmh * KMH, vehicle.braking)
    return StopFigures(
        speed_kmh=speed_kmh,
        approaches=share.n,
        stops=share.k,
        ci95=pair(share.interval),
        margin_m=None if margin is None or margin == -math.inf else round(margin, 3),
    )


def _middle(median: CensoredMedian | None) -> float | None:
    return None if median is None or median.median is None else round(median.median, 3)
