"""Each rule answers from the results, and says when they cannot answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from agent.errors import ConfigError, DataError
from agent.metrics.bands import Slice
from agent.metrics.slices import SliceTally
from tools.evaluate.results import Results
from tools.evaluate.sections.slices import slice_figures
from tools.gate.judge import Judge, Ruling
from tools.gate.policy import Rule

Make = Callable[..., Results]
Write = Callable[[Path, Results], Path]


def rule_on(results: Results, baseline: Path | None = None, **rule: object) -> Ruling:
    parsed: Rule = TypeAdapter(Rule).validate_python(rule)
    return Judge(results, Path(), baseline).rule_on(parsed)


def answer(results: Results, **rule: object) -> str:
    return rule_on(results, **rule).answer


def test_clean_accuracy(make_results: Make) -> None:
    rule = {"rule": "clean_accuracy", "at_least": 0.9}
    assert answer(make_results(n=400, clean=390), **rule) == "pass"
    assert answer(make_results(n=40, clean=38), **rule) == "unsure"
    assert answer(make_results(n=400, clean=300), **rule) == "fail"


def test_missing_frames_are_told_in_frames_not_in_targets(make_results: Make) -> None:
    rule = {"rule": "clean_accuracy", "at_least": 0.9}
    one = rule_on(make_results(n=40, clean=38), **rule).more_frames
    sparse = rule_on(make_results(n=40, clean=38, frames=400), **rule).more_frames
    assert one is not None
    assert sparse == pytest.approx(10 * one, rel=0.05)


def test_robust_accuracy_and_flip_rate_of_one_condition(make_results: Make) -> None:
    results = make_results({"fog": (99, 60)})
    robust = {"rule": "robust_accuracy", "kind": "fog", "at_least": 0.8}
    assert answer(results, severity=0.25, **robust) == "pass"
    assert answer(results, severity=0.5, **robust) == "fail"
    flips = {"rule": "flip_rate", "kind": "fog", "at_most": 0.1}
    assert answer(results, severity=0.25, **flips) == "pass"
    assert answer(results, severity=0.5, **flips) == "fail"


def test_what_was_not_tried_is_missing_and_not_a_pass(make_results: Make) -> None:
    results = make_results({"fog": (99, 60)})
    for rule in (
        {"rule": "robust_accuracy", "kind": "rain", "severity": 0.5, "at_least": 0.5},
        {"rule": "robust_accuracy", "kind": "fog", "severity": 0.3, "at_least": 0.5},
        {"rule": "robust_accuracy", "kind": "fog", "level": 3, "at_least": 0.5},
        {"rule": "breaking_severity", "kind": "rain", "at_least": 0.5},
        {"rule": "worst_accuracy", "severity": 0.9, "at_least": 0.5},
        {"rule": "worst_slice", "at_least": 0.5},
    ):
        found = rule_on(results, **rule)
        assert (found.answer, "not in these results" in found.note) == ("missing", True)


def sliced(results: Results, *slices: tuple[str, int, int]) -> Results:
    """Results with slices by light, (band, seen, targets): each target a scene."""
    tally = SliceTally()
    for band, seen, n in slices:
        for number in range(n):
            tally.add([Slice("light", band)], "clean", f"{band} {number}", int(number < seen))
    results.slices = slice_figures(tally.rates())
    return results


def test_every_slice_that_is_large_enough_must_keep_the_limit(make_results: Make) -> None:
    rule = {"rule": "worst_slice", "at_least": 0.8}
    good = sliced(make_results(), ("day", 198, 200), ("night", 97, 100), ("dusk", 2, 4))
    found = rule_on(good, **rule)
    assert (found.answer, "1 slices too small" in found.note) == ("pass", True)
    bad = rule_on(sliced(make_results(), ("day", 198, 200), ("night", 50, 100)), **rule)
    assert (bad.answer, bad.note) == ("fail", "the worst: light night")
    near = sliced(make_results(), ("day", 198, 200), ("night", 82, 100))
    assert answer(near, **rule) == "unsure"
    assert answer(near, name="light", **rule) == "unsure"
    assert answer(near, name="site", **rule) == answer(near, kind="fog", **rule) == "missing"


def test_slices_that_are_all_too_small_settle_nothing(make_results: Make) -> None:
    found = rule_on(
        sliced(make_results(), ("day", 3, 3), ("night", 4, 4)), rule="worst_slice", at_least=0.8
    )
    assert (found.answer, found.more_frames) == ("unsure", None)
    assert found.note == "all 2 slices are too small to tell"


def test_one_scene_asks_for_other_approaches_and_not_for_frames(make_results: Make) -> None:
    results = make_results(n=40, clean=38)
    results.clean.ci95 = (0.0, 1.0)
    found = rule_on(results, rule="clean_accuracy", at_least=0.9)
    assert (found.answer, found.more_frames) == ("unsure", None)
    assert "other approaches" in found.note


def test_the_worst_condition_decides_and_one_of_many_is_not_failed_by_chance(
    make_results: Make,
) -> None:
    rule = {"rule": "worst_accuracy", "at_least": 0.8}
    kinds = {f"kind{number}": (97,) for number in range(20)}
    assert answer(make_results(kinds), **rule) == "pass"
    bad = rule_on(make_results({**kinds, "fog": (50,)}), **rule)
    assert (bad.answer, bad.note) == ("fail", "the worst: fog 0.25")
    # 71 of 100 alone breaks 80 %; among 21 it may be chance.
    assert answer(make_results({"fog": (71,)}), **rule) == "fail"
    assert answer(make_results({**kinds, "fog": (71,)}), **rule) == "unsure"


def test_breaking_severity_asks_for_half_at_the_strength_itself(make_results: Make) -> None:
    results = make_results({"fog": (95, 80, 20, 5)})
    rule = {"rule": "breaking_severity", "kind": "fog"}
    assert answer(results, at_least=0.5, **rule) == "pass"
    assert answer(results, at_least=0.75, **rule) == "fail"
    between = rule_on(results, at_least=0.6, **rule)
    assert (between.answer, between.note) == ("unsure", "try severities between 0.5 and 0.75")
    assert answer(make_results({"fog": (95, 52)}), at_least=0.5, **rule) == "unsure"


def test_breaking_severity_in_units_runs_the_way_harm_runs(make_results: Make) -> None:
    results = make_results({"fog": (95, 80, 20, 5)})
    rule = {"rule": "breaking_severity", "kind": "fog"}
    assert answer(results, up_to="173 m", **rule) == "pass"
    assert answer(results, up_to="72 m", **rule) == "fail"
    for strength, said in (("5 m", "visibility 30 m"), ("80 lx", "visibility"), ("far", "number")):
        with pytest.raises(ConfigError, match=said):
            answer(results, up_to=strength, **rule)


def test_a_kind_with_parameters_of_its_own_cannot_be_asked_in_units(make_results: Make) -> None:
    results = make_results({"fog": (95, 80)})
    results.conditions[0].units = "visibility 99 m"
    with pytest.raises(ConfigError, match="parameters of its own"):
        answer(results, rule="breaking_severity", kind="fog", up_to="80 m")


def test_a_severity_beyond_what_was_tried_is_missing(make_results: Make) -> None:
    found = rule_on(
        make_results({"fog": (95, 80)}), rule="breaking_severity", kind="fog", at_least=0.9
    )
    assert found.answer == "missing"
    assert "up to 0.5 only" in found.note


def test_phantoms_need_no_target(make_results: Make) -> None:
    rule = {"rule": "phantoms_per_frame", "at_most": 0.01}
    assert answer(make_results(n=0, clean=0, frames=500), **rule) == "pass"
    assert answer(make_results(n=0, clean=0, frames=100), **rule) == "unsure"
    assert answer(make_results(n=0, clean=0, frames=500, phantoms=20), **rule) == "fail"


def test_other_rules_refuse_data_without_the_target(make_results: Make) -> None:
    with pytest.raises(DataError, match="no target of the model") as refused:
        answer(make_results(n=0, clean=0, frames=9), rule="clean_accuracy", at_least=0.9)
    assert refused.value.exit_code == 65


def test_the_mean_error_is_settled_by_all_intervals_together(make_results: Make) -> None:
    rule = {"rule": "mean_corruption_error", "at_most": 0.3}
    assert answer(make_results({"fog": (98, 90), "rain": (98, 80)}), **rule) == "pass"
    assert answer(make_results({"fog": (78, 70), "rain": (78, 60)}), **rule) == "unsure"
    assert answer(make_results({"fog": (30, 20), "rain": (48, 30)}), **rule) == "fail"
    assert answer(make_results(), **rule) == "missing"


def test_a_regression_is_told_from_the_baseline(
    make_results: Make, write: Write, tmp_path: Path
) -> None:
    before = write(tmp_path / "before", make_results({"fog": (960,)}, n=1000, clean=1000))
    rule = {"rule": "regression", "at_most": 0.03, "baseline": before}
    good = make_results({"fog": (700,)}, n=1000, clean=995)
    assert answer(good, **rule) == "pass"
    assert answer(good, kind="fog", severity=0.25, **rule) == "fail"
    unsure = rule_on(make_results(n=1000, clean=975), **rule)
    assert unsure.answer == "unsure"
    assert "compare" in unsure.note


def test_a_regression_needs_a_baseline_of_the_same_data(
    make_results: Make, write: Write, tmp_path: Path
) -> None:
    other = write(tmp_path, make_results(source="elsewhere/other"))
    with pytest.raises(DataError, match="of other data"):
        rule_on(make_results(), other, rule="regression", at_most=0.1)
    with pytest.raises(ConfigError, match="no baseline"):
        answer(make_results(), rule="regression", at_most=0.1)
