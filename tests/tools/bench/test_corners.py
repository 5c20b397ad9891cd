"""The table of corner errors, on a few frames."""

from __future__ import annotations

import pytest
from rich.console import Console

from tools.bench import corners as bench
from tools.bench.corners import CornerRow, corners, show_corners


@pytest.fixture(scope="module")
def rows() -> tuple[CornerRow, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "DISTANCES_M", (25.0, 10.0))
        patch.setattr(bench, "YAWS", (0.0, 30.0))
        return corners(seeds=2)


def test_rows_are_by_distance_and_by_yaw_for_true_and_for_moved_boxes(
    rows: tuple[CornerRow, ...],
) -> None:
    assert [(row.by, row.value, row.jitter) for row in rows] == [
        (by, value, jitter)
        for jitter in (0.0, bench.JITTER)
        for by, values in (("distance_m", (25.0, 10.0)), ("yaw_deg", (0.0, 30.0)))
        for value in values
    ]
    assert all(row.frames == 4 for row in rows)


def test_outlines_are_nearer_than_moved_boxes(rows: tuple[CornerRow, ...]) -> None:
    for row in rows:
        assert row.trusted >= 0.5
        assert row.median_px <= row.p95_px
        if row.jitter:
            assert row.median_px < 0.6 * row.box_px


def test_the_table_shows_every_row(rows: tuple[CornerRow, ...]) -> None:
    console = Console(width=120, record=True, quiet=False, file=None)
    with console.capture() as shown:
        show_corners(rows, console)
    assert shown.get().count("distance_m") == 4
