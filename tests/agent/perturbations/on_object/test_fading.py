"""Fading: the loss of chroma, the order in which dyes go, and what stays."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from agent.geometry.plane import sign_plane
from agent.geometry.sign_face import stop_face
from agent.perturbations import Moment
from agent.perturbations.on_object.fading import (
    _BODY,
    _RATES,
    Fading,
    _bleached,
    _strength,
    _white,
)
from agent.values import Box, Pixels

BOX = Box(40, 40, 340, 340)
QUAD = ((40.0, 40.0), (340.0, 40.0), (340.0, 340.0), (40.0, 340.0))
RED = (176, 30, 44)
FIELD = (slice(255, 310), slice(150, 230))  # below the legend


def sign(colour: tuple[int, int, int] = RED) -> Pixels:
    drawn = stop_face(300, red=colour)
    pixels = np.full((380, 380, 3), 110, np.uint8)
    pixels[40:-40, 40:-40][drawn[..., 3] == 255] = drawn[drawn[..., 3] == 255][:, :3]
    return pixels


def faded(severity: float, colour: tuple[int, int, int] = RED, seed: int = 3) -> Pixels:
    return Fading().apply(sign(colour), severity, Moment(seed=seed, region=BOX, quad=QUAD))


def lab(pixels: Pixels) -> np.ndarray:
    unit = pixels.astype(np.float32).mean((0, 1), keepdims=True) / 255
    return np.asarray(cv2.cvtColor(unit, cv2.COLOR_RGB2LAB)[0, 0], float)


@pytest.mark.parametrize("severity", [0.25, 0.5, 1.0])
def test_red_loses_the_chroma_that_is_described(severity: float) -> None:
    before = np.hypot(*lab(sign()[FIELD])[1:])
    after = [np.hypot(*lab(faded(severity, seed=seed)[FIELD])[1:]) for seed in range(6)]
    described = float(re.findall(r"[\d.]+", Fading().describe(severity))[0])
    assert 100 * (1 - np.mean(after) / before) == pytest.approx(described, rel=0.16)


def test_red_turns_to_a_lighter_red_and_not_to_another_hue() -> None:
    light, a, b = lab(faded(0.8)[FIELD])
    light_before, a_before, b_before = lab(sign()[FIELD])
    assert light > light_before + 8
    turn = np.degrees(np.arctan2(b, a) - np.arctan2(b_before, a_before))
    assert abs(turn) < 30


def test_black_and_white_outlast_red() -> None:
    def moved(colour: tuple[int, int, int]) -> float:
        change = faded(1.0, colour)[FIELD].astype(float) - sign(colour)[FIELD]
        return float(np.abs(change).mean())

    assert moved((24, 24, 24)) < 0.5 * moved(RED)
    assert moved((240, 240, 236)) < 0.1 * moved(RED)
    assert moved((20, 60, 150)) < 0.7 * moved(RED)


def test_the_surroundings_keep_their_colour() -> None:
    plane = sign_plane((380, 380), quad=QUAD)
    outside = plane.mask(plane.window((380, 380), extent=3.0), scale=1.02) == 0
    np.testing.assert_array_equal(faded(1.0)[outside], sign()[outside])


def test_tables_follow_the_law_of_the_dyes() -> None:
    view = np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    body = view.max(2, keepdims=True).astype(float)
    strength, white = _strength(0.5), _white(view.max(2), np.full((64, 64), 255, np.uint8))
    share = np.divide(view, body, out=np.zeros(view.shape), where=body > 0)
    lifted = np.where(body < white, white * (body / white) ** (1 - _BODY * strength), body)
    exact = lifted * share ** (1 - np.array(_RATES) * strength)
    seen = _bleached(view, np.full((64, 64), 255, np.uint8), 0.5)
    assert cv2.PSNR(seen, np.round(exact).astype(np.uint8)) > 45
