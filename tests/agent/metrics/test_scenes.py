"""Scenes: what counts as one piece of evidence, and what is told of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import pytest

from agent.metrics.approach import Voting
from agent.metrics.bands import Slice
from agent.metrics.counters import CellKey
from agent.metrics.scenes import CLEAN, GONE, Glimpse, Outcome, SceneTally

FOG, DENSE = CellKey("fog", 0.5, None), CellKey("fog", 1.0, None)
NIGHT = Slice("light", "night")


def glimpse(
    frame: int,
    outcomes: dict[CellKey, bool],
    *,
    clip: str = "drive",
    track: str = "1",
    seen: bool = True,
    slices: Sequence[Slice] = (),
) -> Glimpse:
    found = [Outcome(key, one, "stop" if one else None) for key, one in outcomes.items()]
    distance = 50.0 - frame
    label = "stop" if seen else None
    return Glimpse(clip, track, frame, frame / 10, distance, seen, label, found, slices)


def closed(tally: SceneTally, frames: Sequence[Sequence[Glimpse]]) -> SceneTally:
    for frame in frames:
        tally.add(frame)
    tally.close()
    return tally


def test_the_frames_of_a_track_are_one_scene() -> None:
    tally = closed(SceneTally(), [[glimpse(i, {FOG: i > 3}, seen=i != 9)] for i in range(10)])
    seen, lost = tally.seen(FOG), tally.lost(FOG)
    assert (seen.scenes, seen.k, seen.n, seen.kk) == (1, 6, 10, 36)
    assert (lost.scenes, lost.k, lost.n) == (1, 4, 9), "of those that were seen clean"
    assert tally.seen(CLEAN).k == 9


def test_the_targets_of_a_photo_are_one_scene_and_those_of_a_drive_are_not() -> None:
    pair = [
        glimpse(0, {FOG: True}, clip="a.jpg"),
        glimpse(0, {FOG: False}, clip="a.jpg", track="2"),
    ]
    other = [glimpse(1, {FOG: True}, clip="b.jpg")]
    photos = closed(SceneTally(), [pair, other]).seen(FOG)
    assert (photos.scenes, photos.k, photos.n, photos.nn) == (2, 2, 3, 5)
    drive = [[glimpse(i, {FOG: True}), glimpse(i, {FOG: False}, track="2")] for i in range(3)]
    assert closed(SceneTally(), drive).seen(FOG).scenes == 2


def test_a_track_that_comes_back_after_long_is_another_scene() -> None:
    def scenes(pause: int) -> int:
        frames = [0, 1, 1 + pause, 2 + pause]
        made = [[glimpse(f, {FOG: True}, track="1"), glimpse(f, {}, track="2")] for f in frames]
        return closed(SceneTally(), made).seen(FOG).scenes

    assert (scenes(GONE), scenes(GONE + 1)) == (1, 2)


def test_losses_are_counted_by_scene_at_the_least_severity() -> None:
    frames = [[glimpse(0, {FOG: True, DENSE: False})], [glimpse(1, {FOG: False, DENSE: True})]]
    frames += [[glimpse(2, {FOG: True, DENSE: True})], [glimpse(3, {FOG: False}, seen=False)]]
    (found,) = closed(SceneTally(), frames).broken["fog"].items()
    assert found == (((0.5, 1), (1.0, 1), (None, 1)), 1)


def test_slices_pool_the_severities_of_kinds_that_all_targets_meet() -> None:
    rain = CellKey("rain", 1.0, None)
    frames = [
        [glimpse(i, {FOG: True, DENSE: False, rain: False}, slices=[NIGHT])] for i in range(4)
    ]
    tally = closed(SceneTally(frozenset({"fog"})), frames)
    counts = {rate.condition: (rate.k, rate.n, rate.scenes) for rate in tally.slices.rates()}
    assert counts == {"clean": (4, 4, 1), "fog": (4, 8, 1), "perturbed": (4, 8, 1)}


def test_approaches_and_flips_are_of_tracks_and_of_such_kinds_alone() -> None:
    frames = [[glimpse(i, {FOG: i % 2 == 1, DENSE: False})] for i in range(6)]
    photo = [[glimpse(9, {FOG: True}, clip="a.jpg")]]
    tally = closed(SceneTally(frozenset({"fog"}), Voting(2, 3)), [*frames, *photo])
    (approach,) = tally.approaches[FOG].outcomes
    assert approach.first is not None
    assert approach.confirmed is not None
    assert (approach.first.distance_m, approach.confirmed.distance_m) == (49, 47)
    assert tally.approaches[DENSE].missed().k == 1
    assert tally.flips[FOG] == (5, 5)
    assert tally.flips[DENSE] == (0, 5)
    assert FOG not in closed(SceneTally(), frames).approaches


def test_a_sign_that_never_goes_away_takes_no_more_memory() -> None:
    def peak(count: int) -> int:
        tally = SceneTally(frozenset({"fog"}))
        tracemalloc.start()
        for frame in range(count):
            tally.add([glimpse(frame, {FOG: True, DENSE: False}, slices=[NIGHT])])
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size

    peak(10)
    assert peak(4000) < peak(400) + 10_000


@pytest.mark.parametrize("key", [FOG, CLEAN])
def test_nothing_seen_has_no_scenes(key: CellKey) -> None:
    assert closed(SceneTally(), []).seen(key).scenes == 0
