"""A device's page: what became of it over time, where it breaks, what it lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.tools.dashboard.desk import make_desk
from tests.tools.dashboard.seed import Camera, seed
from tools.stores import Store

Ask = Callable[..., Any]


def charts(text: str) -> dict[str, str]:
    """Each chart's id and address."""
    found = re.findall(r'id="chart-([^"]+)">.*?<img src="([^"]+)"', text, flags=re.DOTALL)
    return {name: place.replace("&amp;", "&") for name, place in found}


def test_it_tells_state_versions_clock_gaps_and_readings(ask: Ask) -> None:
    text = ask("/devices/yard/gate").text
    for words in ("online", "stop_sign_v1", "raspberry-pi-5", "+0.04 s from the collector",
                  "the outbox was full", "temperature c", "s-gate"):  # fmt: skip
        assert words in text
    letters = ask("/devices/lab/pi-1").text
    assert "it is not JSON" in letters
    assert "it is not JSON" not in text


def test_a_silent_device_is_called_so(ask: Ask) -> None:
    assert "silent for 47 min" in ask("/devices/yard/ramp").text


def test_each_chart_says_in_words_and_numbers_what_it_shows(ask: Ask) -> None:
    text = ask("/devices/lab/pi-1").text
    found = charts(text)
    assert {"robust", "flips", "clean", "confidence", "frames_per_s", "temperature_c"} <= set(found)
    assert {"curve-fog", "curve-sticker"} <= set(found)
    alts = re.findall(r'alt="([^"]+)"', text)
    assert any(
        re.match(r"Robust accuracy over time: \d+ % at the end, between", alt) for alt in alts
    )
    assert text.count("<details") == len(found)
    assert 'Numbers<span class="hidden"> of Robust accuracy</span>' in text


def test_charts_are_svg_for_light_and_dark_that_browsers_may_keep(ask: Ask) -> None:
    found = charts(ask("/devices/lab/pi-1").text)
    for name in ("robust", "flips", "temperature_c", "curve-fog"):
        place = found[name]
        light = ask(place)
        assert light.status_code == 200, name
        assert light.headers["content-type"] == "image/svg+xml"
        assert "sandbox" in light.headers["content-security-policy"]
        dark = ask(place.replace("scheme=light", "scheme=dark"))
        assert light.content != dark.content
        again = ask(place, headers={"If-None-Match": light.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_device_that_never_was_throttled_has_no_chart_of_it(ask: Ask) -> None:
    assert "throttled" not in charts(ask("/devices/lab/pi-1").text)
    assert "throttled" in charts(ask("/devices/yard/gate").text)


def test_what_is_not_there_is_not_found(ask: Ask) -> None:
    assert ask("/devices/lab/nobody").status_code == 404
    assert ask("/charts/lab/nobody/robust.svg").status_code == 404
    assert ask("/charts/lab/pi-1/nothing.svg").status_code == 404
    assert ask("/charts/lab/pi-1/curve.svg?condition=none").status_code == 404
    assert ask("/charts/lab/pi-1/robust.svg?scheme=pink").status_code == 422
    assert ask("/devices/lab/pi-1?span=x").status_code == 422


def test_a_device_without_trials_says_so(tmp_path: Path, empty_store: Store) -> None:
    seed(empty_store, [Camera("lab", "new", hours=0, evidence=0)])
    browser = make_desk(tmp_path, empty_store, open_to_all=True).browser()
    for span in ("6h", "24h", "7d", "30d", "all"):
        text = browser.get("/devices/lab/new", params={"span": span}).text
        assert "no trials in the" in text
    assert "None came." in text
    assert "It has given nothing up." in text


def test_longer_spans_are_drawn_in_coarser_steps(tmp_path: Path, empty_store: Store) -> None:
    seed(empty_store, [Camera("lab", "old", hours=130, scenes=1, frames=1, kinds={"fog": 0.5})])
    browser = make_desk(tmp_path, empty_store, open_to_all=True).browser()
    points = {}
    for span in ("24h", "7d", "all"):
        text = browser.get("/devices/lab/old", params={"span": span}).text
        part = text[text.index('id="numbers-robust"') :]
        points[span] = part[: part.index("</details>")].count("<tr>") - 1
        assert charts(text)["temperature_c"]
    assert 22 <= points["24h"] <= 24
    assert 40 <= points["7d"] <= 60
    assert 40 <= points["all"] <= 60
