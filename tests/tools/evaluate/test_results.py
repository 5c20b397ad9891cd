"""A tally becomes results that a person can work out by hand."""

from __future__ import annotations

import json

import pytest

from agent.metrics.counters import MICRO, Cell, CellKey, Tally
from agent.strategies import Verdict
from tools.evaluate.figures import clean_figures, condition_figures, summarise
from tools.evaluate.results import Results, to_json


def tally() -> Tally:
    """Four targets, all seen clean. Fog loses 1 then 3 of them; rain loses none."""
    made = Tally()
    made.add(CellKey("fog", 0.5, None), Cell(4, 3, 4, 1, MICRO, 4, 0))
    made.add(CellKey("fog", 1.0, None), Cell(4, 1, 4, 3, 2 * MICRO, 4, 1))
    made.add(CellKey("rain", 1.0, None), Cell(4, 4, 4, 0, 0, 4, 0))
    for lost_at in (0.5, 1.0, 1.0, None):
        made.add_losses(
            [("fog", s, lost_at is None or s < lost_at) for s in (0.5, 1.0)] + [("rain", 1.0, True)]
        )
    return made


UNITS = {CellKey("fog", 0.5, None): "200 m", CellKey("fog", 1.0, None): "50 m"}


def test_the_summary_is_the_mean_over_kinds_and_the_median_loss() -> None:
    summary = summarise(tally(), UNITS)
    assert summary.mean_corruption_error == pytest.approx((0.5 + 0.0) / 2)
    fog, rain = summary.breaking_severity["fog"], summary.breaking_severity["rain"]
    assert (fog.median, fog.censored, fog.n, fog.units) == (1.0, 1, 4, "50 m")
    assert (rain.median, rain.censored, rain.n) == (None, 4, 4)


def test_a_condition_tells_accuracy_flips_and_drop() -> None:
    figures = condition_figures(
        CellKey("fog", 1.0, None), tally().cells[CellKey("fog", 1.0, None)], "50 m", "in_scene"
    )
    assert (figures.accuracy, figures.flips, figures.flip_rate) == (0.25, 3, 0.75)
    assert figures.mean_confidence_drop == 0.5
    assert figures.phantoms == 1
    assert figures.ci95 == pytest.approx((0.0456, 0.6994), abs=1e-3)


def test_flips_are_a_share_of_what_was_seen_clean() -> None:
    cell = Cell(n=10, correct=4, clean_correct=5, flips=1)
    assert condition_figures(CellKey("fog", 1.0, None), cell, "", "").flip_rate == 0.2


def test_a_run_without_conditions_has_no_corruption_error() -> None:
    assert summarise(Tally(), {}).mean_corruption_error is None


def test_clean_figures_of_no_targets_claim_nothing() -> None:
    clean = clean_figures(Cell(frames=3, phantoms=1))
    assert (clean.accuracy, clean.ci95, clean.phantoms) == (0.0, (0.0, 1.0), 1)


def test_a_search_says_so_and_its_partial_rows_are_marked() -> None:
    lost = tally().lost["fog"]
    whole = condition_figures(CellKey("fog", 1.0, None), Cell(5, 1, 4, 3), "", "", lost)
    part = condition_figures(CellKey("fog", 0.5, None), Cell(3, 2, 3, 1), "", "", lost)
    assert (whole.selected, part.selected) == (False, True)
    assert (whole.n, whole.correct) == (4, 1), "a search asks only of what is seen clean"
    summary = summarise(tally(), UNITS, searched=lambda kind: "bisection", seen_again={"fog": 2})
    fog = summary.breaking_severity["fog"]
    assert (fog.searched, fog.seen_again, fog.median) == ("bisection", 2, 1.0)
    assert summary.mean_corruption_error is None, "its severities are not spread evenly"


def test_survival_falls_where_targets_are_lost() -> None:
    fog = summarise(tally(), UNITS).breaking_severity["fog"]
    assert [(step.severity, step.seen) for step in fog.survival] == [(0.5, 0.75), (1.0, 0.25)]
    assert summarise(tally(), UNITS).breaking_severity["rain"].survival == []


def test_nothing_is_said_of_breaking_where_it_was_not_looked_for() -> None:
    summary = summarise(tally(), UNITS, searched=lambda kind: None)
    assert summary.breaking_severity == {}
    assert summary.mean_corruption_error is not None


def test_claims_are_told_as_the_test_left_them() -> None:
    verdict = Verdict("fog", "flip_rate<0.1@0.4", "open", 1, 20, 47)
    (claim,) = summarise(tally(), UNITS, verdicts=[verdict]).claims
    assert (claim.kind, claim.decision, claim.n, claim.more) == ("fog", "open", 20, 47)


def test_results_survive_json_with_the_contracts_names() -> None:
    results = Results.model_validate(
        {
            "schema": "fieldproof.results/1",
            "model": {"name": "m", "kind": "ssd", "sha256": "0", "targets": [], "detects": True},
            "data": {"source": "d", "frames": 4, "targets": 4},
            "suite": "quick",
            "seed": 1,
            "clean": clean_figures(Cell(4, 4, 4, 0, 0, 4, 0)).model_dump(),
            "conditions": [],
            "summary": summarise(tally(), UNITS).model_dump(),
        }
    )
    plain = json.loads(json.dumps(to_json(results)))
    assert plain["schema"] == "fieldproof.results/1"
    assert list(plain)[:7] == ["schema", "model", "data", "suite", "seed", "clean", "conditions"]
    assert Results.model_validate(plain) == results
