"""How well a sign's corners are found on drawn drives, where they are known exactly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from agent.cameras._drive_by.parameters import DriveByParameters, Weather
from agent.cameras.drive_by import DriveBy
from agent.geometry.outline import CONFIDENT, Found, find_outline
from agent.geometry.placing import likely_shapes
from agent.values import Box, Frame, Quad, TrueObject, derived_seed

DISTANCES_M: Final = (60.0, 40.0, 25.0, 15.0, 10.0)
YAWS: Final = (0.0, 15.0, 30.0, 45.0, 60.0)
JITTER: Final = 0.08
"""How far each side of a box is moved at most, in parts of its size."""

_WEATHERS: Final[tuple[Weather, ...]] = ("sunny", "overcast", "low_sun")


@dataclass(frozen=True, slots=True)
class CornerRow:
    """What one distance or yaw gave, ``frames`` of them.

    ``width_px`` is the sign's median width. ``box_px``: how far the farthest corner of the box
    that the finder was given is off, the median; ``median_px`` and ``p95_px``: of the quad found,
    where it was trusted; ``trusted``: the share of frames in which it was; ``find_ms``: the
    median time.
    """

    by: str
    value: float
    jitter: float
    frames: int
    width_px: float
    box_px: float
    median_px: float
    p95_px: float
    trusted: float
    find_ms: float


@dataclass(frozen=True, slots=True)
class _Shot:
    distance: float
    yaw: float
    width: float
    box_px: float
    found_px: float
    confidence: float
    ms: float


def corners(seeds: int = 3, jitter: float = JITTER) -> tuple[CornerRow, ...]:
    """Rows by distance and by yaw: first from the true boxes, then from jittered ones."""
    rows: list[CornerRow] = []
    for amount in (0.0, jitter):
        shots = [_shot(*view, amount) for view in _views(seeds)]
        rows += [
            _row("distance_m", d, amount, [s for s in shots if s.distance == d])
            for d in DISTANCES_M
        ]
        rows += [_row("yaw_deg", y, amount, [s for s in shots if s.yaw == y]) for y in YAWS]
    return tuple(rows)


def show_corners(rows: tuple[CornerRow, ...], console: Console) -> None:
    """Print the rows as a table."""
    table = Table(title="Error of the farthest corner of a stop sign's hull, px")
    for name in ("by", "", "box moved", "frames", "sign px", "box", "found", "95 %", "used", "ms"):
        table.add_column(name, justify="left" if name == "by" else "right")
    for row in rows:
        table.add_row(
            row.by,
            f"{row.value:g}",
            f"{row.jitter:.0%}",
            str(row.frames),
            f"{row.width_px:.0f}",
            f"{row.box_px:.2f}",
            f"{row.median_px:.2f}",
            f"{row.p95_px:.2f}",
            f"{row.trusted:.0%}",
            f"{row.find_ms:.1f}",
        )
    console.print(table)


def _views(seeds: int) -> Iterator[tuple[Frame, TrueObject, float, float, int]]:
    """Frames with the whole sign in them, its truth, distance, yaw, and a number."""
    number = 0
    for seed in range(seeds):
        for turn in YAWS:
            yaw = turn if seed % 2 == 0 else -turn
            drive = DriveByParameters(
                yaw=yaw, seed=seed, weather=_WEATHERS[number % 3], distance=DISTANCES_M[0] + 0.01
            )
            camera = DriveBy(drive)
            for distance in DISTANCES_M:
                at = round((drive.distance - distance) / drive.speed * drive.fps)
                frame = camera.read(min(at, len(camera) - 1))
                number += 1
                for thing in frame.truth.objects if frame.truth else ():
                    if thing.quad is not None and _inside(thing.quad, frame):
                        yield frame, thing, distance, turn, number


def _inside(quad: Quad, frame: Frame) -> bool:
    return all(0 <= x <= frame.width and 0 <= y <= frame.height for x, y in quad)


def _shot(
    frame: Frame, thing: TrueObject, distance: float, yaw: float, number: int, jitter: float
) -> _Shot:
    assert thing.box is not None
    assert thing.quad is not None
    box = _jittered(thing.box, jitter, number)
    start = time.perf_counter()
    found = find_outline(frame.pixels, box, likely_shapes(thing.label))
    spent = time.perf_counter() - start
    return _Shot(
        distance,
        yaw,
        thing.box.width,
        _error(_corners(box), thing.quad),
        _error(found.quad if found else _corners(box), thing.quad),
        found.confidence if isinstance(found, Found) else 0.0,
        1000 * spent,
    )


def _jittered(box: Box, jitter: float, number: int) -> Box:
    chance = np.random.Generator(np.random.SFC64(derived_seed("corners", number)))
    moved = chance.uniform(-jitter, jitter, 4) * (box.width, box.height, box.width, box.height)
    return Box(*(float(v) for v in np.array(box) + moved))


def _corners(box: Box) -> Quad:
    return (box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)


def _error(quad: Quad, true: Quad) -> float:
    return float(np.linalg.norm(np.subtract(quad, true), axis=1).max())


def _row(by: str, value: float, jitter: float, shots: list[_Shot]) -> CornerRow:
    trusted = [shot.found_px for shot in shots if shot.confidence >= CONFIDENT]
    return CornerRow(
        by,
        value,
        jitter,
        len(shots),
        median(shot.width for shot in shots),
        median(shot.box_px for shot in shots),
        median(trusted) if trusted else float("nan"),
        float(np.quantile(trusted, 0.95)) if trusted else float("nan"),
        len(trusted) / len(shots),
        median(shot.ms for shot in shots),
    )
