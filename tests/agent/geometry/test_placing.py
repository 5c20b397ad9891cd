"""Where a target's sign lies: known, seen, or only boxed."""

from __future__ import annotations

import numpy as np
import pytest

from agent.cameras._drive_by.parameters import DriveByParameters
from agent.cameras.drive_by import DriveBy
from agent.geometry.placing import Places, likely_shapes, place, remark
from agent.geometry.shapes import SHAPES
from agent.geometry.tracks import Tracker
from agent.values import Box, Pixels, Target

FRAME = DriveBy(DriveByParameters(distance=10.01, end=9, yaw=30)).read(0)
assert FRAME.truth is not None
SIGN = FRAME.truth.objects[0]
BOXED = Target(0, 0, "stop sign", SIGN.box, track="a")
FLAT: Pixels = np.full((80, 80, 3), 120, np.uint8)


@pytest.mark.parametrize(
    ("label", "shapes"),
    [
        ("stop sign", ("octagon",)),
        ("Stop", ("octagon",)),
        ("give_way", ("inverted_triangle",)),
        ("Yield", ("inverted_triangle",)),
        ("Priority road", ("diamond",)),
        ("Speed limit (30km/h)", ("circle", "square")),
        ("Wild animals crossing", ("triangle", "diamond")),
        ("bus stopper", SHAPES),
        ("", SHAPES),
    ],
)
def test_a_name_tells_the_shape_where_it_can(label: str, shapes: tuple[str, ...]) -> None:
    assert likely_shapes(label) == shapes


def test_a_clear_outline_gives_the_quad_that_truth_would() -> None:
    placed = place(FRAME.pixels, BOXED)
    assert (placed.placement, placed.face) == ("outline", "octagon")
    assert placed.quad is not None
    assert SIGN.quad is not None
    assert np.linalg.norm(np.subtract(placed.quad, SIGN.quad), axis=1).max() < 3


def test_a_known_quad_stays() -> None:
    known = Target(0, 0, "stop sign", SIGN.box, SIGN.quad, placement="truth")
    placed = place(FLAT, known)
    assert (placed.quad, placed.placement, placed.face) == (SIGN.quad, "truth", "octagon")


def test_without_a_clear_outline_the_box_stays_what_is_known() -> None:
    placed = place(FLAT, Target(0, 0, "stop sign", Box(20, 20, 60, 60)))
    assert (placed.quad, placed.placement, placed.face) == (None, "box", "octagon")


def test_a_track_carries_the_quad_over_a_frame_without_an_outline() -> None:
    tracker = Tracker()
    seen = Target(0, 0, "stop sign", SIGN.box, track="stop sign 0", from_truth=False)
    assert SIGN.box is not None
    tracker.follow("c", 0.0, [("stop sign", SIGN.box)])
    first = Places(FRAME.pixels, tracker).of(seen)
    tracker.follow("c", 0.1, [("stop sign", SIGN.box)])
    blank = np.full_like(FRAME.pixels, 120)
    second = Places(blank, tracker).of(seen)
    assert (first.placement, second.placement) == ("outline", "track")
    assert second.quad is not None
    assert first.quad is not None
    assert np.allclose(second.quad, first.quad, atol=0.01)


def test_a_place_is_looked_for_once() -> None:
    places = Places(FRAME.pixels)
    assert places.of(BOXED) is places.of(BOXED)


def test_what_is_too_small_or_not_in_the_picture_is_remarked() -> None:
    sizes = {"tiny": Box(10, 10, 15, 16), "outside": Box(90, 10, 120, 40), "": Box(10, 10, 30, 30)}
    for said, box in sizes.items():
        assert remark(FLAT.shape, Target(0, 0, "x", box)) == said
