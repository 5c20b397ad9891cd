"""Disability glare: the light of a lamp that strays over the picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._camera_view import focal_px

_PER_LUX: Final = 10.0  # Stiles and Holladay
_LEAST_DEG: Final = 0.27  # the sun's radius; nearer in, the law does not hold


def grid_step(shape: tuple[int, ...]) -> int:
    """How many pixels apart glare is reckoned: it is smooth but for the lamp's own disc."""
    return min(max(2, min(shape[0], shape[1]) // 75), 5)


def offsets_deg(
    shape: tuple[int, ...], x: float, y: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Degrees from (x, y) on a grid of ``grid_step``: across (1, w) and down (h, 1)."""
    step = grid_step(shape)
    per_px = np.float32(np.degrees(1 / focal_px(shape)))
    across = (np.arange(-(-shape[1] // step), dtype=np.float32) + 0.5) * step - np.float32(x)
    down = (np.arange(-(-shape[0] // step), dtype=np.float32) + 0.5) * step - np.float32(y)
    return across[None] * per_px, down[:, None] * per_px


def veil(
    across: NDArray[np.float32], down: NDArray[np.float32], lux: float, *, least_deg: float = 0.0
) -> NDArray[np.float32]:
    """Veiling luminance in cd/m^2 of a lamp that gives ``lux`` at the camera: 10 E / angle^2.

    Holladay (1926) and Stiles (1929), the disability glare formula of CIE 146; the angle in
    degrees, held above the lamp's own radius.
    """
    squared = across * across + down * down
    least = max(least_deg, _LEAST_DEG) ** 2
    return np.asarray(np.float32(_PER_LUX * lux) / np.maximum(squared, np.float32(least)))


def over(shape: tuple[int, ...], coarse: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A coarse layer (h, w) or (h, w, 3) at the picture's size; it may reach a little beyond."""
    step = grid_step(shape)
    size = (coarse.shape[1] * step, coarse.shape[0] * step)
    full = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    return np.ascontiguousarray(full[: shape[0], : shape[1]])


def behind_target(
    glare: NDArray[np.uint8],
    lamp: tuple[float, float],
    moment: Moment,
    most: NDArray[np.uint8],
) -> None:
    """Hold the glare (H, W, 3) on the target down to ``most`` (3), in place: a lamp that stands
    where the target is stands behind it, and only its strayed light is seen there."""
    if moment.region is None and moment.quad is None:
        return
    plane = moment.plane(glare.shape)
    window = plane.window(glare.shape)
    if window.empty:
        return
    hull = plane.corners.astype(np.float32)
    if cv2.pointPolygonTest(hull, lamp, False) < 0:
        return
    view = window.of(glare)
    mask = plane.mask(window)
    for channel, level in enumerate(most.tolist()):
        above = cv2.subtract(view[..., channel], np.full_like(mask, level))
        hidden = cv2.multiply(above, mask, scale=1 / 255)
        view[..., channel] = cv2.subtract(view[..., channel], hidden)
