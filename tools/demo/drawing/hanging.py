"""Signs in their places: on a pole, on a printed sheet in a hand, in one light or another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.demo.drawing.backgrounds import skin
from tools.demo.drawing.distractors import other_plate, red_plate
from tools.demo.drawing.paint import (
    Colour,
    Picture,
    Rng,
    blank,
    disc,
    jitter,
    lettering,
    words,
    write,
)
from tools.demo.drawing.placing import outline, paste, scaled, seen_from
from tools.demo.drawing.signs import VARIANTS, face
from tools.demo.drawing.wear import worn


@dataclass(frozen=True)
class Plate:
    """A patch to hang, its class, and the sign's outline (N, 2) in the patch's unit square."""

    patch: Picture
    label: int
    corners: NDArray[np.float64]
    printed: bool = False


@dataclass(frozen=True)
class Light:
    """How the scene's signs are lit, compared with what stands around them."""

    gain: float
    tint: tuple[float, float, float]
    haze: float
    level: float
    dark: bool = False

    @staticmethod
    def drawn(rng: Rng) -> Light:
        """Day, backlit, retro-reflecting at night, or hazy."""
        kind = rng.choice(["day", "backlit", "night", "hazy"], p=[0.66, 0.12, 0.12, 0.1])
        tint = tuple(float(part) for part in np.exp(rng.normal(0, 0.06, 3)))
        haze, level, gain = 0.0, float(rng.uniform(110, 235)), float(np.exp(rng.normal(0, 0.2)))
        if kind == "backlit":
            gain = float(rng.uniform(0.15, 0.5))
            haze = float(rng.uniform(0, 0.15))
        elif kind == "night":
            gain = float(rng.uniform(0.5, 1.7))
            tint = (1.15, float(rng.uniform(0.85, 1.2)), float(rng.uniform(0.5, 1.0)))
        elif kind == "hazy":
            haze = float(rng.uniform(0.2, 0.62))
        return Light(gain, (tint[0], tint[1], tint[2]), haze, level, kind == "night")

    def on(self, rng: Rng, patch: Picture) -> Picture:
        """The patch in this light; at night a red face may glow orange."""
        lit = (
            patch[..., :3].astype(np.float32)
            * np.float32(self.gain)
            * np.array(self.tint, np.float32)
        )
        if self.dark and rng.random() < 0.5:
            lit[..., 1] += lit[..., 0] * np.float32(rng.uniform(0.1, 0.5))
        lit = lit * (1 - self.haze) + self.level * self.haze
        return np.dstack([lit.clip(0, 255).astype(np.uint8), patch[..., 3]])


def sign_plate(rng: Rng, label: int) -> Plate:
    """One of the class's faces."""
    variant = int(rng.integers(VARIANTS[label]))
    return Plate(face(label, variant), label, face_outline(label, variant))


@cache
def face_outline(label: int, variant: int) -> NDArray[np.float64]:
    """Convex hull (N, 2) of a face's opaque part in the unit square."""
    alpha = face(label, variant)[..., 3]
    points = np.argwhere(alpha > 127)[:, ::-1].astype(np.int32)
    hull = cv2.convexHull(points).reshape(-1, 2)
    return np.asarray((hull + 0.5) / (alpha.shape[1], alpha.shape[0]), np.float64)


