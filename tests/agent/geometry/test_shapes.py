"""Outlines of signs: inside their hull, clockwise, of the area that geometry says."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.plane import sign_plane
from agent.geometry.shapes import SHAPES, Shape, outline
from agent.values import Box

AREAS = {
    "octagon": 0.8284,
    "circle": np.pi / 4,
    "triangle": 0.4330,
    "inverted_triangle": 0.4330,
    "square": 1.0,
    "diamond": 0.5,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_outline_lies_in_its_hull_and_goes_round_clockwise(shape: Shape) -> None:
    corners = outline(shape)
    after = np.roll(corners, -1, 0)
    area = 0.5 * (corners[:, 0] * after[:, 1] - corners[:, 1] * after[:, 0]).sum()
    assert np.abs(corners).max() == pytest.approx(0.5)
    assert area == pytest.approx(AREAS[shape], rel=0.01)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_planes_mask_has_the_shapes_area(shape: Shape) -> None:
    plane = sign_plane((300, 300, 3), region=Box(50, 60, 250, 260), face=shape)
    window = plane.window((300, 300, 3))
    assert plane.mask(window).sum() / 255 == pytest.approx(AREAS[shape] * 200**2, rel=0.02)
    assert plane.mask(window, scale=0.5).sum() / 255 == pytest.approx(
        AREAS[shape] * 100**2, rel=0.03
    )
