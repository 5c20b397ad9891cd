"""Whole approaches as the page shows them: what a system that remembers a sign makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from tools.evaluate.sections.system import ApproachFigures, StopFigures, SystemFigures
from tools.report.wording import percent, percent_range, readable, severity


@dataclass(frozen=True)
class ApproachRow:
    """One condition. ``stops`` holds, for each speed, (share in words, detail)."""

    condition: str
    n: int
    missed: str
    unconfirmed: str
    first: str
    confirmed: str
    stops: tuple[tuple[str, str], ...]


def approach_rows(system: SystemFigures | None) -> list[ApproachRow]:
    """The clean frames, then each kind at the strongest severity tried."""
    if system is None:
        return []
    strongest: dict[str, ApproachFigures] = {}
    for one in system.conditions:
        if one.kind not in strongest or one.severity >= strongest[one.kind].severity:
            strongest[one.kind] = one
    speeds = speeds_of(system)
    return [_row(one, speeds) for one in strongest.values()]


def speeds_of(system: SystemFigures | None) -> list[float]:
    """The speeds in km/h at which any approach gives room to stop."""
    if system is None:
        return []
    return sorted({stop.speed_kmh for one in system.conditions for stop in one.stops})


def _row(one: ApproachFigures, speeds: list[float]) -> ApproachRow:
    stops = {stop.speed_kmh: stop for stop in one.stops}
    name = "clean" if one.kind == "clean" else f"{readable(one.kind)} {severity(one.severity)}"
    return ApproachRow(
        condition=name,
        n=one.approaches,
        missed=f"{one.missed} of {one.approaches}",
        unconfirmed=f"{one.unconfirmed} of {one.approaches}",
        first=_moment(one.first_distance_m, one.first_after_s),
        confirmed=_moment(one.confirmed_distance_m, one.confirmed_after_s),
        stops=tuple(_stop(stops.get(speed)) for speed in speeds),
    )


def _moment(distance_m: float | None, after_s: float | None) -> str:
    if distance_m is not None:
        return f"{distance_m:.0f} m before" if distance_m > 0 else "never"
    return "never" if after_s is None else f"after {after_s:.1f} s"


def _stop(stop: StopFigures | None) -> tuple[str, str]:
    if stop is None:
        return "–", "no approach begins far enough away"
    margin = "never confirmed"
    if stop.margin_m is not None:
        side = "before" if stop.margin_m >= 0 else "beyond"
        margin = f"{abs(stop.margin_m):.0f} m {side} the sign"
    share = stop.stops / stop.approaches
    detail = f"{margin}; {percent(share)} ({percent_range(stop.ci95)})"
    return f"{stop.stops} of {stop.approaches}", detail