def paper_plate(rng: Rng, label: int) -> Plate:
    """A sheet of paper with the sign printed on it, or the printed sign cut out."""
    variant = int(rng.integers(VARIANTS[label]))
    sign, corners = face(label, variant), face_outline(label, variant)
    if rng.random() < 0.2:
        return Plate(sign, label, corners, printed=True)
    portrait = rng.random() < 0.5
    width, height = (300, 424) if portrait else (424, 300)
    sheet = blank(height, width, _paper(rng))
    sheet[..., 3] = 255
    size = int(300 * rng.uniform(0.55, 0.96))
    printed = cv2.resize(sign, (size * sign.shape[1] // sign.shape[0], size)).astype(np.float32)
    left = int((width - printed.shape[1]) * rng.uniform(0.3, 0.7))
    top = int((height - size) * rng.uniform(0.2, 0.8))
    if rng.random() < 0.15:
        mask = lettering(rng, words(rng), 14)
        write(sheet, mask, width / 2, height - 12, (40, 40, 45), width * 0.6)
    place = sheet[top : top + size, left : left + printed.shape[1], :3]
    share = printed[..., 3:] / 255
    place[:] = (place * (1 - share) + printed[..., :3] * share).astype(np.uint8)
    scale = np.array((printed.shape[1] / width, size / height))
    shift = np.array((left / width, top / height))
    return Plate(sheet, label, corners * scale + shift, printed=True)


def _paper(rng: Rng) -> Colour:
    return jitter(rng, (243, 242, 238), 5) if rng.random() < 0.85 else jitter(rng, (25, 25, 28), 8)


def hang(
    rng: Rng,
    picture: Picture,
    plate: Plate,
    centre: tuple[float, float],
    size: float,
    light: Light,
    *,
    posted: bool,
) -> NDArray[np.float64]:
    """Draw the plate `size` px high and return the sign's outline (N, 2) in the picture."""
    if posted and rng.random() < 0.75:
        pole(rng, picture, centre, size)
    if posted and rng.random() < 0.35:
        _companions(rng, picture, centre, size, light)
    patch = scaled(plate.patch, max(size * 1.1, 24))
    patch = light.on(rng, worn(rng, patch, 0.4 if plate.printed else 1.0))
    wide = size * plate.patch.shape[1] / plate.patch.shape[0]
    quad = seen_from(rng, centre, (wide, size), tilt=0.7 if plate.printed else 1.0)
    paste(picture, patch, quad)
    if plate.printed and rng.random() < 0.85:
        _hands(rng, picture, quad)
    return outline(plate.corners, quad)


def pole(rng: Rng, picture: Picture, centre: tuple[float, float], size: float) -> None:
    """The post behind a plate, from the plate's top to the bottom of the picture."""
    tone = (
        jitter(rng, (135, 130, 125), 35) if rng.random() < 0.75 else jitter(rng, (90, 65, 45), 15)
    )
    thick = max(int(size * rng.uniform(0.03, 0.13)), 1)
    foot = (int(centre[0] + rng.normal(0, 0.05) * size), picture.shape[0])
    top = (int(centre[0]), int(centre[1] - size * rng.uniform(0, 0.7)))
    cv2.line(picture, top, foot, tone, thick, cv2.LINE_AA)


def _companions(
    rng: Rng, picture: Picture, centre: tuple[float, float], size: float, light: Light
) -> None:
    """Plates on the same post: ALL WAY below, a street's name above."""
    for side in (-1, 1):
        if rng.random() < 0.4:
            continue
        drawn = red_plate(rng) if rng.random() < 0.5 else other_plate(rng)
        wide = size * rng.uniform(0.4, 1.1)
        tall = wide * drawn.shape[0] / drawn.shape[1]
        spot = (centre[0], centre[1] + side * (size * 0.52 + tall * 0.55))
        paste(picture, light.on(rng, scaled(drawn, wide)), seen_from(rng, spot, (wide, tall)))


def _hands(rng: Rng, picture: Picture, quad: NDArray[np.float64]) -> None:
    """Fingers over the sheet's edges and the hand behind them."""
    tone = skin(rng)
    span = float(np.hypot(*(quad[1] - quad[0])))
    for edge in rng.choice(4, int(rng.integers(1, 3)), replace=False):
        start, end = quad[edge], quad[(edge + 1) % 4]
        spot = start + (end - start) * rng.uniform(0.15, 0.85)
        along = (end - start) / max(float(np.hypot(*(end - start))), 1e-6)
        inward = quad.mean(axis=0) - spot
        inward /= max(float(np.hypot(*inward)), 1e-6)
        thick = span * rng.uniform(0.05, 0.1)
        palm = spot - inward * thick * 2.2
        disc(picture, palm[0], palm[1], thick * 2.6, jitter(rng, tone, 5))
        for finger in range(int(rng.integers(1, 5))):
            root = spot + along * (finger - 1.5) * thick * 1.15 - inward * thick
            tip = root + inward * thick * rng.uniform(1.5, 2.6)
            ends = root.astype(int).tolist(), tip.astype(int).tolist()
            shade = jitter(rng, tone, 7)
            cv2.line(picture, ends[0], ends[1], shade, max(int(thick), 1), cv2.LINE_AA)
