"""Boxes, conditions and seeds."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.values import Box, Condition, Part, derived_seed

sides = st.floats(-1e4, 1e4)
boxes = st.tuples(sides, sides, st.floats(0.01, 1e4), st.floats(0.01, 1e4)).map(
    lambda t: Box(t[0], t[1], t[0] + t[2], t[1] + t[3])
)


def test_iou_of_half_overlapping_squares_is_one_third() -> None:
    assert Box(0, 0, 2, 2).iou(Box(1, 0, 3, 2)) == pytest.approx(1 / 3)


@given(boxes, boxes)
def test_iou_is_symmetric_and_bounded(a: Box, b: Box) -> None:
    assert a.iou(b) == pytest.approx(b.iou(a))
    assert 0 <= a.iou(b) <= 1 + 1e-9


@given(boxes)
def test_a_box_overlaps_itself_wholly(box: Box) -> None:
    assert box.iou(box) == pytest.approx(1)


def test_an_inverted_box_has_no_area_and_no_overlap() -> None:
    assert Box(3, 3, 1, 1).area == 0
    assert Box(3, 3, 1, 1).iou(Box(0, 0, 5, 5)) == 0


def test_a_composite_condition_is_named_by_its_kinds_unless_it_has_a_name() -> None:
    parts = (Part("rain", 0.2), Part("low_light", 0.6))
    assert Condition(parts).kind == "rain+low_light"
    assert Condition(parts, name="wet dusk").kind == "wet dusk"
    assert Condition(parts).severity == 0.6


def test_derived_seeds_are_the_same_in_another_process() -> None:
    code = "from agent.values import derived_seed; print(derived_seed(7, 'clip', 'rain'))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(said.stdout) == derived_seed(7, "clip", "rain")


@given(st.lists(st.one_of(st.integers(), st.text()), max_size=4))
def test_derived_seeds_are_63_bit(keys: list[int | str]) -> None:
    assert 0 <= derived_seed(*keys) < 2**63


def test_seeds_do_not_confuse_numbers_with_text() -> None:
    assert derived_seed(1, 2) != derived_seed("1", "2") != derived_seed(12)
