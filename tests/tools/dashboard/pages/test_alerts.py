"""Alerts are seen by all, and acknowledged by operators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.dashboard.desk import Desk, form_of, make_desk
from tests.tools.dashboard.seed import LAB, NOW_MS, seed
from tools.dashboard.pages.alerts import MOST
from tools.stores import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        seed(opened, [LAB])
        yield opened


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Desk:
    return make_desk(tmp_path, store)


def listed(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li id="alert-(\d+)"', text)]


def test_open_acknowledged_and_past_alerts_are_apart(desk: Desk) -> None:
    browser = desk.signed_in()
    assert listed(browser.get("/alerts").text) == [2, 1]
    assert listed(browser.get("/alerts?state=acknowledged").text) == []
    assert listed(browser.get("/alerts?state=resolved").text) == [3]


def test_an_operator_acknowledges_an_alert(desk: Desk, store: Store) -> None:
    browser = desk.signed_in("ada")
    page = browser.get("/alerts").text
    answer = browser.post(
        "/alerts/1/acknowledge", data={"form": form_of(page), "next": "/alerts?state=open"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts?state=open")
    assert listed(browser.get("/alerts").text) == [2]
    (seen,) = store.alerts("acknowledged")
    assert (seen["acknowledged_by"], seen["acknowledged_ms"]) == ("ada", NOW_MS)
    assert "by ada" in browser.get("/alerts/1").text


def test_a_viewer_may_look_and_not_acknowledge(desk: Desk, store: Store) -> None:
    browser = desk.signed_in("vic")
    page = browser.get("/alerts").text
    assert "Acknowledge<" not in page
    answer = browser.post("/alerts/1/acknowledge", data={"form": form_of(page)})
    assert answer.status_code == 403
    assert "Only operators may do this" in answer.text
    assert not list(store.alerts("acknowledged"))


def test_acknowledging_leads_to_no_other_site(desk: Desk) -> None:
    browser = desk.signed_in("ada")
    form = form_of(browser.get("/alerts").text)
    answer = browser.post("/alerts/2/acknowledge", data={"form": form, "next": "//evil.example"})
    assert answer.headers["location"] == "/"


def test_an_alert_shows_its_rule_and_what_that_saw(desk: Desk) -> None:
    text = desk.signed_in().get("/alerts/1").text
    for words in ("robustness_fell", "yard/gate", "<dt>baseline</dt><dd>0.05</dd>", "143"):
        assert words in text
    assert desk.signed_in().get("/alerts/99").status_code == 404
    assert desk.signed_in().post("/alerts/99/acknowledge").status_code == 403


def test_a_subject_with_a_page_is_a_link(desk: Desk, store: Store) -> None:
    store.open_alert("gaps", "lab/pi-1", "warning", "Rows were lost.", {}, NOW_MS)
    text = desk.signed_in().get("/alerts").text
    assert '<a href="/devices/lab/pi-1">lab/pi-1</a>' in text
    assert '<a href="/devices/yard/gate">' not in text


def test_history_goes_on_page_by_page(desk: Desk, store: Store) -> None:
    for number in range(MOST + 3):
        store.open_alert("rule", f"subject{number}", "warning", "It happened.", {}, NOW_MS)
    browser = desk.signed_in()
    first = listed(browser.get("/alerts").text)
    second = listed(browser.get("/alerts", params={"before": first[-1]}).text)
    assert len(first) == MOST
    assert [*first, *second] == sorted({*first, *second}, reverse=True)
    assert second[-1] == 1


def test_where_no_alert_was_ever_raised_the_page_says_so(
    tmp_path: Path, empty_store: Store
) -> None:
    text = make_desk(tmp_path, empty_store, open_to_all=True).browser().get("/alerts").text
    assert "No alert was ever raised" in text
