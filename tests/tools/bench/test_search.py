"""The search is held against a grid: a right one is near, a wrong one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.assembly import Examiner
from tools.bench.search import LEVELS, Row, Searched, measure
from tools.evaluate.data import DataSpec

CARD = Path("tools/demo/model/stop_sign.toml")

SUITE = """
schema = "fieldproof.suite/1"
[[conditions]]
kind = "fog"
"""


def row(grid: float | None, found: float | None, pictures: int = 5) -> Row:
    return Row("fog", "bisection", 10, grid, found, 40, pictures)


@pytest.mark.parametrize(
    ("rows", "met"),
    [
        ([row(0.5, 0.525)], [True, True]),
        ([row(0.5, 0.525), row(0.5, 0.55)], [False, True]),
        ([row(None, 0.98)], [True, True]),
        ([row(None, 0.9)], [False, True]),
        ([row(0.5, 0.5, 11)], [True, False]),
    ],
)
def test_goals_tell_far_medians_and_dear_searches(rows: list[Row], met: list[bool]) -> None:
    assert [goal.met for goal in Searched("m", "d", 1, tuple(rows)).goals] == met


def test_both_look_at_the_same_frames(tmp_path: Path) -> None:
    suite = tmp_path / "fog.toml"
    suite.write_text(SUITE)
    shown: list[tuple[int, int]] = []
    found = measure(
        Examiner(CARD, str(suite), checked=True),
        DataSpec("drive_by:distance=12,end=8,fps=10"),
        lambda done, of: shown.append((done, of)),
    )
    (fog,) = found.rows
    assert fog.grid_pictures == found.frames * (LEVELS - 1)
    assert 0 < fog.search_pictures < fog.grid_pictures / 2
    assert fog.targets > 0
    assert shown[-1] == (found.frames, found.frames)
