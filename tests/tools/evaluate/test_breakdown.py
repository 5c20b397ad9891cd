"""The breakdown by condition, and the sample that average precision is made of."""

from __future__ import annotations

import pytest

from agent.metrics.average_precision import ranked
from agent.metrics.counters import CellKey
from agent.metrics.scenes import CLEAN
from agent.session import Examination, Inference
from agent.values import Box, Condition, Detection, Part, Sighting, Target, Trial
from tools.evaluate import breakdown
from tools.evaluate.breakdown import Breakdown
from tools.evaluate.graded import Graded
from tools.evaluate.looked import Details

BOX = Box(0, 0, 10, 10)
TARGET = Target(0, 0, "stop", BOX)
FOG = Condition((Part("fog", 0.5),), varied=0.5)
KEY = CellKey("fog", 0.5, None)
SEEN, MISREAD = Sighting(True, "stop", 0.9, 1.0, BOX), Sighting(False, "yield", 0.0, 0.8, BOX)


def graded(score: float, label: str, right: bool) -> Graded:
    own = ranked([Detection(label, score, BOX)], [("stop", BOX)])
    return Graded(((score, right),), (), own)


def frame(index: int) -> tuple[Examination, Details]:
    """Seen clean with .9, taken for another sign in fog."""
    trial = Trial(index, "a", TARGET, FOG, SEEN, MISREAD)
    seen = Examination(index, "a", (TARGET,), (SEEN,), 0, (Inference(FOG, (trial,), 0),))
    details = Details(0.0, ((),), graded(0.9, "stop", True), (graded(0.7, "yield", False),))
    return seen, details


def test_each_condition_has_its_own_account_and_kinds_are_joined() -> None:
    made = Breakdown()
    for index in range(3):
        made.add(index, *frame(index))
    calibrations, confusions = made.calibrations(), made.confusions()
    assert list(confusions) == ["clean", "perturbed", "fog"]
    assert calibrations["clean"].expected_error == pytest.approx(0.1)
    assert calibrations["fog"].expected_error == pytest.approx(0.7)
    assert confusions["fog"].misread() == (("stop", "yield", 3),)
    clean = made.accounts[CLEAN].precision.figure()
    assert clean is not None
    assert clean.ap == pytest.approx(1)
    assert made.precisions({"fog"}) == {"fog": [0.0]}
    assert made.precisions(set()) == {}
    assert made.frames == 3


def test_of_large_data_a_sample_of_frames_is_ranked_that_chance_draws_by_position(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(breakdown, "MOST_PICTURES", 1000)
    some, again = Breakdown(4000), Breakdown(4000)
    for index in range(2000):
        some.add(index, *frame(index))
    for index in reversed(range(2000)):
        again.add(index, *frame(index))
    assert 400 < some.frames < 600
    assert some.frames == again.frames
    assert some.accounts[KEY].confusion.n() == 2000, "the other counts are of all"
    assert some.accounts[KEY].precision.figure() == again.accounts[KEY].precision.figure()


def test_a_session_without_details_still_tells_what_was_seen_instead() -> None:
    made = Breakdown()
    made.add(0, frame(0)[0], Details())
    assert made.confusions()["perturbed"].n() == 1
    assert made.calibrations() == {}
