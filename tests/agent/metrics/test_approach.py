"""Approaches: when a remembering system is sure, and whether the vehicle can still stop."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.metrics.approach import KMH, Approaches, Braking, Look, Moment, Voting, approach_of

DESIGN = Braking()


def looks(seen: str, start_m: float | None = 50.0, step_m: float = 2.0) -> list[Look]:
    """A frame each tenth of a second, ``x`` where the sign is seen; 20 m/s at 2 m a frame."""
    return [
        Look(i / 10, None if start_m is None else start_m - i * step_m, mark == "x")
        for i, mark in enumerate(seen)
    ]


def confirmed(seen: str, voting: Voting) -> int | None:
    """The frame in which the voting is won."""
    moment = approach_of(looks(seen), voting).confirmed
    return None if moment is None else round(moment.after_s * 10)


@pytest.mark.parametrize(
    ("seen", "k", "n", "index"),
    [
        ("..x..", 1, 1, 2),
        (".x.x.x", 2, 2, None),
        (".x.x.x", 2, 3, 3),
        ("xx", 2, 3, 1),
        ("x...x...x", 3, 9, 8),
        ("x...x...x", 3, 8, None),
        ("xxx", 4, 5, None),
    ],
)
def test_a_sign_is_confirmed_by_k_of_the_last_n_frames(
    seen: str, k: int, n: int, index: int | None
) -> None:
    assert confirmed(seen, Voting(k, n)) == index


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(1, 4), st.integers(0, 3))
def test_confirmation_is_the_first_window_with_k_sights(
    seen: list[bool], k: int, more: int
) -> None:
    n = k + more
    windows = [i for i in range(len(seen)) if sum(seen[max(0, i - n + 1) : i + 1]) >= k]
    marks = "".join("x" if one else "." for one in seen)
    assert confirmed(marks, Voting(k, n)) == (windows[0] if windows else None)


def test_moments_are_counted_from_the_tracks_first_frame() -> None:
    late = [look._replace(time_s=look.time_s + 7) for look in looks("..x.xx")]
    approach = approach_of(late, Voting(2, 3))
    assert approach.first == pytest.approx(Moment(0.2, 46.0))
    assert approach.confirmed == pytest.approx(Moment(0.4, 42.0))
    assert approach.soonest == pytest.approx(Moment(0.1, 48.0))
    assert (approach.frames, approach.seen_frames, approach.missed) == (6, 3, False)


def test_stopping_distances_are_those_of_road_design() -> None:
    # AASHTO's table for 50, 80 and 120 km/h: 65, 130 and 250 m, rounded up for design.
    for kmh, table in ((50, 65), (80, 130), (120, 250)):
        exact = DESIGN.distance_m(kmh * KMH)
        assert table - 5 < exact <= table


@given(st.floats(0, 60), st.floats(0, 3), st.floats(0.5, 10))
def test_the_fastest_speed_is_the_one_that_stops_just_in_time(
    speed: float, reaction: float, deceleration: float
) -> None:
    braking = Braking(reaction, deceleration)
    assert braking.fastest(braking.distance_m(speed)) == pytest.approx(speed, abs=1e-6)


def test_the_margin_is_what_remains_before_the_sign() -> None:
    braking, speed = Braking(0.5, 5.0), 10.0  # 5 m of reaction and 10 m of braking
    assert approach_of(looks("x"), Voting(1, 1)).margin_m(speed, braking) == pytest.approx(35)
    late = approach_of(looks("." * 20 + "x"), Voting(1, 1))
    assert late.margin_m(speed, braking) == pytest.approx(-5)
    assert approach_of(looks("..."), Voting(1, 1)).margin_m(speed, braking) == -math.inf
    assert approach_of(looks("x", None), Voting(1, 1)).margin_m(speed, braking) is None


def test_only_approaches_that_give_room_tell_whether_the_vehicle_stops() -> None:
    braking, speed, voting = Braking(0.5, 5.0), 10.0, Voting(2, 2)
    some = Approaches()
    for seen, start in [("xx.", 50.0), ("...", 50.0), ("xx.", 14.0), ("xx.", None), ("x", 50.0)]:
        some.add(approach_of(looks(seen, start), voting))
    stops = some.stops(speed, braking)
    assert (stops.k, stops.n) == (1, 2)
    assert (some.missed().k, some.unconfirmed().k, some.missed().n) == (1, 2, 5)
    assert some.margin_m(speed, braking) == -math.inf, "one of two is never confirmed"
    some.add(approach_of(looks("xx.", 60.0), voting))
    assert some.margin_m(speed, braking) == pytest.approx(48 - 15)
    assert Approaches().margin_m(speed, braking) is None


def test_a_missed_sign_counts_as_late_as_can_be() -> None:
    some = Approaches()
    for seen in ("x....", "..x..", "....."):
        some.add(approach_of(looks(seen), Voting(1, 1)))
    after, distance = some.first_after_s(), some.first_distance_m()
    assert after is not None
    assert distance is not None
    assert after.median == pytest.approx(0.2)
    assert distance.median == pytest.approx(46)
    some.add(approach_of(looks("....."), Voting(1, 1)))
    some.add(approach_of(looks("....."), Voting(1, 1)))
    after, distance = some.confirmed_after_s(), some.confirmed_distance_m()
    assert after is not None
    assert distance is not None
    assert (after.median, distance.median) == (None, 0)


def test_without_distances_there_is_none_and_times_remain() -> None:
    some = Approaches([approach_of(looks("..x", None), Voting(1, 1))])
    assert some.first_distance_m() is None
    assert some.first_after_s() is not None
    assert Approaches().first_after_s() is None


@given(st.lists(st.text("x.", min_size=1, max_size=6), max_size=8), st.integers(0, 8))
def test_any_split_of_the_tracks_gives_the_same_figures(tracks: list[str], cut: int) -> None:
    outcomes = [approach_of(looks(seen), Voting(2, 3)) for seen in tracks]
    whole, left, right = (Approaches(part) for part in (outcomes, outcomes[:cut], outcomes[cut:]))
    right = Approaches(list(right.outcomes))
    right.merge(left)
    for figure in ("missed", "unconfirmed", "first_after_s", "confirmed_distance_m"):
        assert getattr(right, figure)() == getattr(whole, figure)()
    assert right.stops(5, DESIGN) == whole.stops(5, DESIGN)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        approach_of([], Voting())
    with pytest.raises(ValueError, match="order of time"):
        approach_of([Look(1, None, True), Look(0, None, True)], Voting())
    with pytest.raises(ValueError, match="4 of 3"):
        Voting(4, 3)
    with pytest.raises(ValueError, match="deceleration above 0"):
        Braking(1.0, 0.0)
    with pytest.raises(ValueError, match="not negative"):
        DESIGN.distance_m(-1)
    with pytest.raises(ValueError, match="not negative"):
        DESIGN.fastest(-1)
