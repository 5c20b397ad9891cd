"""Where mCE is given, and where it would mean nothing."""

from __future__ import annotations

import pytest

from agent.metrics.corruption_error import ALEXNET
from agent.metrics.counters import Cell, CellKey, Tally
from agent.suite import load_suite
from agent.values import Condition
from tools.evaluate.figures import summarise
from tools.evaluate.imagenet import knows_imagenet, standard_errors

CLASSES = ["tench", "goldfish, Carassius auratus", "zebra", "Espresso", "toilet tissue, bathroom"]


def _tried(suite: str) -> tuple[dict[CellKey, Condition], Tally]:
    """A tally in which level k of each corruption is missed on 10 k of 100 targets."""
    conditions = {CellKey(c.kind, c.severity, c.level): c for c in load_suite(suite).expand(0)}
    tally = Tally()
    for key in conditions:
        tally.add(key, Cell(n=100, correct=100 - 10 * (key.level or 0), clean_correct=100))
    return conditions, tally


def test_the_thousand_classes_are_known_with_and_without_background() -> None:
    filled = CLASSES + [f"class {n}" for n in range(995)]
    assert knows_imagenet(filled)
    assert knows_imagenet(["background", *filled])
    assert not knows_imagenet(filled[:-1])
    assert not knows_imagenet([f"class {n}" for n in range(1000)])


def test_errors_stand_by_corruption_and_level() -> None:
    errors = standard_errors(*_tried("imagenet-c-224"))
    assert len(errors) == 19
    assert errors["fog"] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


def test_mce_is_the_mean_over_the_15_of_the_errors_over_alexnets() -> None:
    conditions, tally = _tried("imagenet-c-224")
    summary = summarise(tally, dict.fromkeys(conditions, ""), standard_errors(conditions, tally))
    expected = sum(1.5 / sum(levels) for levels in ALEXNET.values()) / 15
    assert summary.mce == pytest.approx(expected, abs=1e-6)
    assert summary.mean_corruption_error == pytest.approx(0.3)


@pytest.mark.parametrize("suite", ["imagenet-c-scaled", "quick"])
def test_other_strengths_and_other_kinds_have_no_mce(suite: str) -> None:
    conditions, tally = _tried(suite)
    assert standard_errors(conditions, tally) == {}
    assert summarise(tally, dict.fromkeys(conditions, ""), {}).mce is None
