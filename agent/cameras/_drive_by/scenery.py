"""What stands beside the road, placed in space so that parallax is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from agent.cameras._drive_by.palette import PALETTES, Layer, as_layer, haze
from agent.cameras._drive_by.parameters import DriveByParameters
from agent.cameras._drive_by.pinhole import Pinhole
from agent.cameras._drive_by.sprites import DRAW, Pyramid, pyramid

_VARIANTS: Final = {"tree": 4, "bush": 3, "conifer": 2, "house": 3, "pole": 1}
_NEAREST_M: Final = 1.5
_FARTHEST_M: Final = 180.0
_CROSSING_M: Final = (1.0, 13.0)  # nothing stands where the other road runs
# Kind, weight, width and height in m, nearest edge's distance from the road's middle.
_KINDS: Final = (
    ("tree", 0.42, (5.0, 7.5), 400 / 320, 6.4),
    ("bush", 0.26, (1.8, 3.4), 140 / 240, 5.2),
    ("conifer", 0.2, (3.0, 4.6), 420 / 200, 6.4),
    ("house", 0.12, (10.0, 14.0), 280 / 400, 11.0),
)


@dataclass(frozen=True, slots=True)
class Billboard:
    """A flat picture that faces the camera: its foot in m, its size in m, its sprite."""

    x: float
    z: float
    width: float
    height: float
    sprite: tuple[str, int]


class Scenery:
    """Draws billboards from far to near."""

    def __init__(self, drive: DriveByParameters, chance: np.random.Generator) -> None:
        self._camera, self._eye = Pinhole.of(drive), drive.eye
        palette = PALETTES[drive.weather]
        light = as_layer((*palette.ambient, 1.0))
        self._horizon = as_layer(palette.horizon)
        self._sprites: dict[tuple[str, int], Pyramid] = {
            (kind, number): pyramid(DRAW[kind](chance) * light)
            for kind, count in _VARIANTS.items()
            for number in range(count)
        }
        boards = [*_roadside(drive, chance), *_poles(drive)]
        self._boards = sorted(boards, key=lambda board: -board.z)

    def draw(self, picture: Layer, depth: float) -> None:
        """Paint all that is in view into float32 RGB (H, W, 3), the sign at a depth in m."""
        for board in self._boards:
            if _NEAREST_M < board.z + depth < _FARTHEST_M:
                self._paint(picture, board, board.z + depth)

    def _paint(self, picture: Layer, board: Billboard, depth: float) -> None:
        scale = self._camera.focal / depth
        wide, high = board.width * scale, board.height * scale
        left = self._camera.centre_x + board.x * scale - wide / 2
        top = self._camera.centre_y + self._eye * scale - high
        height, width = picture.shape[:2]
        x0, x1 = max(int(left), 0), min(int(left + wide) + 2, width)
        y0, y1 = max(int(top), 0), min(int(top + high) + 2, height)
        if x0 >= x1 or y0 >= y1:
            return
        levels = self._sprites[board.sprite]
        finer = np.log2(max(levels[0].shape[1] / wide, 1.0))
        sprite = levels[min(round(float(finer)), len(levels) - 1)]
        across, down = sprite.shape[1] / wide, sprite.shape[0] / high
        back = np.array(
            [
                (across, 0, (x0 + 0.5 - left) * across - 0.5),
                (0, down, (y0 + 0.5 - top) * down - 0.5),
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        patch = cv2.warpAffine(sprite, back, (x1 - x0, y1 - y0), flags=flags)
        cover = patch[:, :, 3:] * as_layer(1 / 255)
        veil = haze(depth)
        region = picture[y0:y1, x0:x1]
        region += cover * (self._horizon * veil - region)
        region += patch[:, :, :3] * (1 - veil)


def _roadside(drive: DriveByParameters, chance: np.random.Generator) -> list[Billboard]:
    """Two rows of things along each side, from the start to far beyond the sign."""
    boards = []
    for side, spacing in ((1, 6.5), (-1, 6.5), (1, 11.0), (-1, 11.0)):
        z = -drive.distance
        while z < 200:
            z += spacing * chance.uniform(0.6, 1.5)
            board = _something(side, z, spacing > 8, chance)
            if not _CROSSING_M[0] < z < _CROSSING_M[1]:
                boards.append(board)
    return boards


def _something(side: int, z: float, back: bool, chance: np.random.Generator) -> Billboard:
    kind, _, widths, ratio, near = _KINDS[_pick(chance)]
    width = chance.uniform(*widths)
    away = near + width / 2 + chance.uniform(0, 5) + (9 if back else 0)
    middle = -1.75  # the road's middle, left of the camera's path
    x = middle + side * away
    number = int(chance.integers(_VARIANTS[kind]))
    return Billboard(x, z, width, width * ratio, (kind, number))


def _pick(chance: np.random.Generator) -> int:
    weights = np.array([kind[1] for kind in _KINDS])
    return int(chance.choice(len(_KINDS), p=weights / weights.sum()))


def _poles(drive: DriveByParameters) -> list[Billboard]:
    """Utility poles at even steps on the left."""
    places = np.arange(-drive.distance, 200, 38.0) + 17
    return [Billboard(-8.6, float(z), 1.5, 8.2, ("pole", 0)) for z in places]
