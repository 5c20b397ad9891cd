"""Outlines moved onto the edges beside them: many at once, each under a homography of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.outline._canvas import Canvas

Array = NDArray[np.float64]

_REACHES: Final = (0.10, 0.07, 0.05, 0.035)  # along the normal, in boxes
_OUTWARD: Final = 0.25  # how much the outer one of two like edges is favoured
_SPREAD: Final = 0.25  # of an edge's reach: how far edges are off their outline, typically
STEP: Final = 0.8  # of the canvas's pixels, along the normals
# How far a, b, c, d, e, f, g, h may go from their start, in boxes: the keystone of a sign seen
# from a car is a few percent, and a post leans by some degrees.
_LOOSENESS: Final = np.array((0.3, 0.12, 0.3, 0.12, 0.3, 0.3, 0.08, 0.08))


class Profiles(NamedTuple):
    """Edges along the normals: ``response`` (C, N, K), 0..1, at ``offsets`` (K,) in boxes,
    outward; ``points`` and ``normals`` (C, N, 2) in boxes."""

    response: Array
    offsets: Array
    points: Array
    normals: Array


def refine(
    drawn: Canvas,
    points: Array,
    normals: Array,
    start: Array,
    reaches: Sequence[float] = _REACHES,
) -> Array:
    """Homographies (C, 8) fitted to the edges near outlines.

    ``points`` and ``normals`` (C, N, 2) are the outlines in their hulls, ``start`` (C, 8) the
    first homographies from hulls to boxes: x = (a u + b v + c) / (g u + h v + 1) and so on.
    Edges are looked for up to each of ``reaches`` (boxes) in turn.
    """
    fitted = start.copy()
    for reach in reaches:
        seen = profiles(drawn, points, normals, fitted, max(reach, 1.2 * drawn.blur / drawn.inner))
        moves, weights = _peaks(seen, _OUTWARD if reach > 0.035 else 0.0)
        fitted = _solve(points, seen, moves, weights, fitted, start)
    return fitted


def profiles(drawn: Canvas, points: Array, normals: Array, fitted: Array, reach: float) -> Profiles:
    """The picture's edges beside outlines, up to ``reach`` boxes to either side."""
    step = STEP / drawn.inner
    count = max(int(np.ceil(reach / step)), 2)
    base = max(1, round(0.4 * drawn.blur / STEP))  # half of the difference's span, in steps
    places = project(points, fitted)
    across = _turned(points, normals, fitted, places)
    far = step * np.arange(-count - base, count + base + 1)
    lines = [
        (places[..., i, None] + across[..., i, None] * far).reshape(-1, len(far)) * drawn.inner
        + (drawn.pixels.shape[0] / 2 - 0.5)
        for i in (0, 1)
    ]
    light = cv2.remap(
        drawn.pixels,
        lines[0].astype(np.float32),
        lines[1].astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    change = light[:, 2 * base :] - light[:, : -2 * base]
    red, green, blue = change[..., 0], change[..., 1], change[..., 2]
    size = np.sqrt((red * red + green * green + blue * blue) / 3)
    response = size / (size + np.float32(2 * base * STEP * drawn.faint))
    shape = (*places.shape[:2], 2 * count + 1)
    return Profiles(response.reshape(shape).astype(np.float64), far[base:-base], places, across)


def project(points: Array, fitted: Array) -> Array:
    """Points (C, N, 2) of hulls under homographies (C, 8), in boxes."""
    a, b, c, d, e, f, g, h = (fitted[:, i, None] for i in range(8))
    u, v = points[..., 0], points[..., 1]
    depth = g * u + h * v + 1
    return np.stack([(a * u + b * v + c) / depth, (d * u + e * v + f) / depth], 2)


def _turned(points: Array, normals: Array, fitted: Array, places: Array) -> Array:
    """Unit normals (C, N, 2) of outlines after their projection onto ``places``."""
    a, b, d, e, g, h = (fitted[:, i, None] for i in (0, 1, 3, 4, 6, 7))
    # A tangent goes with the map's derivative; the normal is the tangent turned back.
    u, v = -normals[..., 1], normals[..., 0]
    slope = g * u + h * v
    x, y = a * u + b * v - places[..., 0] * slope, d * u + e * v - places[..., 1] * slope
    length = np.maximum(np.hypot(x, y), 1e-9)
    return np.stack([y / length, -x / length], 2)


def _peaks(seen: Profiles, outward: float) -> tuple[Array, Array]:
    """The best edge's offset from each point (C, N), and how much it counts."""
    offsets, response = seen.offsets, seen.response
    reach = offsets[-1]
    # Nearer counts more; of two alike the outer one: a border has an edge on either side.
    favour = np.exp(-0.5 * (offsets / (0.7 * reach)) ** 2) * (1 + outward * offsets / reach)
    wanted = response * favour
    best = np.clip(wanted.argmax(2), 1, len(offsets) - 2)
    before, at, after = (
        np.take_along_axis(response, (best + i)[..., None], 2)[..., 0] for i in (-1, 0, 1)
    )
    bend = before + after - 2 * at
    safe = np.where(bend < -1e-9, bend, -1.0)
    shift = np.where(bend < -1e-9, np.clip(0.5 * (before - after) / safe, -0.5, 0.5), 0.0)
    step = offsets[1] - offsets[0]
    return offsets[best] + shift * step, at**2


def _solve(
    points: Array, seen: Profiles, moves: Array, weights: Array, fitted: Array, start: Array
) -> Array:
    """Weighted least squares with far points made to count little."""
    g, h = fitted[:, 6, None], fitted[:, 7, None]
    u, v = points[..., 0], points[..., 1]
    depth = g * u + h * v + 1
    nx, ny = seen.normals[..., 0] / depth, seen.normals[..., 1] / depth
    out = -(seen.points * seen.normals).sum(2) / depth
    rows = np.stack([nx * u, nx * v, nx, ny * u, ny * v, ny, out * u, out * v], 2)
    hold = np.diag((_SPREAD * seen.offsets[-1] / _LOOSENESS) ** 2)
    pull = np.einsum("ij,cj->ci", hold, start - fitted)
    reach = seen.offsets[-1]
    scale = weights
    step = np.zeros_like(fitted)
    for _ in range(2):
        weighed = rows * scale[..., None]
        normal = np.matmul(weighed.transpose(0, 2, 1), rows) + hold
        right = np.matmul(weighed.transpose(0, 2, 1), moves[..., None])[..., 0] + pull
        step = np.linalg.solve(normal, right[..., None])[..., 0]
        left = moves - np.matmul(rows, step[..., None])[..., 0]
        scale = weights / (1 + (left / (0.2 * reach)) ** 2) ** 2
    return np.asarray(fitted + step)
