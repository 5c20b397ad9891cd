"""Binning by distance, on an approach whose answer is known."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tools.evaluate.trials import TrialRow
from tools.report.distance import CLEAN, DistanceMap, Strip, map_distances


def test_every_trial_is_counted_and_every_clean_frame_once(drive: list[TrialRow]) -> None:
    distances = map_distances(drive)
    assert distances is not None
    (strip,) = distances.strips
    assert {s: sum(n for _, n in row.values()) for s, row in strip.cells.items()} == {
        CLEAN: 40,
        0.5: 40,
        1.0: 40,
    }
    assert sum(seen for seen, _ in strip.cells[0.5].values()) == 20


def test_bins_have_round_edges_that_cover_all(drive: list[TrialRow]) -> None:
    distances = map_distances(drive)
    assert distances is not None
    edges = distances.edges_m
    assert edges[0] <= 1
    assert edges[-1] > 40
    assert len(edges) <= 17
    assert {b - a for a, b in pairwise(edges)} == {5}


@pytest.mark.parametrize("distance", [None, 12.0])
def test_unknown_or_equal_distances_give_no_map(
    distance: float | None, drive: list[TrialRow]
) -> None:
    assert map_distances([row._replace(distance_m=distance) for row in drive]) is None
    assert map_distances([]) is None


def test_reach_ends_where_the_target_is_first_mostly_lost() -> None:
    strip = Strip("fog", {0.5: {0: (4, 4), 1: (2, 4), 2: (1, 4), 3: (4, 4)}, 1.0: {0: (0, 4)}})
    distances = DistanceMap((0, 10, 20, 30, 40), (strip,))
    assert distances.reach_m(strip, 0.5) == 20
    assert distances.reach_m(strip, 1.0) is None
