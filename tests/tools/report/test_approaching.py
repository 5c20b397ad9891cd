"""Approaches on the page."""

from __future__ import annotations

from tools.evaluate.sections.system import ApproachFigures, StopFigures, SystemFigures
from tools.report.approaching import approach_rows, speeds_of
from tools.report.wording import NARROW


def one(
    kind: str, severity: float, distance: float | None, margin: float | None
) -> ApproachFigures:
    stop = StopFigures(speed_kmh=50, approaches=4, stops=3, ci95=(0.3, 0.95), margin_m=margin)
    return ApproachFigures(
        kind=kind,
        severity=severity,
        approaches=5,
        missed=1,
        missed_ci95=(0.0, 1.0),
        unconfirmed=2,
        unconfirmed_ci95=(0.0, 1.0),
        first_after_s=1.25,
        confirmed_after_s=None,
        first_distance_m=distance,
        confirmed_distance_m=distance,
        stops=[stop] if distance is not None else [],
    )


SYSTEM = SystemFigures(
    voting="3 of 5",
    reaction_s=2.5,
    deceleration=3.4,
    conditions=[
        one("clean", 0, 30.0, 4.6),
        one("fog", 0.5, 20.0, -3.0),
        one("fog", 1.0, 0.0, None),
        one("rain", 1.0, None, None),
    ],
)


def test_each_kind_stands_with_its_strongest_severity() -> None:
    rows = approach_rows(SYSTEM)
    assert [row.condition for row in rows] == ["clean", "fog 1", "rain 1"]
    assert speeds_of(SYSTEM) == [50]
    clean, fog, rain = rows
    assert (clean.first, clean.missed, clean.unconfirmed) == ("30 m before", "1 of 5", "2 of 5")
    assert clean.stops[0][0] == "3 of 4"
    assert clean.stops[0][1].replace(NARROW, " ") == "5 m before the sign; 75 % (30–95 %)"
    assert (fog.first, fog.stops[0][1].startswith("never confirmed")) == ("never", True)
    assert (rain.first, rain.confirmed, rain.stops[0][0]) == ("after 1.2 s", "never", "–")


def test_without_approaches_there_are_no_rows() -> None:
    assert (approach_rows(None), speeds_of(None)) == ([], [])
