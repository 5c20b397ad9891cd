"""One picture pair of a report's gallery."""

from __future__ import annotations

from dataclasses import dataclass

from agent.values import Box, Pixels, Quad, Sighting


@dataclass(frozen=True, slots=True, eq=False)
class Exhibit:
    """A clean frame beside its perturbed self, and what the model said of both.

    ``region`` is the target's box (None: the whole frame), ``units`` the severity in words,
    ``caption`` where it comes from. Pixels are uint8 RGB (H, W, 3).
    """

    kind: str
    severity: float
    units: str
    label: str
    caption: str
    clean_pixels: Pixels
    perturbed_pixels: Pixels
    clean: Sighting
    perturbed: Sighting
    region: Box | None = None
    quad: Quad | None = None
