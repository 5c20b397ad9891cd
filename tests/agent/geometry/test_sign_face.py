"""The drawn stop sign has the shape, the proportions and the colours of the real one."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.sign_face import legend_mask, octagon, stop_face

OCTAGON_AREA = 2 * (np.sqrt(2) - 1)  # of its bounding square


def test_octagon_is_regular() -> None:
    """All sides are equal, all corners lie on one circle, and each turn is 45 degrees."""
    corners = octagon(30.0)
    sides = np.roll(corners, -1, axis=0) - corners
    headings = np.unwrap(np.arctan2(sides[:, 1], sides[:, 0]))
    assert np.allclose(np.hypot(*sides.T), np.hypot(*sides[0]))
    assert np.allclose(np.hypot(*corners.T), np.hypot(*corners[0]))
    assert np.allclose(np.diff(headings), np.pi / 4)


def test_octagon_measures_what_was_asked_across_flats() -> None:
    corners = octagon(76.2)
    assert np.allclose(corners.min(axis=0), -38.1)
    assert np.allclose(corners.max(axis=0), 38.1)
    assert corners[0, 1] == corners[1, 1] == pytest.approx(-38.1)
    assert corners[0, 0] < 0 < corners[1, 0]


@pytest.mark.parametrize("size", [64, 301])
def test_alpha_covers_the_octagon(size: int) -> None:
    alpha = stop_face(size)[..., 3].astype(float) / 255
    assert alpha.mean() == pytest.approx(OCTAGON_AREA, rel=0.01)
    assert alpha[0, 0] == 0
    assert alpha[size // 2, size // 2] == 1


def test_legend_and_border_cover_what_they_cover_on_the_real_sign() -> None:
    """A quarter of the face is white; the legend is a third of its height."""
    face = stop_face(762)
    inside = face[..., 3] == 255
    white = inside & (face[..., 1] > 130)
    assert 0.2 < white.sum() / inside.sum() < 0.3
    middle = white[:, 381 - 300 : 381 + 300].copy()
    middle[:200] = middle[-200:] = False
    rows = np.flatnonzero(middle.any(axis=1))
    assert rows[-1] - rows[0] == pytest.approx(254, abs=4)
    assert (rows[-1] + rows[0]) / 2 == pytest.approx(381, abs=3)


def test_colours_are_those_asked_for() -> None:
    face = stop_face(200, red=(150, 10, 20), white=(200, 201, 202))
    assert tuple(face[30, 100, :3]) == (150, 10, 20)
    assert tuple(face[5, 100, :3]) == (200, 201, 202)


def test_other_legends_are_drawn_inside_the_red_field() -> None:
    face = stop_face(256, legend="ARRET")
    assert not np.array_equal(face, stop_face(256))
    assert (face[128, 10:16, 0] > face[128, 10:16, 1] + 60).all()


def test_unknown_letters_and_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="no glyph"):
        stop_face(64, legend="STÖP")
    with pytest.raises(ValueError, match="at least 1"):
        stop_face(0)


def test_legend_mask_fills_its_height() -> None:
    mask = legend_mask("LOT 5", 20)
    assert mask.shape[0] == 20
    assert mask[1].max() > 200
    assert mask[-2].max() > 200
