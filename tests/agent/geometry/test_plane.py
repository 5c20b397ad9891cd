"""The sign's plane: where centimetres on the sign come to lie in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.plane import CROP_FILL, sign_plane
from agent.geometry.sign_face import octagon
from agent.values import Box

QUAD = ((20.0, 30.0), (110.0, 40.0), (105.0, 120.0), (25.0, 130.0))


def test_the_hulls_corners_land_on_the_quad() -> None:
    plane = sign_plane((200, 200, 3), quad=QUAD, size_cm=60)
    corners = np.array([(-30, -30), (30, -30), (30, 30), (-30, 30)], float)
    np.testing.assert_allclose(plane.project(corners), QUAD, atol=1e-3)


def test_a_box_is_a_sign_seen_squarely() -> None:
    plane = sign_plane((200, 200, 3), region=Box(10, 20, 86.2, 96.2), size_cm=76.2)
    assert plane.px_per_cm == pytest.approx(1)
    np.testing.assert_allclose(plane.project(np.array([(0.0, 0.0)])), [(48.1, 58.1)], atol=1e-4)


def test_without_a_target_the_sign_fills_the_middle_of_the_picture() -> None:
    plane = sign_plane((100, 180, 3))
    assert plane.side_px == pytest.approx(CROP_FILL * 100)
    np.testing.assert_allclose(plane.corners.mean(0), (90, 50))


@pytest.mark.parametrize(
    "quad",
    [
        ((5.0, 5.0), (5.0, 5.0), (5.0, 5.0), (5.0, 5.0)),
        ((0.0, 0.0), (50.0, 50.0), (50.0, 0.0), (0.0, 50.0)),
        ((0.0, 0.0), (10.0, 0.0), (20.0, 0.0), (30.0, 0.0)),
        ((float("nan"), 0.0), (50.0, 0.0), (50.0, 50.0), (0.0, 50.0)),
    ],
    ids=["point", "crossed", "line", "not a number"],
)
def test_a_quad_that_encloses_nothing_gives_way_to_the_box(
    quad: tuple[tuple[float, float], ...],
) -> None:
    box = Box(10, 20, 60, 70)
    plane = sign_plane((100, 100, 3), region=box, quad=(quad[0], quad[1], quad[2], quad[3]))
    np.testing.assert_allclose(plane.corners[0], (10, 20))


def test_the_mask_is_the_octagons_area() -> None:
    plane = sign_plane((300, 300, 3), region=Box(50, 60, 250, 260))
    covered = plane.mask(plane.window((300, 300, 3))).sum() / 255
    assert covered == pytest.approx(0.8284 * 200**2, rel=0.02)


def test_a_window_stays_inside_the_picture_and_may_be_empty() -> None:
    half = sign_plane((100, 100, 3), region=Box(-40, 20, 40, 100)).window((100, 100, 3))
    assert (half.x0, half.x1, half.y1) == (0, 42, 100)
    assert sign_plane((100, 100, 3), region=Box(300, 0, 350, 50)).window((100, 100, 3)).empty


def test_a_warped_layer_lands_where_points_are_projected() -> None:
    plane = sign_plane((200, 200, 3), quad=QUAD, size_cm=60)
    layer = np.zeros((120, 120, 4), np.uint8)
    layer[28:32, 88:92] = 255  # about x = +15 cm, y = -15 cm
    window = plane.window((200, 200, 3))
    seen = plane.warp(layer, window)[..., 3].astype(float)
    rows, columns = np.mgrid[0 : window.height, 0 : window.width]
    centre = np.array(((columns * seen).sum(), (rows * seen).sum())) / seen.sum()
    found = centre + np.array((window.x0 + 0.5, window.y0 + 0.5))
    np.testing.assert_allclose(found, plane.project(np.array([(15.0, -15.0)]))[0], atol=0.15)


def test_a_filled_polygon_lands_where_its_points_are_projected() -> None:
    plane = sign_plane((200, 200, 3), quad=QUAD, size_cm=60)
    window = plane.window((200, 200, 3))
    cover = plane.fill(octagon(5.0) + np.array((10, 5)), window).astype(float)
    rows, columns = np.mgrid[0 : window.height, 0 : window.width]
    centre = np.array(((columns * cover).sum(), (rows * cover).sum())) / cover.sum()
    found = centre + np.array((window.x0 + 0.5, window.y0 + 0.5))
    np.testing.assert_allclose(found, plane.project(np.array([(10.0, 5.0)]))[0], atol=0.2)
