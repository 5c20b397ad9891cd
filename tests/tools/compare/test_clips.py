"""Paired statistics of clips: exact, the plain ones where clips are single, and honest."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.statistics.paired import mcnemar, paired_difference
from tools.compare.clips import ClipCounts, clustered_difference, sign_flip


@given(st.integers(0, 40), st.integers(0, 40))
def test_with_one_target_a_clip_the_test_is_mcnemars(won: int, lost: int) -> None:
    assert sign_flip([1] * won + [-1] * lost) == pytest.approx(mcnemar(won, lost))


@given(st.lists(st.integers(-6, 6), max_size=9))
def test_the_p_value_counts_all_sign_patterns(differences: list[int]) -> None:
    patterns = list(product((-1, 1), repeat=len(differences)))
    sums = [sum(s * d for s, d in zip(p, differences, strict=True)) for p in patterns]
    far = sum(abs(total) >= abs(sum(differences)) for total in sums)
    assert sign_flip(differences) == pytest.approx(far / len(patterns))


def test_for_many_clips_the_sum_is_taken_as_normal_and_hardly_differs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    differences = [2, -1, 1, 1, -2, 3] * 60
    exact = sign_flip(differences)
    monkeypatch.setattr("tools.compare.clips.EXACT_STEPS", 0)
    assert sign_flip(differences) == pytest.approx(exact, abs=0.002)


def test_frames_of_one_clip_are_one_piece_of_evidence() -> None:
    assert sign_flip([-300]) == 1.0
    assert clustered_difference([ClipCounts(0, 300, 300)]) == (-1.0, 1.0)


def test_the_same_frames_thirty_times_over_narrow_nothing() -> None:
    once = [ClipCounts(0, 1, 1)] * 6 + [ClipCounts(1, 0, 1)] * 2 + [ClipCounts(0, 0, 1)] * 32
    often = [ClipCounts(30 * won, 30 * lost, 30 * n) for won, lost, n in once]
    low, high = clustered_difference(often)
    assert high - low >= 0.98 * (paired_difference(2, 6, 40).high - paired_difference(2, 6, 40).low)


def test_models_that_never_differ_are_judged_by_the_number_of_clips() -> None:
    low, high = clustered_difference([ClipCounts(0, 0, 50)] * 20)
    assert low == pytest.approx(-high)
    assert 0.05 < high < 0.15


@pytest.mark.parametrize("alike", [0.0, 0.8])
def test_the_interval_covers_the_true_difference(alike: float) -> None:
    """Clips of 8 frames; with ``alike`` most frames of a clip share their fate."""
    chance = np.random.default_rng(5)
    truth = 0.10 - 0.20
    held = 0
    for _ in range(400):
        clips = []
        for _ in range(40):
            own = chance.choice([1, -1, 0], p=[0.10, 0.20, 0.70])
            fates = chance.choice([1, -1, 0], p=[0.10, 0.20, 0.70], size=8)
            fates = np.where(chance.random(8) < alike, own, fates)
            clips.append(ClipCounts(int((fates > 0).sum()), int((fates < 0).sum()), 8))
        low, high = clustered_difference(clips)
        held += low <= truth <= high
    assert 0.925 <= held / 400 <= 0.98
