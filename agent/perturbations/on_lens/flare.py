"""Lens flare: ghosts of the aperture and a veil, from a strong light just outside the picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.photometry import LINEAR, to_levels
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations._tables import look_up
from agent.perturbations.on_lens._film import Bytes, coarse, enlarged, generator
from agent.values import Pixels, derived_seed

_SIDE: Final = 112
_SHIFT: Final = 4
_STEPS: Final = 256
_GHOSTS: Final = 9
_MIDDLE: Final = 0.5  # of the veil's strength, in the picture's middle
_COATINGS: Final = np.array(
    [(0.45, 1.0, 0.55), (0.75, 0.5, 1.0), (1.0, 0.62, 0.35), (0.4, 0.75, 1.0), (0.9, 0.95, 0.6)]
)  # what antireflection coatings send back: green, magenta, amber, blue, straw
_GLOW: Final = np.array((1.0, 0.95, 0.86))


class Flare(Perturbation):
    """A lamp or the sun just outside the picture: aperture ghosts in a row, and a veil over all.

    Light that two glass surfaces reflect makes an image of the aperture; all of them lie on the
    line from the source through the picture's middle, each at its own part of the way (Hullin et
    al., Physically-based real-time lens flare rendering, SIGGRAPH 2011), tinted by the coatings.
    What the barrel scatters is the veil: strongest towards the source. Severity is the veil in the
    picture's middle, from 0 to ``most`` of picture white's light (.15: a lens of 15 % veiling
    glare, the ISO 9358 measure, is a poor or dirty one); the brightest ghost adds ``ghosts``
    times that. All is added in linear light. The source's place is by chance, above or
    beside the picture, and stays put, as the sun does on a straight road; it is never in the view.
    """

    most: float = Field(0.15, gt=0, le=1)
    ghosts: float = Field(2.5, ge=0, le=10)
    blades: int = Field(7, ge=5, le=16, description="of the aperture: corners of a ghost")

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        grid = coarse(pixels.shape, _SIDE)
        seed = derived_seed(moment.seed, self.kind())
        layer = _stray(grid, seed, severity * self.most, self.ghosts, self.blades)
        return look_up(_adding(), enlarged(layer, pixels.shape), pixels)

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.most:.1f} % of white's light as a veil, ghosts on top"


@kept
def _stray(grid: tuple[int, int], seed: int, veil: float, ghosts: float, blades: int) -> Bytes:
    """Rows of ``_adding`` (h, w, 3) for the light that strays."""
    height, width = grid
    half = np.hypot(height, width) / 2
    chance = generator(seed)
    source = _source(chance, grid)
    down = (np.arange(height) + 0.5 - height / 2)[:, None] - source[1]
    across = (np.arange(width) + 0.5 - width / 2)[None] - source[0]
    # A floor, as the barrel scatters everywhere, and a glow that falls with the squared distance.
    away = np.hypot(*source)
    glow = 0.35 + 0.65 * (away**2 + half**2 / 9) / (down**2 + across**2 + half**2 / 9)
    light = (glow[..., None] * (veil * _GLOW)).astype(np.float32)
    light += _ghosts(chance, grid, source, blades) * np.float32(veil * ghosts)
    return np.asarray(np.sqrt(np.clip(light, 0, 1)) * (_STEPS - 1) + 0.5).astype(np.uint8)


def _source(chance: np.random.Generator, grid: tuple[int, int]) -> NDArray[np.float64]:
    """A place just outside the picture, above or beside it: x, y from the middle."""
    height, width = grid
    angle = chance.uniform(-1.35, 1.35)
    way = np.array((np.sin(angle), -np.cos(angle)))
    reach = min(width / 2 / max(abs(way[0]), 1e-3), height / 2 / max(abs(way[1]), 1e-3))
    return np.asarray(way * (reach + min(grid) * chance.uniform(0.06, 0.25)))


def _ghosts(
    chance: np.random.Generator, grid: tuple[int, int], source: NDArray[np.float64], blades: int
) -> NDArray[np.float32]:
    """Light of all ghosts (h, w, 3), the brightest about 1."""
    height, width = grid
    light = np.zeros((height, width, 3), np.float32)
    turn = chance.uniform(0, 2 * np.pi)
    corners = turn + 2 * np.pi * np.arange(blades) / blades
    outline = np.stack([np.cos(corners), np.sin(corners)], 1)
    parts = np.sort(chance.uniform(-1.25, 0.75, _GHOSTS))
    for part in parts:
        radius = min(grid) * 0.02 * 8 ** float(chance.uniform(0, 1))
        # The same light on a larger area is dimmer, but not as much as that: large ghosts lie
        # nearer to their focus.
        strength = chance.uniform(0.5, 1.2) * (0.06 * min(grid) / radius) ** 0.7
        colour = _COATINGS[chance.integers(len(_COATINGS))]
        centre = source * part + (width / 2 - 0.5, height / 2 - 0.5)
        _add_ghost(light, outline * radius + centre, radius, min(strength, 1.0) * colour)
    return light


def _add_ghost(
    light: NDArray[np.float32],
    corners: NDArray[np.float64],
    radius: float,
    colour: NDArray[np.float64],
) -> None:
    """Add one image of the aperture, fainter inside than at its rim, where it is in the picture."""
    soft = 0.5 + 0.12 * radius
    reach = 4 * soft
    left, top = np.floor(corners.min(0) - reach).astype(int).clip(0).tolist()
    right, bottom = np.ceil(corners.max(0) + reach).astype(int).clip(0).tolist()
    view = light[top:bottom, left:right]
    if view.size == 0:
        return
    shape = np.zeros(view.shape[:2], np.uint8)
    points = np.round((corners - (left, top)).clip(-1e4, 1e4) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(shape, [points], (255,), lineType=cv2.LINE_AA, shift=_SHIFT)
    sharp, inner = (
        cv2.GaussianBlur(shape, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        for sigma in (soft, 3 * soft)
    )
    ghost = cv2.addWeighted(sharp, 1.3, inner, -0.45, 0).astype(np.float32)
    view += ghost[..., None] * (colour / 255).astype(np.float32)


@kept
def _adding() -> Bytes:
    """Table (stray light, value): the stray light of row i is (i / 255)^2 of white's."""
    stray = (np.arange(_STEPS)[:, None] / (_STEPS - 1)) ** 2
    return to_levels(np.minimum(stray + LINEAR[None], 1))
