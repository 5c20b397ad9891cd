"""What the corruptions of ImageNet-C have in common: levels 1 to 5, and strengths tuned at 224 px.

Constants are those of Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations" (ICLR 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.perturbations import Perturbation

LEVELS: Final = 5
REFERENCE_PX: Final = 224


class Corruption(Perturbation):
    """One corruption of ImageNet-C; severity is its level over 5, so .2 is level 1 and 1 level 5.

    Between levels the constants are interpolated; below level 1 they run to no change. With
    ``scaled`` lengths in pixels follow the picture: they are multiplied by its shorter side over
    224, so that a small crop is harmed as the standard harms its pictures.
    """

    scaled: bool = False

    def px(self, length: float, shape: tuple[int, ...]) -> float:
        """A length of the standard, in pixels of a picture of ``shape`` (H, W, ...)."""
        return length * min(shape[:2]) / REFERENCE_PX if self.scaled else length


def at_level(constants: Sequence[float], severity: float, nothing: float) -> float:
    """A standard's constant at a severity in [0, 1]: the five levels', interpolated between.

    ``nothing`` is the constant's value that changes nothing, at severity 0.
    """
    values = (nothing, *constants)
    place = min(max(severity, 0.0), 1.0) * LEVELS
    # .2 * 3 is .6000000000000001: a level is met exactly, not by a hair.
    place = round(place) if abs(place - round(place)) < 1e-9 else place
    low = min(int(place), LEVELS - 1)
    part = place - low
    return float((1 - part) * values[low] + part * values[low + 1])
