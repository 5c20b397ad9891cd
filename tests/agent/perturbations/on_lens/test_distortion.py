"""Distortion: how far things move, against a float reference, and the colour fringe."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.perturbations import Moment
from agent.perturbations.on_lens.distortion import Distortion, looked_at
from agent.values import Pixels


def dots(shape: tuple[int, int], places: list[tuple[int, int]]) -> Pixels:
    pixels = np.zeros((*shape, 3), np.uint8)
    for x, y in places:
        cv2.circle(pixels, (x, y), 4, (255, 255, 255), -1)
    return pixels


def centre(channel: Pixels) -> tuple[float, float]:
    rows, columns = np.indices(channel.shape)
    return np.average(columns, weights=channel), np.average(rows, weights=channel)


def test_at_full_severity_the_corner_shows_what_lay_four_percent_beyond_it() -> None:
    columns, rows = looked_at((480, 640), 0.04 / 0.5, 0.0)
    beyond = np.hypot(columns[0, 0] - 319.5, rows[0, 0] - 239.5) / np.hypot(319.5, 239.5)
    assert beyond == pytest.approx(1.04, abs=0.001)


@given(height=st.integers(64, 720), width=st.integers(64, 1280))
def test_within_the_circle_that_stays_nothing_moves_far(height: int, width: int) -> None:
    columns, rows = looked_at((height, width), 0.08, 0.0)
    x, y = np.arange(width)[None], np.arange(height)[:, None]
    half = np.hypot(height, width) / 2
    away = np.hypot(x - width / 2 + 0.5, y - height / 2 + 0.5)
    moved = np.hypot(columns - x, rows - y)[away < 0.7 * half]
    assert moved.max() <= 0.011 * half


def test_red_is_drawn_larger_than_blue() -> None:
    result = Distortion(most_percent=0, fringe_percent=1).apply(
        dots((200, 300), [(270, 100)]), 1.0, Moment()
    )
    red, green, blue = (centre(result[..., channel])[0] for channel in range(3))
    assert red - green == pytest.approx(1.2, abs=0.15)
    assert green - blue == pytest.approx(1.2, abs=0.15)


def test_it_is_the_float_remap_to_better_than_40_decibels() -> None:
    chance = np.random.default_rng(1)
    coarse = chance.integers(0, 256, (60, 80, 3)).astype(np.uint8)
    pixels = cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC)
    result = Distortion().apply(np.asarray(pixels, np.uint8), 1.0, Moment())
    for channel, wider in zip(range(3), (0.001, 0, -0.001), strict=True):
        columns, rows = looked_at((240, 320), 0.08, wider)
        x, y = np.floor(columns).astype(int), np.floor(rows).astype(int)
        inside = (x >= 0) & (y >= 0) & (x < 319) & (y < 239)
        x, y = np.clip(x, 0, 318), np.clip(y, 0, 238)
        right, down, plane = columns - x, rows - y, pixels[..., channel].astype(float)
        exact = (plane[y, x] * (1 - right) + plane[y, x + 1] * right) * (1 - down)
        exact += (plane[y + 1, x] * (1 - right) + plane[y + 1, x + 1] * right) * down
        error = np.mean((result[..., channel] - exact)[inside] ** 2)
        assert 10 * np.log10(255**2 / error) > 40


@pytest.mark.parametrize("shape", [(81, 120), (80, 121)])
def test_a_quarter_of_the_maps_serves_for_a_large_picture(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = np.random.default_rng(0)
    noise = chance.integers(0, 256, (*shape, 3), np.uint8)
    pixels = np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)
    whole = Distortion().apply(pixels, 0.8, Moment()).astype(int)
    monkeypatch.setattr("agent.perturbations.on_lens.distortion._WHOLE_PX", 0)
    parts = Distortion().apply(pixels, 0.8, Moment())
    assert np.abs(parts - whole).max() <= 1
