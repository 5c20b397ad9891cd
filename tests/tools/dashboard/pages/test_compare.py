"""Devices, models and spans of time against each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.tools.dashboard.desk import make_desk
from tests.tools.dashboard.seed import Camera, seed
from tools.stores import Store

Ask = Callable[..., Any]
SIDES = {"a_device": "lab/pi-1", "a_span": "24h", "b_device": "yard/gate", "b_span": "24h"}


def kinds(text: str) -> list[str]:
    return re.findall(r'<th scope="row" role="rowheader">([\w ]+)<span', text)


def test_two_devices_are_compared_kind_by_kind(ask: Ask) -> None:
    text = ask("/compare", params=SIDES).text
    assert kinds(text)[0] == "All kinds"
    assert set(kinds(text)[1:]) == {"sticker", "fog", "motion blur", "low light"}
    assert "lab/pi-1 · last 24 hours" in text
    assert re.search(r"[+-]\d+\.\d points", text)


def test_two_models_are_compared_over_all_devices(ask: Ask) -> None:
    text = ask(
        "/compare", params={"a_model": "ab" * 32, "b_model": "cd" * 32, "a_span": "24h"}
    ).text
    assert "stop_sign_v2 (abababab)" in text
    assert len(kinds(text)) == 5


def test_a_fall_from_one_day_to_the_next_is_found(tmp_path: Path, empty_store: Store) -> None:
    was = Camera(
        "lab", "was", hours=30, scenes=20, frames=1, evidence=0, seen_ago_ms=27 * 3_600_000
    )
    now = Camera("lab", "now", hours=20, scenes=20, frames=1, evidence=0, weak=0.25)
    seed(empty_store, [was, now])
    text = make_desk(tmp_path, empty_store, open_to_all=True).browser().get("/compare").text
    assert "B sees fewer" in text
    assert 'class="worse"' in text


def test_the_same_on_both_sides_and_nothing_on_one_are_said(ask: Ask) -> None:
    same = {**SIDES, "b_device": "lab/pi-1"}
    assert "A and B are the same" in ask("/compare", params=same).text
    assert "There is nothing to compare" in ask("/compare").text
    assert "There is nothing to compare" in ask("/compare", params={**SIDES, "a_device": "x"}).text
    assert ask("/compare", params={**SIDES, "a_span": "1y"}).status_code == 422
