"""Slices: bands, exact merging, and alarms that are seldom false."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.metrics._contrast import Shared, clustered_p, scene_shared
from agent.metrics.bands import BANDS, Slice, slices_of
from agent.metrics.slices import SliceTally, spreads, worst_slice
from agent.statistics.clustered import (
    Sums,
    grow,
    scene_sums,
)

NIGHT, DAY = Slice("light", "night"), Slice("light", "day")
Row = tuple[Slice, str, str, bool]
rows = st.lists(
    st.tuples(
        st.sampled_from([NIGHT, DAY]),
        st.sampled_from(["fog", "rain"]),
        st.sampled_from(["a", "b", "c"]),
        st.booleans(),
    ),
    max_size=30,
)


def sliced(
    rates: dict[str, float],
    scenes: int,
    frames: int,
    chance: np.random.Generator,
    alike: float = 0.0,
) -> SliceTally:
    """Slices with scenes of their own, whose rates follow a beta law where frames are alike."""
    tally = SliceTally()
    for name, rate in rates.items():
        own = np.full(scenes, rate)
        if alike:
            own = chance.beta(rate * (1 / alike - 1), (1 - rate) * (1 / alike - 1), scenes)
        for scene, seen in enumerate(chance.binomial(frames, own)):
            tally.add([Slice("site", name)], "fog", f"{name}-{scene}", int(seen), frames)
    return tally


# In 400 runs each, .5 % to 2.3 % of runs raise an alarm; at rates of .9 and beyond, none.
@pytest.mark.parametrize(
    ("rate", "scenes", "frames", "alike", "runs"),
    [(0.5, 60, 1, 0.0, 40), (0.9, 60, 1, 0.0, 20), (0.5, 10, 6, 0.6, 80), (0.8, 20, 3, 0.3, 40)],
)
def test_forty_slices_that_differ_by_chance_alone_raise_an_alarm_in_5_percent_of_runs_at_most(
    rate: float, scenes: int, frames: int, alike: float, runs: int
) -> None:
    chance = np.random.default_rng(1)
    alarms = 0
    for _ in range(runs):
        same = {f"{number:02}": rate for number in range(40)}
        found = {r.finding for r in sliced(same, scenes, frames, chance, alike).rates()}
        assert "too small" not in found
        alarms += found != {"alike"}
    assert alarms <= 0.05 * runs


def test_a_slice_that_is_truly_worse_among_forty_is_found() -> None:
    chance = np.random.default_rng(2)
    rates = {f"{number:02}": 0.9 for number in range(40)} | {"07": 0.4}
    found = sliced(rates, 20, 3, chance, alike=0.3).rates()
    assert [r.slice.band for r in found if r.finding != "alike"] == ["07"]
    worst = worst_slice(found)
    assert worst is not None
    assert worst.slice == Slice("site", "07")
    spread = spreads(found)["fog", "site"]
    assert spread.worst is worst
    assert spread.difference == pytest.approx(spread.best.rate - worst.rate)
    assert spread.ratio == pytest.approx(worst.rate / spread.best.rate)


Scene = tuple[int, int, int, int]
"""(k, n) inside and (k, n) outside."""


def p_of(scenes: list[Scene]) -> float:
    whole, inside, shared = [0] * len(Sums()), [0] * len(Sums()), [0] * 5
    for k, n, other_k, other_n in scenes:
        grow(whole, scene_sums(k + other_k, n + other_n))
        if n:
            grow(inside, scene_sums(k, n))
            grow(shared, scene_shared(k, n, k + other_k, n + other_n))
    return clustered_p(Sums(*whole), Sums(*inside), Shared(*shared))


def test_frames_of_one_scene_are_not_so_many_pieces_of_evidence() -> None:
    one_each: list[Scene] = [(int(i < 16), 1, 0, 0) for i in range(20)]
    one_each += [(0, 0, i % 2, 1) for i in range(60)]
    thirty_each: list[Scene] = [(a * 30, b * 30, c * 30, d * 30) for a, b, c, d in one_each]
    assert 0.004 < p_of(thirty_each) < p_of(one_each) < 0.1  # only the half step shrinks
    assert p_of(one_each * 30) < 1e-12


def test_a_slice_without_a_single_loss_is_compared_all_the_same() -> None:
    # 60 of 60 where 95 % is usual: chance gives that in one case of twenty.
    counts: list[Scene] = [(1, 1, 0, 0)] * 60
    counts += [(0, 0, int(i % 20 != 0), 1) for i in range(2000)]
    assert 0.02 < p_of(counts) < 0.3
    assert p_of([(1, 1, 2, 2)] * 30) == 1


def test_a_scene_that_lies_in_several_slices_is_compared_with_itself() -> None:
    tally = SliceTally()
    for scene in range(30):
        tally.add([Slice("size_px", "far")], "fog", f"{scene}", 1, 4)
        tally.add([Slice("size_px", "near")], "fog", f"{scene}", 3 + scene % 2, 4)
    far, near = tally.rates()
    assert (far.finding, near.finding) == ("worse", "better")
    assert (far.rate, far.rest, far.scenes) == (0.25, near.rate, 30)


def test_the_wider_intervals_hold_together_where_the_others_do_not() -> None:
    chance = np.random.default_rng(4)
    alone = together = 0
    for _ in range(40):
        same = {f"{number:02}": 0.7 for number in range(40)}
        found = sliced(same, 30, 4, chance, alike=0.2).rates()
        alone += all(r.interval.low <= 0.7 <= r.interval.high for r in found)
        together += all(r.together.low <= 0.7 <= r.together.high for r in found)
    assert together >= 36
    assert alone <= 16


def test_small_slices_are_said_to_be_too_small_and_never_alarm() -> None:
    chance = np.random.default_rng(3)
    tally = sliced({"big": 1.0, "large": 1.0}, 40, 1, chance)
    for scene in range(9):
        tally.add([Slice("site", "few scenes")], "fog", f"s{scene}", 0, 50)
    for scene in range(29):
        tally.add([Slice("site", "few targets")], "fog", f"t{scene}", 0)
    found = {rate.slice.band: rate.finding for rate in tally.rates()}
    assert found["few scenes"] == found["few targets"] == "too small"
    assert found["big"] == "better"
    alone = sliced({"only": 0.5}, 100, 1, chance).rates()
    assert [(r.finding, r.rest, r.p) for r in alone] == [("too small", None, None)]
    assert spreads(alone) == {}
    assert worst_slice(alone) is None


def counted(some: list[Row]) -> SliceTally:
    tally = SliceTally()
    for own, condition, scene, seen in some:
        tally.add([own], condition, scene, int(seen))
    return tally


@given(rows, st.integers(0, 30))
def test_any_split_of_the_work_gives_the_same_rates(some: list[Row], cut: int) -> None:
    left, right = counted(some[cut:]), counted(some[:cut])
    right.merge(left)
    assert right.rates() == counted(some).rates()


@given(rows, st.sets(st.sampled_from(["a", "b", "c"])))
def test_settled_scenes_give_the_same_rates_as_open_ones(some: list[Row], early: set[str]) -> None:
    settled = counted([row for row in some if row[2] in early])
    settled.settle()
    rest = counted([row for row in some if row[2] not in early])
    rest.merge(settled)
    assert rest.rates() == counted(some).rates()
    rest.settle()
    assert rest.rates() == counted(some).rates()


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="2 of 1"):
        SliceTally().add([NIGHT], "fog", "a", 2)


def test_a_property_falls_into_fixed_bands_and_a_tag_is_its_own() -> None:
    assert slices_of(
        {"site": "harbour", "hour": "13", "note": "", "file": "a.png"}, {"size_px": 31.9}
    ) == (
        Slice("hour", "12 to 15 h"),
        Slice("site", "harbour"),
        Slice("size_px", "16 to 32 px"),
    )
    assert slices_of({"hour": "dawn"}, {}) == (Slice("hour", "dawn"),)
    assert slices_of({"size_px": "9"}, {"size_px": 300}) == (Slice("size_px", "256 px and above"),)
    with pytest.raises(KeyError, match="warmth"):
        slices_of({}, {"warmth": 3})


@pytest.mark.parametrize("name", sorted(BANDS))
def test_bands_cover_every_number_once_and_an_edge_opens_its_band(name: str) -> None:
    bands = BANDS[name]
    assert list(bands.edges) == sorted(set(bands.edges))
    assert [bands.band(edge) for edge in (bands.edges[0] - 1, *bands.edges)] == list(bands.names())
    with pytest.raises(ValueError, match="not a number"):
        bands.band(float("nan"))
