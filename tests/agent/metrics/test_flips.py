"""How often a model changes its mind within a clip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.metrics.flips import (
    Flips,
    against,
    flip_probability,
    flips_of,
    mean_flip_probability,
    mean_flip_rate,
)


def test_changes_count_against_the_previous_frame_or_the_first() -> None:
    labels = ["stop", "stop", None, None, "yield", "stop"]
    assert flips_of(labels) == Flips(3, 5)
    assert flips_of(labels, "first") == Flips(3, 5)
    assert flips_of(["a", "b", "b", "b"]) == Flips(1, 3)
    assert flips_of(["a", "b", "b", "b"], "first") == Flips(3, 3)


def test_noise_is_compared_with_the_first_frame_and_the_rest_with_the_previous() -> None:
    assert against("ic_gaussian_noise") == "first"
    assert against("motion_blur") == "previous"


def test_single_frames_hold_no_comparison() -> None:
    assert flips_of([]) == flips_of(["stop"]) == Flips(0, 0)
    assert flip_probability([Flips(0, 0)]) is None


@given(st.lists(st.lists(st.sampled_from(["stop", "yield", None]), min_size=4, max_size=4)))
def test_for_clips_of_one_length_it_is_the_mean_over_clips(clips: list[list[str | None]]) -> None:
    flips = [flips_of(labels) for labels in clips]
    if clips:
        mean = sum(f.changed / f.n for f in flips) / len(flips)
        assert flip_probability(flips) == pytest.approx(mean)


def test_the_mean_weighs_each_perturbation_once_and_needs_them_all() -> None:
    assert mean_flip_probability({"fog": 0.1, "noise": 0.3}) == pytest.approx(0.2)
    assert mean_flip_probability({"fog": 0.1, "noise": None}) is None
    assert mean_flip_probability({}) is None


def test_the_flip_rate_of_the_reference_itself_is_one() -> None:
    own = {"fog": 0.1, "noise": 0.3}
    assert mean_flip_rate(own, own) == pytest.approx(1)
    assert mean_flip_rate(own, {"fog": 0.2, "noise": 0.3, "rain": 0.0}) == pytest.approx(0.75)
    with pytest.raises(ValueError, match="reference flips"):
        mean_flip_rate(own, {"fog": 0.0, "noise": 0.3})
