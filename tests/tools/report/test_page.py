"""The report is one safe, self-contained page, whatever it is given."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from agent.errors import MissingExtra
from agent.metrics.approach import Approaches, Look, Voting, approach_of
from agent.metrics.average_precision import AveragePrecision
from agent.metrics.bands import Slice
from agent.metrics.calibration import Calibration
from agent.metrics.confusion import Confusion
from agent.metrics.scenes import CLEAN
from agent.metrics.slices import SliceTally
from agent.values import Box, Sighting
from tools.evaluate.results import ClaimFigures, DataFacts, Results, WorstCase
from tools.evaluate.sections.calibration import calibration_figures
from tools.evaluate.sections.confusion import confusion_figures
from tools.evaluate.sections.detection import detection_figures
from tools.evaluate.sections.slices import slice_figures
from tools.evaluate.sections.system import system_figures
from tools.evaluate.trials import TrialRow
from tools.evaluate.vehicle import Vehicle
from tools.report.exhibit import Exhibit
from tools.report.page import render, write_report

Make = Callable[..., Results]
Hang = Callable[..., Exhibit]

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}.png"


class Page(HTMLParser):
    """What a browser would find: every tag with its attributes, and the text."""

    VOID = frozenset({"meta", "img", "br", "link", "input"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def assert_safe(page: str) -> Page:
    """Balanced, no script, nothing loaded from elsewhere, no id used twice."""
    found = Page(page)
    assert found.open == []
    assert not found.named("script")
    assert not re.search(r"https?:|@import|javascript:", page.replace("\n", " "), re.IGNORECASE)
    for tag, attributes in found.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in {"src", "href", "xlink:href", "data", "action", "poster"}:
                assert (value or "").startswith(("data:image/jpeg;base64,", "#")), (tag, value)
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', page))
    assert used <= set(ids)
    return found


@pytest.fixture
def results(make_results: Make) -> Results:
    return make_results(
        {"sticker": [38, 12], "fog": [40, 39], "droplets": [30, 20], "noise": [35, 5]}
    )


def test_a_report_is_self_contained_and_says_what_was_found(
    results: Results, make_exhibit: Hang, drive: list[TrialRow], tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    write_report(results, drive, [make_exhibit()], out, title="Trial run", notes=["A note."])
    found = assert_safe(out.read_text(encoding="utf-8"))
    for text in ("Trial run", "A note.", "sticker", "lost", "visibility 80 m", "ab" * 32):
        assert text in found.text
    assert "fieldproof evaluate --model 'stop sign model' --data photos" in found.text


def test_a_policy_forbids_all_but_embedded_pictures_and_styles(make_results: Make) -> None:
    metas = Page(render(make_results(), [], [])).named("meta")
    policy = next(m["content"] for m in metas if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")


def test_every_condition_appears_and_every_interval_is_drawn(results: Results) -> None:
    page = render(results, [], [])
    found = Page(page)
    table = page[page.index('<table class="conditions">') :]
    assert table.count('<th scope="row"') == 1 + len(results.conditions)
    drawn = [a["id"] for _, a in found.tags if re.match(r"curve\d+-ci", a.get("id") or "")]
    assert len(drawn) == len(results.conditions)
    assert len([a for a in found.named("div") if a.get("role") == "img"]) == 4


def test_hostile_names_are_shown_as_text(make_results: Make, make_exhibit: Hang) -> None:
    data = DataFacts(
        source=HOSTILE,
        frames=40,
        targets=40,
        rejected={HOSTILE: HOSTILE},
        unmatched_labels={HOSTILE: 2},
    )
    hostile = make_results({HOSTILE: [30, 3]}, name=HOSTILE, data=data)
    hostile.environment[HOSTILE] = HOSTILE
    exhibit = make_exhibit(
        kind=HOSTILE,
        label=HOSTILE,
        caption=HOSTILE,
        units=HOSTILE,
        perturbed=Sighting(False, HOSTILE + "2", 0.1),
    )
    page = render(hostile, [], [exhibit], title=HOSTILE, notes=[HOSTILE], command=HOSTILE)
    found = assert_safe(page)
    assert found.text.count(HOSTILE) >= 10
    assert len(found.named("img")) == 2


def test_sixty_big_pictures_stay_under_five_megabytes(
    make_results: Make, make_exhibit: Hang, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    whole = [make_exhibit(size=(720, 960), region=None, seed=i % 3) for i in range(60)]
    write_report(make_results(), [], whole, out)
    assert out.stat().st_size < 5_000_000
    found = assert_safe(out.read_text(encoding="utf-8"))
    shown = len(found.named("img")) // 2
    assert shown >= 12
    assert f"{shown} of 60 pairs are shown" in found.text


def test_a_suite_without_conditions_gives_clean_figures_only(make_results: Make) -> None:
    found = assert_safe(render(make_results({}, clean=39), [], []))
    assert "no perturbation was tried" in found.text
    assert "39 of 40" in found.text
    assert not found.named("svg")


def test_data_without_targets_is_said_to_tell_nothing(make_results: Make) -> None:
    found = assert_safe(render(make_results({"fog": [0, 0]}, n=0), [], []))
    assert "Nothing could be judged" in found.text


def test_a_classifier_has_no_boxes_to_explain(make_results: Make, make_exhibit: Hang) -> None:
    exhibit = make_exhibit(
        region=None,
        clean=Sighting(True, "stop", 0.98),
        perturbed=Sighting(False, "yield", 0.2),
        label="stop",
    )
    found = assert_safe(render(make_results({"fog": [30]}, detects=False), [], [exhibit]))
    assert "misread as yield" in found.text
    assert "corners" not in found.text
    assert all(image["alt"] for image in found.named("img"))


def test_a_drive_shows_from_where_the_target_is_seen(
    make_results: Make, drive: list[TrialRow]
) -> None:
    results = make_results()
    found = assert_safe(render(results, drive, []))
    assert "half seen from 30 m clean, from 10 m at severity 1" in " ".join(found.text.split())
    assert "Seen by distance" not in Page(render(results, [], [])).text


def test_a_box_at_the_frames_edge_does_not_break_the_page(
    make_results: Make, make_exhibit: Hang
) -> None:
    outside = make_exhibit(
        region=Box(-20, -5, 12, 9),
        perturbed=Sighting(True, "stop sign", 0.5, 0.6, Box(-9, -9, 300, 200)),
    )
    assert len(assert_safe(render(make_results(), [], [outside])).named("img")) == 2


def test_the_same_results_give_the_same_page(
    make_results: Make, make_exhibit: Hang, drive: list[TrialRow]
) -> None:
    results = make_results({"fog": [30]})
    assert render(results, drive, [make_exhibit()]) == render(results, drive, [make_exhibit()])


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_extra_is_named_and_nothing_is_written(
    package: str, make_results: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"{package}.*\.\[report\]"):
        write_report(make_results(), [], [], tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


def with_sections(results: Results) -> Results:
    """Results that have something to say in every section; names come from a hostile hand."""
    claim = ClaimFigures(kind="fog", claim=HOSTILE, decision="open", events=1, n=9, more=7)
    confusion, calibration = Confusion(), Calibration()
    for seen in ("yield", HOSTILE, HOSTILE):
        confusion.add(HOSTILE, Sighting(False, seen, 0.0))
    calibration.add(0.9, True)
    slices, clean = SliceTally(), Approaches()
    for scene in range(80):
        band = HOSTILE if scene % 2 else "by day"
        slices.add([Slice("site", band)], "clean", f"{scene}", scene % 2)
        slices.add([Slice("site", band)], "perturbed", f"{scene}", scene % 2)
    clean.add(approach_of([Look(0.0, 90.0, True), Look(0.1, 88.0, True)], Voting(1, 1)))
    return results.model_copy(
        update={
            "confusion": {"clean": confusion_figures(confusion)},
            "calibration": {"clean": calibration_figures(calibration)},
            "slices": slice_figures(slices.rates()),
            "system": system_figures({CLEAN: clean}, [CLEAN], Vehicle(), 0.125),
            "detection": detection_figures(AveragePrecision(0.5, 0.8, 0.6, {}), {"fog": [0.25]}, 9),
            "summary": results.summary.model_copy(
                update={
                    "claims": [claim],
                    "worst_case": WorstCase(
                        kind="fog", severity=1, accuracy=0, ci95=(0, 0.1), n=40, survivors=3
                    ),
                }
            ),
        }
    )


def test_every_section_is_told_and_none_can_run_anything(results: Results) -> None:
    page = assert_safe(render(with_sections(results), [], []))
    text = re.sub(r"\s+", " ", page.text.replace("\u202f", " "))
    for said in (
        "Claims tested",
        "7 more scenes without a loss",
        "Over a whole approach",
        "Stops from 30 km/h",
        "changes in 12.5 % of cases",
        "By site",
        "Weakest where site is by day: 0 % seen",
        "What it answers instead",
        "on average 10 % too modest",
        "50 % of it is left under corruption",
        "3 of 40 targets seen clean and under every condition",
    ):
        assert said in text, said
    assert text.count("<script>alert(1)</script>") >= 3, "shown as it is, as text"


def test_sections_without_anything_to_say_are_left_out(results: Results) -> None:
    text = assert_safe(render(results, [], [])).text
    for heading in (
        "Claims tested",
        "Over a whole approach",
        "Slices of the data",
        "answers instead",
    ):
        assert heading not in text


def test_a_search_is_drawn_as_survival(results: Results) -> None:
    fog = results.summary.breaking_severity["fog"]
    fog.searched = "bisection"
    page = render(results, [], [])
    assert "Share still seen by severity of fog" in page
    assert "Accuracy by severity of fog" not in page
