"""The verdict says what the figures say, no more; cautions say what they cannot."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tools.evaluate.results import DataFacts, Results
from tools.evaluate.trials import TrialRow
from tools.report.breaking import breaking_rows
from tools.report.verdict import Verdict, cautions, pronounce

Make = Callable[..., Results]


def judge(results: Results) -> Verdict:
    return pronounce(results, breaking_rows(results))


def said(results: Results, trials: list[TrialRow] | None = None) -> str:
    return " ".join(caution.text for caution in cautions(results, trials or []))


def test_the_kind_that_breaks_at_the_mildest_severity_comes_first(make_results: Make) -> None:
    verdict = judge(make_results({"fog": [40, 10], "sticker": [10, 0], "rain": [40, 30]}))
    assert verdict.worst == (("sticker", "0.5 (40 cm²)"), ("fog", "1 (80 cm²)"))
    assert "breaks first under sticker: half lost at severity 0.5" in verdict.headline
    assert verdict.survivors == "More than half survived the strongest setting tried of rain."


def test_kinds_beyond_the_three_worst_are_named_too(make_results: Make) -> None:
    verdict = judge(make_results({kind: [30, 0] for kind in ("a", "b", "c", "d", "e")}))
    assert len(verdict.worst) == 3
    assert verdict.more_broke == "Also: d 1 and e 1."


def test_a_model_that_never_sees_its_target_has_nothing_to_lose(make_results: Make) -> None:
    verdict = judge(make_results({"fog": [0, 0]}, clean=0))
    assert "sees no target on the clean pictures" in verdict.headline
    assert not verdict.worst
    assert not verdict.survivors


def test_clean_accuracy_is_said_with_its_interval(make_results: Make) -> None:
    clean = judge(make_results({}, n=46, clean=43)).clean.replace("\u202f", " ")
    assert clean == (
        "On clean pictures it finds 43 of 46 targets (stop sign): 93.5 %, 95 % interval 82–98 %."
    )


def test_good_figures_on_enough_photos_need_no_caution(make_results: Make) -> None:
    assert cautions(make_results({"fog": [40, 30]}), []) == []


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"n": 12}, "Only 12 targets"),
        ({"clean": 20}, "misses 20 of 40 targets"),
        ({"clean": 20}, "fieldproof model probe"),
        ({"phantoms": 3}, "3 phantoms in 40 clean frames"),
        ({"survivors": {"snow": [8, 39]}}, "does not always do more harm: snow"),
    ],
)
def test_what_weakens_the_figures_is_said(
    wishes: dict[str, object], words: str, make_results: Make
) -> None:
    assert words in said(make_results(**wishes))


def test_rejected_pictures_and_unknown_labels_are_named_up_to_a_bound(make_results: Make) -> None:
    data = DataFacts(
        source="photos",
        frames=40,
        targets=40,
        rejected={f"{i}.jpg": "truncated" for i in range(30)},
        unmatched_labels={"zebra": 4},
    )
    rejected, unmatched = cautions(make_results({}, data=data), [])
    assert rejected.text.startswith("30 pictures could not be used")
    assert rejected.details[0] == "0.jpg: truncated"
    assert rejected.details[-1] == "and 18 more"
    assert unmatched.details == ("zebra: 4",)


def test_frames_of_one_approach_are_not_passed_off_as_independent(make_results: Make) -> None:
    results = make_results({})
    results.clean.scenes = 1
    assert "40 targets are of one track" in said(results)
    results.clean.scenes = 5
    assert "40 targets come from only 5 scenes" in said(results)
    results.clean.scenes = 40
    assert "scenes" not in said(results)


def test_a_low_clean_accuracy_on_a_drive_may_be_a_matter_of_distance(
    make_results: Make, drive: list[TrialRow]
) -> None:
    text = said(make_results({}, clean=20), drive)
    assert "too far away" in text
    assert "model probe" not in text


def test_more_phantoms_under_a_condition_are_said(make_results: Make) -> None:
    results = make_results({"fog": [30, 20]})
    last = results.conditions[-1].model_copy(update={"phantoms": 9})
    results.conditions[-1] = last
    assert "most under fog 1, 9 in 40 frames" in said(results)


def test_what_a_search_tried_on_some_targets_is_not_called_uneven(make_results: Make) -> None:
    results = make_results({"snow": [8, 39]})
    results.conditions[0] = results.conditions[0].model_copy(update={"selected": True})
    assert "does not always" not in said(results)
