"""The air of a road scene: what it hides by distance, as fog, rain and snow do."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perturbations import Moment
from agent.perturbations._camera_view import (
    CAMERA_HEIGHT_M,
    HORIZON,
    THINGS_M,
    focal_px,
    is_crop,
    scene_depth_m,
    target_distance_m,
)
from agent.perturbations.in_scene._light import cover_of
from agent.values import Pixels

_POST_CM = 8.0
_UNTOLD_M = 50.0  # where no target is told: as far as signs are looked for, at most


def even_distance_m(shape: tuple[int, ...], moment: Moment, object_m: float) -> float | None:
    """The one distance of all that a picture shows: of a crop, or where only a distance is known.

    None where the picture is a scene, with or without a target.
    """
    if moment.region is not None or moment.quad is not None:
        return None
    if moment.distance_m is not None:
        return target_distance_m(shape, moment)
    return object_m if is_crop(shape) else None


def air_cover(
    pixels: Pixels,
    moment: Moment,
    extinction: float,
    brightest: float,
    density: Callable[[tuple[int, int]], NDArray[np.float32]] | None = None,
) -> NDArray[np.uint8]:
    """How much of a road scene the air covers, (H, W), as an index of ``covering``.

    Reckoned on every few pixels from the scene's depth. The target, and the post that it stands on,
    have the cover of their own distance; where none is told, or there are several, nothing but the
    sky is farther than 50 m, so that a sign in the middle is not lost in the horizon's depth while
    its neighbours are seen. ``density`` gives the air's relative density on a grid.
    """
    shape = pixels.shape
    step = max(2, min(shape[0], shape[1]) // 72)
    targeted = moment.region is not None or moment.quad is not None
    depth = scene_depth_m(pixels, step, brightest, THINGS_M if targeted else _UNTOLD_M)
    thick = depth * np.float32(-extinction)
    if density is not None:
        thick *= density((depth.shape[0], depth.shape[1]))
    coarse = cover_of(1 - np.exp(thick))
    size = (coarse.shape[1] * step, coarse.shape[0] * step)
    full = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    cover = np.ascontiguousarray(full[: shape[0], : shape[1]])
    if targeted:
        _show(cover, moment, extinction, target_distance_m(shape, moment) or 0.1)
    return cover


def _show(cover: NDArray[np.uint8], moment: Moment, extinction: float, distance: float) -> None:
    """Give the target, and the post that it stands on, the cover of their own distance."""
    plane = moment.plane(cover.shape)
    window = plane.window(cover.shape, margin_px=4)
    own = int(cover_of(np.array([1 - np.exp(-extinction * distance)]))[0])
    if not window.empty:
        mask = plane.mask(window, scale=0.98)
        # A sign far larger than the picture has no edge in it to soften.
        edge = min(max(0.015 * plane.side_px, 0.6), 0.05 * max(cover.shape))
        soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), edge), np.uint8)
        _draw_near(window.of(cover), soft, own)
    half = max(_POST_CM / 2 * plane.px_per_cm, 0.5)
    x, top = float(plane.corners[:, 0].mean()), float(plane.corners[2:, 1].mean())
    foot = HORIZON * cover.shape[0] + focal_px(cover.shape) * CAMERA_HEIGHT_M / distance
    y0, y1 = int(max(top, 0)), int(min(foot, cover.shape[0]))
    soft_px = max(half, 1.0)
    x0, x1 = int(max(x - half - soft_px, 0)), int(min(x + half + soft_px + 1, cover.shape[1]))
    if y1 > y0 and x1 > x0:
        # The post is supposed and not seen, and may not go down so far: no edge may tell of it.
        aside = np.abs(np.arange(x0, x1, dtype=np.float32) + 0.5 - x)
        inside = np.clip((half + soft_px - aside) / (2 * soft_px), 0, 1)
        down = np.linspace(255, 0, y1 - y0, dtype=np.float32)[:, None]
        _draw_near(cover[y0:y1, x0:x1], (down * inside).astype(np.uint8), own)


def _draw_near(view: NDArray[np.uint8], mask: NDArray[np.uint8], own: int) -> None:
    """Blend one cover over a view in place, by a mask 0..255."""
    share = mask.astype(np.int32)
    mixed = view.astype(np.int32) * (255 - share) + own * share + 127
    view[:] = (mixed // 255).astype(np.uint8)
