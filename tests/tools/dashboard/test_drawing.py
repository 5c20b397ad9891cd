"""Charts are small files that hold what they show, and the same each time."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from tools.dashboard.drawing import HOUR_MS, Drawing, Drawings, Line, time_ticks

TIMED = Drawing(
    (Line("fog", (0.0, 1.0 * HOUR_MS), (40.0, 60.0)), Line("<b>&", (0.0,), (50.0,))),
    timed=True,
    x_range=(0.0, 6.0 * HOUR_MS),
    y_range=(0.0, 100.0),
    unit=" %",
)
CURVE = Drawing(
    (Line("", (0.5, 1.0), (90.0, 10.0), (80.0, 5.0), (95.0, 20.0)),),
    timed=False,
    x_range=(0.0, 1.0),
    across=96.0,
    large=False,
)


@pytest.mark.parametrize("drawing", [TIMED, CURVE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chart_is_svg_with_text_that_is_text(drawing: Drawing, scheme: str) -> None:
    svg = Drawings().svg(drawing, scheme)  # type: ignore[arg-type]
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert len(svg) < 20_000
    assert b"<script" not in svg
    links = [value for one in root.iter() for name, value in one.attrib.items() if "href" in name]
    assert all(link.startswith("#") for link in links)
    words = " ".join("".join(one.itertext()) for one in root.iter() if one.tag.endswith("text"))
    assert ("fog" in words and "<b>&" in words) if drawing is TIMED else "0.75" in words


def test_each_scheme_has_colours_of_its_own() -> None:
    light, dark = (Drawings().svg(CURVE, scheme) for scheme in ("light", "dark"))
    assert b"#1d63b8" in light
    assert b"#1d63b8" not in dark
    assert b"#6fb0ff" in dark


def test_what_was_drawn_is_remembered_and_drawn_alike_again() -> None:
    drawings = Drawings()
    first = drawings.svg(CURVE, "light")
    assert drawings.svg(CURVE, "light") is first
    assert Drawings().svg(CURVE, "light") == first


def test_the_tag_tells_drawings_apart() -> None:
    moved = Drawing((Line("", (0.5, 1.0), (90.0, 11.0)),), False, (0.0, 1.0))
    assert moved.tag != CURVE.tag


def test_no_values_and_flat_values_can_be_drawn() -> None:
    for y in ((0.0, 0.0), (5.0, 5.0), (-3.0, -3.0), (1e9, 2e9), (1e-9, 2e-9)):
        Drawings().svg(Drawing((Line("", (0.0, 1.0), y),), True, (0.0, HOUR_MS)), "light")


@pytest.mark.parametrize("hours", [1, 6, 24, 168, 720, 9000])
def test_a_few_round_moments_are_written_below(hours: int) -> None:
    places, words = time_ticks(1_790_000_000_000, 1_790_000_000_000 + hours * HOUR_MS)
    assert 1 <= len(places) <= 7
    assert len(set(words)) == len(words)
