"""ImageNet-C's snow: streaks of flakes over a whitened picture."""

from __future__ import annotations

from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._layers import kept
from agent.perturbations.benchmark._imagenet_c import LEVELS, Corruption, at_level
from agent.perturbations.benchmark._weather import (
    TRUNCATE,
    Size,
    chance_of,
    drawing_size,
    fitted,
    three,
)
from agent.values import Pixels, derived_seed

_MEAN: Final = (0.1, 0.2, 0.55, 0.55, 0.55)
_DEVIATION: Final = 0.3
_ZOOM: Final = (3.0, 2.0, 4.0, 4.5, 2.5)
_THRESHOLD: Final = (0.5, 0.5, 0.9, 0.85, 0.85)
_RADIUS: Final = (10.0, 12.0, 12.0, 12.0, 12.0)
_SIGMA: Final = (4.0, 4.0, 8.0, 8.0, 12.0)
_OWN_SHARE: Final = (0.8, 0.7, 0.7, 0.65, 0.55)

Layer = NDArray[np.float32]


class IcSnow(Corruption):
    """Snow of ImageNet-C: the picture is whitened, and streaks of flakes are added twice.

    Flakes are what exceeds a threshold in magnified normal noise, smeared one way by a half
    Gaussian at an angle of -135 to -45 degrees; the same flakes, turned by 180 degrees, are added
    too. The picture keeps a share of .8 to .55, the rest is the brighter of itself and 1.5 times
    its gray plus .5. Constants of Hendrycks and Dietterich (2019); below level 1 the snow of level
    1 fades in.
    Not harder from level to level: level 3 hides less than level 2, even for the standard's own
    models. The flakes stay put in a clip, as the standard knows single pictures only.
    """

    monotone: ClassVar[bool] = False

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        if severity <= 0:
            return pixels.copy()
        own = at_level(_OWN_SHARE, severity, 1.0)
        seed = derived_seed(moment.seed, self.kind())
        size = (pixels.shape[0], pixels.shape[1])
        flakes, flakes3 = _flakes(size, drawing_size(size, self.scaled), severity, seed)
        # own x + (1 - own) max(x, 1.5 gray + .5) is the larger of x and of whitened below; the
        # second may exceed white before it is weighted, so it is not clipped on its own.
        gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        white = cv2.addWeighted(gray, 1.5 * (1 - own), flakes, 1.0, 127.5 * (1 - own))
        whitened = cv2.addWeighted(
            pixels, own, cv2.cvtColor(white, cv2.COLOR_GRAY2RGB), 1.0, TRUNCATE
        )
        return np.asarray(cv2.max(whitened, cv2.add(pixels, flakes3)), np.uint8)

    def describe(self, severity: float) -> str:
        rest = 100 * (1 - at_level(_OWN_SHARE, severity, 1.0))
        return f"level {LEVELS * severity:.1f}: snow, {rest:.0f} % of the picture whitened"


@kept
def _flakes(
    size: Size, drawn: Size, severity: float, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Light that the flakes add, as (H, W) and (H, W, 3)."""
    chance = chance_of(seed)
    layer = _magnified(drawn, severity, chance)
    threshold = at_level(_THRESHOLD, severity, _THRESHOLD[0])
    layer = np.minimum(np.where(layer < np.float32(threshold), 0, layer), 1).astype(np.float32)
    layer = _smeared(layer, severity, float(chance.uniform(-135, -45)))
    one = cv2.convertScaleAbs(layer, alpha=255 * min(LEVELS * severity, 1.0))
    one = np.ascontiguousarray(fitted(one[: drawn[0], : drawn[1]], size))
    both = np.asarray(cv2.add(one, cv2.rotate(one, cv2.ROTATE_180)), np.uint8)
    return both, three(both)


def _magnified(drawn: Size, severity: float, chance: np.random.Generator) -> Layer:
    """Normal noise, magnified with its outermost values on the outermost pixels, (>=H, >=W)."""
    zoom = at_level(_ZOOM, severity, _ZOOM[0])
    few = [max(int(np.ceil(side / zoom)), 2) for side in drawn]
    many = [max(round(count * zoom), side) for count, side in zip(few, drawn, strict=True)]
    noise = chance.standard_normal((few[0], few[1]), np.float32)
    noise *= np.float32(_DEVIATION)
    noise += np.float32(at_level(_MEAN, severity, _MEAN[0]))
    (along, down) = ((few[1] - 1) / (many[1] - 1), (few[0] - 1) / (many[0] - 1))
    inverse = np.array(((along, 0, 0), (0, down, 0)))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    to = (many[1], many[0])
    wide = cv2.warpAffine(noise, inverse, to, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(wide, np.float32)


def _smeared(layer: Layer, severity: float, angle: float) -> Layer:
    """A layer smeared one way by a half Gaussian of whole-pixel steps; edges are continued."""
    width = 2 * round(at_level(_RADIUS, severity, _RADIUS[0])) + 1
    weights = np.exp(-(np.arange(width) ** 2) / (2 * at_level(_SIGMA, severity, _SIGMA[0]) ** 2))
    weights /= weights.sum()
    height, length = layer.shape
    wide = cv2.copyMakeBorder(layer, width, width, width, width, cv2.BORDER_REPLICATE)
    smeared = np.zeros_like(layer)
    up, back = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    for step, weight in enumerate(weights.tolist()):
        y = width + int(np.ceil(step * up - 0.5))
        x = width + int(np.ceil(step * back - 0.5))
        cv2.scaleAdd(wide[y : y + height, x : x + length], weight, smeared, smeared)
    return smeared
