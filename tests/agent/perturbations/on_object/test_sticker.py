"""Stickers: their area, their place and their light."""

from __future__ import annotations

import numpy as np
import pytest

from agent.geometry.plane import Window, sign_plane
from agent.geometry.shapes import Shape
from agent.geometry.sign_face import stop_face
from agent.perturbations import Moment
from agent.perturbations.on_object.sticker import Sticker
from agent.values import Box, Pixels

SIDE = 500
BOX = Box(50, 50, 50 + SIDE, 50 + SIDE)


def sign(brightness: float = 1.0) -> Pixels:
    """A stop sign seen head-on, 500 px wide."""
    face = stop_face(SIDE).astype(float)
    pixels = np.full((SIDE + 100, SIDE + 100, 3), 120.0)
    cover = face[..., 3:] / 255
    inner = pixels[50:-50, 50:-50]
    inner[:] = inner * (1 - cover) + face[..., :3] * cover
    return np.asarray(pixels * brightness).astype(np.uint8)


@pytest.mark.parametrize("severity", [0.3, 1.0])
def test_the_stickers_cover_the_area_that_is_described(severity: float) -> None:
    sticker = Sticker()
    areas = []
    for seed in range(6):
        changed = np.abs(
            sticker.apply(sign(), severity, Moment(seed=seed, region=BOX)).astype(int) - sign()
        ).max(2)
        areas.append((changed > 3).sum() * (76.2 / SIDE) ** 2)
    wanted = severity * sticker.count * sticker.size_cm**2
    assert np.mean(areas) == pytest.approx(wanted, rel=0.08)
    assert f"{wanted:.0f} cm²" in sticker.describe(severity)


def test_more_severity_keeps_the_stickers_that_are_there() -> None:
    few = Sticker().apply(sign(), 0.4, Moment(seed=2, region=BOX)) != sign()
    many = Sticker().apply(sign(), 0.9, Moment(seed=2, region=BOX)) != sign()
    assert (few & ~many).sum() < 0.05 * few.sum()


def test_nothing_but_the_sign_is_touched() -> None:
    changed = (Sticker().apply(sign(), 1.0, Moment(seed=2, region=BOX)) != sign()).any(2)
    face = stop_face(SIDE)[..., 3]
    outside = np.ones(changed.shape, bool)
    outside[50:-50, 50:-50] = face == 0
    assert not changed[outside].any()


def test_a_sticker_is_as_dark_as_its_sign() -> None:
    bright = Sticker().apply(sign(), 1.0, Moment(seed=2, region=BOX))
    dark = Sticker().apply(sign(0.4), 1.0, Moment(seed=2, region=BOX))
    on_sticker = (bright != sign()).any(2)
    ratio = dark[on_sticker].mean() / bright[on_sticker].mean()
    assert ratio == pytest.approx(0.4, abs=0.06)


def test_stickers_follow_the_quad() -> None:
    """Mirrored corners mirror the stickers: what was left on the sign is right in the picture."""
    flat = np.full((200, 200, 3), 128, np.uint8)
    quad = ((40.0, 40.0), (160.0, 40.0), (160.0, 160.0), (40.0, 160.0))
    mirrored = (quad[1], quad[0], quad[3], quad[2])
    one = Sticker().apply(flat, 0.5, Moment(seed=1, quad=quad)).astype(int)
    two = Sticker().apply(flat, 0.5, Moment(seed=1, quad=mirrored)).astype(int)
    assert np.abs(one[:, ::-1] - two).mean() < 0.5
    assert np.abs(one - two).mean() > 1


def test_a_tilted_sign_carries_narrower_stickers() -> None:
    flat = np.full((200, 200, 3), 128, np.uint8)
    square = ((40.0, 40.0), (160.0, 40.0), (160.0, 160.0), (40.0, 160.0))
    turned = ((70.0, 40.0), (130.0, 50.0), (130.0, 150.0), (70.0, 160.0))
    areas = []
    for quad in (square, turned):
        plane = sign_plane(flat.shape, quad=quad)
        changed = (Sticker().apply(flat, 1, Moment(seed=1, quad=quad)) != flat).any(2).sum()
        areas.append(changed / plane.side_px**2)
    assert areas[1] == pytest.approx(areas[0], rel=0.12)


@pytest.mark.parametrize("face", ["triangle", "inverted_triangle", "diamond", "circle"])
def test_stickers_stay_on_faces_of_any_shape(face: Shape) -> None:
    flat = np.full((400, 400, 3), 128, np.uint8)
    quad = ((50.0, 50.0), (350.0, 50.0), (350.0, 350.0), (50.0, 350.0))
    moment = Moment(seed=4, quad=quad, face=face)
    changed = (Sticker().apply(flat, 1.0, moment) != flat).any(2)
    plane = moment.plane(flat.shape)
    off = plane.mask(Window(0, 0, 400, 400), scale=1.03) == 0
    assert changed.sum() > 5000
    assert not (changed & off).any()
