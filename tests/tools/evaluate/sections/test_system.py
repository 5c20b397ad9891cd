"""Approaches as figures that can be worked out by hand."""

from __future__ import annotations

from agent.metrics.approach import Approaches, Braking, Look, Voting, approach_of
from agent.metrics.counters import CellKey
from agent.metrics.scenes import CLEAN
from tools.evaluate.sections.system import system_figures
from tools.evaluate.vehicle import Vehicle

VEHICLE = Vehicle(Voting(1, 1), Braking(0.5, 5.0), (36.0, 360.0))
FOG = CellKey("fog", 1.0, None)


def approaches(*seen: str) -> Approaches:
    """From 50 m on, 2 m and a tenth of a second a frame."""
    return Approaches(
        [
            approach_of(
                [Look(i / 10, 50.0 - 2 * i, mark == "x") for i, mark in enumerate(frames)],
                VEHICLE.voting,
            )
            for frames in seen
        ]
    )


def test_the_clean_frames_come_first_and_speeds_without_room_are_left_out() -> None:
    found = {FOG: approaches("." * 20 + "x", "...x"), CLEAN: approaches("x", "x")}
    system = system_figures(found, [CLEAN, FOG], VEHICLE, 0.25)
    assert system is not None
    clean, fog = system.conditions
    assert (clean.kind, clean.approaches, clean.missed) == ("clean", 2, 0)
    # 10 m/s: 5 m to react, 10 m to brake; 100 m/s wants far more than 50 m.
    (stop,) = clean.stops
    assert (stop.speed_kmh, stop.stops, stop.margin_m) == (36, 2, 35)
    assert (fog.first_distance_m, fog.stops[0].stops) == (10, 1)
    assert fog.stops[0].margin_m == -5
    assert (system.voting, system.mean_flip_probability) == ("1 of 1", 0.25)


def test_half_never_confirmed_has_no_margin_and_no_approach_no_section() -> None:
    system = system_figures({CLEAN: approaches("...", "x")}, [CLEAN], VEHICLE, None)
    assert system is not None
    assert system.conditions[0].stops[0].margin_m is None
    assert system_figures({}, [CLEAN], VEHICLE, None) is None
