"""Calibration: hand-worked bins, exact merging, and what a perfect and a bold model show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.metrics.calibration import BINS, Calibration, answers_of
from agent.metrics.matching import sight
from agent.values import Box, Detection, Prediction, Target

answers = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=20)


def calibration(rows: list[tuple[float, bool]]) -> Calibration:
    made = Calibration()
    for confidence, right in rows:
        made.add(confidence, right)
    return made


def test_the_error_of_two_bins_worked_out_by_hand() -> None:
    # .9 is right once of twice: off by .4; .3 is never right: off by .3.
    counted = calibration([(0.9, True), (0.9, False), (0.3, False), (0.3, False)])
    assert counted.expected_error == pytest.approx(0.35)
    assert counted.overconfidence == pytest.approx(0.35)
    assert [(b.n, b.confidence, b.accuracy) for b in counted.bins()] == [(2, 0.3, 0), (2, 0.9, 0.5)]


def test_a_bin_holds_its_upper_edge_and_the_first_holds_zero() -> None:
    edges = [calibration([(x, True)]).n.index(1) for x in (0.0, 0.2, 0.200001, 0.4, 1.0)]
    assert edges == [0, 2, 3, 5, BINS - 1]


def test_errors_of_one_bin_cancel_and_of_two_bins_do_not() -> None:
    assert calibration([(0.5, True), (0.5, False)]).expected_error == 0
    apart = calibration([(0.4, True), (0.6, False)])
    assert apart.expected_error == pytest.approx(0.6)
    assert apart.overconfidence == pytest.approx(0)


def test_a_perfectly_calibrated_model_errs_near_zero_and_a_bold_one_by_its_boldness() -> None:
    chance = np.random.default_rng(3)
    confidence = chance.uniform(0, 1, 20_000)
    right = chance.random(20_000) < confidence
    perfect = calibration([(float(c), bool(r)) for c, r in zip(confidence, right, strict=True)])
    assert perfect.expected_error is not None
    assert perfect.expected_error < 0.015
    bold = calibration([(0.95, bool(r < 0.7)) for r in chance.random(20_000)])
    assert bold.expected_error == pytest.approx(0.25, abs=0.01)


@given(answers, answers)
def test_any_split_of_the_work_gives_the_same_calibration(
    one: list[tuple[float, bool]], two: list[tuple[float, bool]]
) -> None:
    merged = calibration(one)
    merged.merge(calibration(two))
    assert merged == calibration([*two, *one])


def test_no_answers_have_no_error_and_a_confidence_beyond_one_is_refused() -> None:
    assert Calibration().expected_error is None
    assert Calibration().overconfidence is None
    with pytest.raises(ValueError, match=r"lies in \[0, 1\]"):
        calibration([(1.5, True)])


def test_a_detector_answers_with_each_detection_and_a_classifier_with_its_top_label() -> None:
    sign, beside = Box(0, 0, 10, 10), Box(50, 50, 60, 60)
    found = tuple(Detection("stop", score, box) for score, box in ((0.9, sign), (0.6, beside)))
    detector = Prediction(found)
    seen, _ = sight(detector, [Target(0, 0, "stop", sign), Target(0, 1, "stop", Box(80, 0, 90, 9))])
    assert answers_of(detector, seen) == ((0.9, True), (0.6, False))
    twice = Prediction((found[0], found[0]))
    seen, _ = sight(twice, [Target(0, 0, "stop", sign)])
    assert answers_of(twice, seen) == ((0.9, True), (0.9, False))
    classifier = Prediction(scores=np.array([0.25, 0.75], np.float32), labels=("stop", "kite"))
    seen, _ = sight(classifier, [Target(0, 0, "stop")])
    assert answers_of(classifier, seen) == ((0.75, False),)
