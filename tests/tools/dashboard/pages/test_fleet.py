"""The fleet's page: figures, states, filters, sorting, and what it says of an empty store."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.tools.dashboard.desk import Desk, make_desk
from tests.tools.dashboard.seed import LAB, NOW_MS, seed
from tools.stores import Store, open_store

Ask = Callable[..., Any]


def names(text: str) -> list[str]:
    """The devices of a page's table, in their order."""
    return re.findall(r'<th scope="row" role="rowheader"><a href="/devices/([^"]+)"', text)


def row(text: str, device: str) -> str:
    """What the table says of a device, without markup."""
    (found,) = re.findall(rf'<tr role="row" id="row-{device}">(.*?)</tr>', text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", found).replace("\u202f", " ").split())


def test_every_device_is_there_with_what_runs_on_it(ask: Ask) -> None:
    text = ask("/").text
    assert sorted(names(text)) == ["lab/pi-1", "north/mast", "yard/gate", "yard/ramp"]
    said = row(text, "yard-gate")
    for words in ("online", "stop_sign_v1", "cdcdcdcd", "0.1.0", "raspberry-pi-5", "throttled"):
        assert words in said
    assert said.endswith(" 12")


def test_the_figures_are_those_of_the_rows(ask: Ask, fleet_store: Store) -> None:
    path = fleet_store._db.path  # type: ignore[attr-defined]
    with closing(sqlite3.connect(path)) as db:
        n, seen, flips, clean = db.execute(
            "SELECT count(*), sum(perturbed_seen), sum(flip), sum(clean_seen) FROM trials"
        ).fetchone()
    text = ask("/", params={"span": "all"}).text.replace("\u202f", " ")
    assert f"<dd>{n:,}</dd>".replace(",", " ") in text
    assert f"{flips:,} of {clean:,} seen clean were lost".replace(",", " ") in text
    assert f"<dd>{100 * seen / n:.1f} %</dd>" in text


def test_a_device_that_fell_silent_is_called_so_with_since_when(ask: Ask) -> None:
    said = row(ask("/").text, "yard-ramp")
    assert "silent for 47 min" in said
    assert "last heard 2026-09-21 13:" in said
    assert "silent" not in row(ask("/").text, "lab-pi-1")


def test_states_differ_in_shape_and_words_not_in_colour_alone(ask: Ask) -> None:
    text = ask("/").text
    shapes = dict(re.findall(r'<svg class="mark (\w+)"[^>]*>(<\w+ [^>]*>)', text))
    assert len({shapes[name] for name in ("online", "silent", "offline")}) == 3
    assert 'role="status">1 device silent, 1 offline. 2 open alerts.' in text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "gate"}, ["yard/gate"]),
        ({"q": "V1 yard"}, ["yard/gate"]),
        ({"q": "nothing like it"}, []),
        ({"state": "offline"}, ["north/mast"]),
        ({"site": "yard"}, ["yard/gate", "yard/ramp"]),
        ({"model": "cd" * 32}, ["yard/gate"]),
        ({"site": "yard", "state": "silent"}, ["yard/ramp"]),
        ({"q": "' OR 1=1 --"}, []),
    ],
)
def test_filters_and_search(ask: Ask, asked: dict[str, str], found: list[str]) -> None:
    assert sorted(names(ask("/", params=asked).text)) == found


def test_sorting_by_each_column_puts_all_devices_in_an_order(ask: Ask) -> None:
    columns = re.findall(r"sort=(\w+)", ask("/").text)
    assert {"name", "robust", "worst", "temperature", "gaps"} <= set(columns)
    for column in set(columns):
        up = names(ask("/", params={"sort": column}).text)
        down = names(ask("/", params={"sort": column, "down": "1"}).text)
        assert sorted(up) == sorted(down)
        assert len(up) == 4
    assert names(ask("/", params={"sort": "gaps", "down": "1"}).text)[0] == "yard/gate"
    assert names(ask("/", params={"sort": "robust"}).text)[0] == "yard/gate"
    assert 'aria-sort="ascending"' in ask("/", params={"sort": "robust"}).text


def test_devices_can_be_grouped_by_site(ask: Ask) -> None:
    text = ask("/", params={"group": "site", "sort": "name"}).text
    assert re.findall(r"<h3>(\w+) <span", text) == ["lab", "north", "yard"]


@pytest.mark.parametrize(
    "asked",
    [{"state": "dead"}, {"span": "1y"}, {"sort": "rm -rf"}, {"page": "0"}, {"page": "x"},
     {"q": "x" * 101}, {"group": "planet"}],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_in_a_sentence(ask: Ask, asked: dict[str, str]) -> None:
    answer = ask("/", params=asked)
    assert answer.status_code == 422
    assert "That cannot be asked" in answer.text


def test_an_empty_store_says_what_to_do(tmp_path: Path, empty_store: Store) -> None:
    text = make_desk(tmp_path, empty_store, open_to_all=True).browser().get("/").text
    assert "No device has sent anything yet" in text
    assert "fieldproof collect" in text


def test_names_tags_and_places_come_from_a_file_that_may_change(
    tmp_path: Path, fleet_store: Store
) -> None:
    places = tmp_path / "places.toml"
    places.write_text('[devices."lab/pi-1"]\nname = "Bench"\ntags = ["indoors"]\n')
    browser = make_desk(tmp_path, fleet_store, open_to_all=True, places=places).browser()
    text = browser.get("/").text
    assert ">Bench</a>" in text
    assert 'aria-labelledby="map"' not in text
    assert names(browser.get("/", params={"tag": "indoors"}).text) == ["lab/pi-1"]
    assert re.findall(r"<h3>([\w ]+) <span", browser.get("/?group=tag").text) == [
        "indoors",
        "no tag",
    ]
    places.write_text('[devices."lab/pi-1"]\nname = "Shelf"\nlat = 52.5\nlon = 13.4\n')
    text = browser.get("/").text
    assert ">Shelf</a>" in text
    assert 'aria-label="Shelf, online"' in text
    places.write_text("broken")
    assert ">Shelf</a>" in browser.get("/").text


def test_what_is_stored_while_the_page_is_open_is_on_the_next_one(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        seed(store, [LAB])
        desk: Desk = make_desk(tmp_path, store, open_to_all=True)
        browser = desk.browser()
        assert names(browser.get("/").text) == ["lab/pi-1"]
        from dataclasses import replace

        other = replace(LAB, device="pi-2")
        seed(store, [other], NOW_MS)
        assert names(browser.get("/?sort=name").text) == ["lab/pi-1", "lab/pi-2"]
