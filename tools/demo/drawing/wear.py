"""What time, people and light do to a face: fading, rust, stickers, scratches, shadow, gloss.

All take and return an RGBA patch (h, w, 4); alpha is kept.
"""

from __future__ import annotations

import cv2
import numpy as np

from tools.demo.drawing.paint import (
    Field,
    Picture,
    Rng,
    any_colour,
    clouds,
    jitter,
    lettering,
    polygon,
    words,
    write,
)

_SMALLEST = 20  # px; below, wear is not resolved


def worn(rng: Rng, patch: Picture, amount: float = 1.0) -> Picture:
    """Damage as signs in use show it; `amount` scales how often each kind occurs."""
    patch = patch.copy()
    if min(patch.shape[:2]) < _SMALLEST:
        return patch
    for draw, chance in _DAMAGES:
        if rng.random() < chance * amount:
            draw(rng, patch)
    return patch


def _mix(patch: Picture, cover: Field, colour: tuple[int, int, int]) -> None:
    share = cover[..., None].clip(0, 1)
    mixed = patch[..., :3] * (1 - share) + np.array(colour, np.float32) * share
    patch[..., :3] = mixed.astype(np.uint8)


def _shape(patch: Picture) -> tuple[int, int]:
    return int(patch.shape[0]), int(patch.shape[1])


def _bolts(rng: Rng, patch: Picture) -> None:
    height, width = _shape(patch)
    tone = jitter(rng, rng.choice([60, 190]), 15)
    for share in (0.09, 0.91):
        centre = (width // 2, int(height * share))
        cv2.circle(patch, centre, max(width // 70, 1), (*tone, 255), -1, cv2.LINE_AA)


def _fade(rng: Rng, patch: Picture) -> None:
    pale = jitter(rng, (200, 165, 155), 25)
    field = np.full(_shape(patch), rng.uniform(0.05, 0.45), np.float32)
    _mix(patch, field * (0.5 + clouds(rng, _shape(patch), 2)), pale)


def _rust(rng: Rng, patch: Picture) -> None:
    spots = clouds(rng, _shape(patch), int(rng.integers(3, 14)), 4)
    cover = np.clip((spots - rng.uniform(0.55, 0.75)) * 9, 0, 1) * np.float32(rng.uniform(0.4, 1))
    _mix(patch, cover, jitter(rng, (110, 65, 35), 18))


def _dirt(rng: Rng, patch: Picture) -> None:
    spots = clouds(rng, _shape(patch), int(rng.integers(2, 9)), 4)
    tone = jitter(rng, (120, 110, 95), 25) if rng.random() < 0.75 else (238, 240, 245)
    _mix(patch, np.clip((spots - 0.5) * 4, 0, 1) * np.float32(rng.uniform(0.2, 0.8)), tone)


def _stickers(rng: Rng, patch: Picture) -> None:
    height, width = _shape(patch)
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height
        wide, tall = rng.uniform(0.05, 0.3) * width, rng.uniform(0.04, 0.16) * height
        angle = rng.normal(0, 0.3)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        box = np.array([(-wide, -tall), (wide, -tall), (wide, tall), (-wide, tall)]) / 2
        tone = jitter(rng, rng.choice([20, 235]), 12) if rng.random() < 0.6 else any_colour(rng)
        over = np.ascontiguousarray(patch[..., :3])
        polygon(over, box @ turn.T + (x, y), tone)
        patch[..., :3] = over


def _scrawl(rng: Rng, patch: Picture) -> None:
    height, width = _shape(patch)
    tone = jitter(rng, rng.choice([15, 235]), 10) if rng.random() < 0.6 else any_colour(rng)
    over = np.ascontiguousarray(patch[..., :3])
    start = rng.uniform(0.15, 0.7, 2) * (width, height)
    path = start + np.cumsum(rng.normal(0, 0.08, (12, 2)) * width, 0)
    thick = max(int(width * rng.uniform(0.006, 0.03)), 1)
    cv2.polylines(over, [path.astype(np.int32)], False, tone, thick, cv2.LINE_AA)
    patch[..., :3] = over
    if rng.random() < 0.4:
        mask = lettering(rng, words(rng, 9), max(height // 10, 5))
        write(patch, mask, width / 2, height * rng.choice([0.24, 0.76]), tone, width * 0.7)


def _scratches(rng: Rng, patch: Picture) -> None:
    height, width = _shape(patch)
    over = np.ascontiguousarray(patch[..., :3])
    for _ in range(int(rng.integers(2, 14))):
        ends = (rng.uniform(0, 1, 4) * (width, height, width, height)).astype(int)
        reach = ends[:2] + (ends[2:] - ends[:2]) // 4
        tone = jitter(rng, 150, 40)
        cv2.line(over, ends[:2].tolist(), reach.tolist(), tone, 1, cv2.LINE_AA)
    patch[..., :3] = over


def _dapple(rng: Rng, patch: Picture) -> None:
    field = clouds(rng, _shape(patch), int(rng.integers(2, 12)), 3)
    shadow = np.clip((field - rng.uniform(0.35, 0.65)) * rng.uniform(4, 20), 0, 1)
    gain = 1 - shadow * rng.uniform(0.25, 0.7)
    patch[..., :3] = (patch[..., :3] * gain[..., None]).astype(np.uint8)


def _shade(rng: Rng, patch: Picture) -> None:
    height, width = _shape(patch)
    angle = rng.uniform(0, 2 * np.pi)
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None]
    ramp = rows * np.sin(angle) + columns * np.cos(angle) + rng.uniform(-0.6, 0.6)
    gain = 1 + rng.uniform(0.1, 0.6) * np.tanh(ramp * rng.uniform(1, 12)) - 0.2
    patch[..., :3] = (patch[..., :3] * gain[..., None]).clip(0, 255).astype(np.uint8)


def _gloss(rng: Rng, patch: Picture) -> None:
    field = clouds(rng, _shape(patch), int(rng.integers(1, 4)), 2)
    cover = np.clip((field - rng.uniform(0.45, 0.65)) * 4, 0, 1) * np.float32(rng.uniform(0.2, 0.7))
    _mix(patch, cover, jitter(rng, (245, 240, 240), 10))


_DAMAGES = (
    (_bolts, 0.5),
    (_fade, 0.3),
    (_rust, 0.14),
    (_dirt, 0.16),
    (_stickers, 0.18),
    (_scrawl, 0.12),
    (_scratches, 0.12),
    (_dapple, 0.22),
    (_shade, 0.22),
    (_gloss, 0.15),
)
