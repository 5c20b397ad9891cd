"""The exact part: where the sign is in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin, tan

import numpy as np
from numpy.typing import NDArray

from agent.cameras._drive_by.parameters import DriveByParameters
from agent.geometry.sign_face import ACROSS_FLATS_CM, octagon
from agent.values import Box, Quad

FACE_M = ACROSS_FLATS_CM / 100
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pinhole:
    """A level camera that looks along the road; ``focal`` and the centre in pixels."""

    focal: float
    centre_x: float
    centre_y: float

    @classmethod
    def of(cls, drive: DriveByParameters) -> Pinhole:
        """Square pixels, the principal point in the middle of the picture."""
        focal = drive.width / 2 / tan(radians(drive.fov) / 2)
        return cls(focal, drive.width / 2, drive.height / 2)

    def project(self, points: Points) -> Points:
        """Camera points (N, 3) in metres -> pixels (N, 2). Depths must be positive."""
        scale = self.focal / points[:, 2:3]
        return points[:, :2] * scale + (self.centre_x, self.centre_y)


@dataclass(frozen=True, slots=True)
class Placed:
    """The sign in one picture: its octagon (8, 2), hull (4, 2) from the top-left clockwise."""

    octagon: Points
    hull: Points
    depth: float

    @property
    def quad(self) -> Quad:
        corners = [(float(x), float(y)) for x, y in self.hull]
        return corners[0], corners[1], corners[2], corners[3]

    def box(self, width: int, height: int) -> Box | None:
        """Tight around the part of the octagon that is in the picture; None where none is."""
        visible = clip_polygon(self.octagon, width, height)
        if len(visible) < 3:
            return None
        (x0, y0), (x1, y1) = visible.min(axis=0), visible.max(axis=0)
        return Box(float(x0), float(y0), float(x1), float(y1)) if x0 < x1 and y0 < y1 else None


def place(drive: DriveByParameters, camera: Pinhole, depth: float) -> Placed:
    """The sign's outline at a distance along the road, in metres."""
    half = FACE_M / 2
    square = np.array([(-half, -half), (half, -half), (half, half), (-half, half)])
    outline = camera.project(_on_sign(drive, octagon(FACE_M), depth))
    return Placed(outline, camera.project(_on_sign(drive, square, depth)), depth)


def _on_sign(drive: DriveByParameters, flat: Points, depth: float) -> Points:
    """Points of the sign's face (N, 2) in the camera's metres (N, 3)."""
    turn = radians(drive.yaw)
    centre = np.array((drive.lateral, drive.eye - drive.mount, depth))
    right, down = np.array((cos(turn), 0.0, sin(turn))), np.array((0.0, 1.0, 0.0))
    return np.asarray(centre + flat[:, :1] * right + flat[:, 1:] * down)


def clip_polygon(polygon: Points, width: float, height: float) -> Points:
    """The part (M, 2) of a convex polygon within 0..width x 0..height (Sutherland, Hodgman 1974).

    Has no points where nothing is within.
    """
    points = [(float(x), float(y)) for x, y in polygon]
    for axis, sign, limit in ((0, 1, 0.0), (0, -1, -width), (1, 1, 0.0), (1, -1, -height)):
        points = _clip_edge(points, axis, sign, limit)
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def _clip_edge(
    points: list[tuple[float, float]], axis: int, sign: int, limit: float
) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for before, after in zip(points[-1:] + points[:-1], points, strict=True):
        inside_before = sign * before[axis] - limit
        inside_after = sign * after[axis] - limit
        if (inside_before < 0) != (inside_after < 0):
            part = inside_before / (inside_before - inside_after)
            kept.append(
                (
                    before[0] + part * (after[0] - before[0]),
                    before[1] + part * (after[1] - before[1]),
                )
            )
        if inside_after >= 0:
            kept.append(after)
    return kept
