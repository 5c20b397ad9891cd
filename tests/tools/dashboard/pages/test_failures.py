"""The gallery: pictures, boxes over them, filters, and pages that go on below each other."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tools.dashboard.desk import make_desk
from tests.tools.dashboard.seed import Camera, seed
from tools.dashboard.pages import failures
from tools.dashboard.pages.failures import MOST, failure_of
from tools.stores import Store, _pictures

Ask = Callable[..., Any]


def cards(text: str) -> list[str]:
    return re.findall(r'<article class="card" id="failure-([\d-]+)"', text)


def evidence(**more: object) -> dict[str, object]:
    return {
        "stream": 1, "seq": 2, "at_ms": 3, "site": "lab", "device": "pi", "target": "stop sign",
        "width_px": 200, "height_px": 100, "clean_box": [0.1, 0.1, 0.3, 0.4], "perturbed_box": None,
        "target_box": [0.1, 0.1, 0.2, 0.3], "clean_seen": True, "clean_label": "stop sign",
        "clean_confidence": 0.9, "perturbed_seen": False, "perturbed_label": None,
        "perturbed_confidence": None, "flip": True, **more,
    }  # fmt: skip


def test_each_failure_shows_both_pictures_and_what_was_seen(ask: Ask) -> None:
    text = ask("/failures").text
    assert len(cards(text)) == 4
    sources = re.findall(r'<image href="(/pictures/[^"]+)"', text)
    assert len(sources) == 8
    for source in sources:
        picture = ask(source)
        assert picture.headers["content-type"] == "image/jpeg"
        assert picture.content.startswith(b"\xff\xd8")
        assert "immutable" in picture.headers["cache-control"]
    assert re.search(r"clean</span> <span class=\"seen\">seen 0\.\d\d", text)
    assert re.search(r"class=\"(lost|misread)\">(lost|misread as speed limit)", text)


def test_filters_leave_what_is_like_that(ask: Ask) -> None:
    every = cards(ask("/failures").text)
    by_kind = {kind: cards(ask("/failures", params={"condition": kind}).text)
               for kind in ("sticker", "fog", "motion_blur", "low_light")}  # fmt: skip
    assert sorted(one for found in by_kind.values() for one in found) == sorted(every)
    by_device = [
        cards(ask("/failures", params={"device": one}).text) for one in ("lab/pi-1", "yard/gate")
    ]
    assert sorted(by_device[0] + by_device[1]) == sorted(every)
    assert cards(ask("/failures", params={"model": "cd" * 32}).text) == by_device[1]
    assert cards(ask("/failures", params={"target": "stop sign"}).text) == every
    assert cards(ask("/failures", params={"target": "kite"}).text) == []
    severe = cards(ask("/failures", params={"severity": "1"}).text)
    assert set(severe) < set(every)
    assert (
        "None is like that"
        in ask("/failures", params={"condition": "'; DROP TABLE trials; --"}).text
    )
    assert len(cards(ask("/failures").text)) == 4


def test_targets_of_one_width_or_distance_can_be_sought(ask: Ask) -> None:
    text = ask("/failures").text
    every = cards(text)
    for name in ("size", "distance"):
        choices = re.search(rf'<select id="{name}".*?</select>', text, re.DOTALL)
        assert choices is not None
        bands = re.findall(r'value="(\d+-\d*)"', choices.group())
        found = [cards(ask("/failures", params={name: band}).text) for band in bands]
        assert sorted(one for some in found for one in some) == sorted(every)
        assert sum(map(bool, found)) > 1
    for wrong in ("16", "-16", "a-b", "1-2-3"):
        assert ask("/failures", params={"size": wrong}).status_code == 422


def test_a_search_that_finds_little_says_how_far_it_looked_and_goes_on(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = cards(ask("/failures").text)
    for module in (_pictures, failures):
        monkeypatch.setattr(module, "LOOKED_AT", 3)
    first = ask("/failures", params={"size": "0-"}).text
    assert cards(first) == every[:3]
    assert "Of 3 pictures looked through" in first
    older = re.search(r'href="(/failures[^"]+)" rel="next"', first)
    assert older is not None
    rest = ask(html.unescape(older.group(1))).text
    assert cards(rest) == every[3:]
    assert "looked through" not in rest
    answer = ask("/api/v1/failures", params={"size": "9000-"}).json()
    assert (answer["failures"], answer["more"], answer["next"]) == ([], True, every[2])


def test_a_failure_has_a_page_of_its_own(ask: Ask) -> None:
    for place in cards(ask("/failures").text):
        text = ask(f"/failures/{place}").text
        assert "What was seen" in text
        assert "/sessions/" in text
    at, stream, seq = place.split("-")
    for wrong in (f"{int(at) + 1}-{stream}-{seq}", f"{at}-{stream}-{int(seq) + 1}", "0-0-0",
                  f"{2**63 - 1}-{2**63 - 1}-{2**63 - 1}"):  # fmt: skip
        assert ask(f"/failures/{wrong}").status_code == 404


def test_pages_go_on_below_each_other_until_all_were_shown(
    tmp_path: Path, empty_store: Store
) -> None:
    kinds = {f"kind{number}": 0.1 for number in range(10)}
    seed(empty_store, [Camera("lab", "pi-1", kinds=kinds, evidence=MOST + 5, hours=12, scenes=4)])
    browser = make_desk(tmp_path, empty_store, open_to_all=True).browser()
    seen, place = [], "/failures"
    while place:
        text = browser.get(place).text
        seen += cards(text)
        found = re.search(r'href="(/failures\?[^"]*before=[^"]+)" rel="next"', text)
        place = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == MOST + 5
    assert seen == sorted(
        seen, key=lambda name: [int(part) for part in name.split("-")], reverse=True
    )


def test_without_evidence_it_says_how_to_ask_for_some(tmp_path: Path, empty_store: Store) -> None:
    text = make_desk(tmp_path, empty_store, open_to_all=True).browser().get("/failures").text
    assert "--evidence 6" in text


def test_what_cannot_be_asked_is_refused(ask: Ask) -> None:
    for asked in ({"before": "x"}, {"before": "1-2"}, {"severity": "2"}, {"severity": "nan"},
                  {"condition": "a\x00b"}, {"site": "../etc"}):  # fmt: skip
        assert ask("/failures", params=asked).status_code == 422, asked
    assert ask("/pictures/1/1/secret.jpg").status_code == 422
    assert ask("/pictures/99/1/clean.jpg").status_code == 404


def test_boxes_are_drawn_in_the_pictures_pixels() -> None:
    clean, perturbed = failure_of(evidence()).shots
    assert [(one.kind, one.x, one.y, one.width, one.height) for one in clean.outlines] == [
        ("target", 20.0, 10.0, 20.0, 20.0),
        ("right", 20.0, 10.0, 40.0, 30.0),
    ]
    assert [one.kind for one in perturbed.outlines] == ["target"]
    misread = failure_of(
        evidence(perturbed_box=[0.5, 0.5, 2.0, -1.0], perturbed_label="yield")
    ).shots[1]
    assert [one.kind for one in misread.outlines] == ["target", "amiss"]
    assert (misread.outlines[1].width, misread.outlines[1].height) == (100.0, 0.0)


def test_a_small_target_is_enlarged_within_its_picture() -> None:
    assert failure_of(evidence()).close == [0.0, 0.0, 140.0, 70.0]
    assert failure_of(evidence(target_box=[0.9, 0.9, 1.0, 1.0])).close == [130.0, 65.0, 70.0, 35.0]
    assert failure_of(evidence(target_box=[0.1, 0.1, 0.9, 0.9])).close is None
    assert failure_of(evidence(target_box=None)).close is None
    assert failure_of(evidence(target_box=[0.5, 0.5, 0.5, 0.5])).close is None


def test_evidence_without_its_trial_says_so() -> None:
    names = ("seen", "label", "confidence")
    alone = {f"{which}_{name}": None for which in ("clean", "perturbed") for name in names}
    failure = failure_of(evidence(**alone, flip=None))
    assert not failure.known
    assert {shot.words for shot in failure.shots} == {"the trial is not stored"}
