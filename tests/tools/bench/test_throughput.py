"""Pairs per second, and what they are told against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from agent.errors import UsageError
from tools.bench.throughput import Throughput, measure, show
from tools.bench.timing import Inference
from tools.evaluate.data import DataSpec

SUITE = 'schema = "fieldproof.suite/1"\nseverities = [0.5]\n[[conditions]]\nkind = "low_light"\n'


@contextmanager
def silent(what: str) -> Iterator[Callable[[int, int], None]]:
    yield lambda done, of: None


def folder(path: Path, count: int) -> DataSpec:
    path.mkdir()
    for number in range(count):
        cv2.imwrite(str(path / f"{number}.png"), np.full((30, 30, 3), number, np.uint8))
    return DataSpec(f"folder:{path}")


@pytest.mark.parametrize(
    ("one", "two", "met"), [(44.0, 75.0, True), (43.0, 86.0, False), (60.0, 90.0, False)]
)
def test_the_goals_are_shares_of_a_decoding_and_two_invokes(
    one: float, two: float, met: bool
) -> None:
    measured = Throughput(Inference("m", "litert", 9.0), "quick", 1, 40, 2.0, {1: one, 2: two}, {})
    assert measured.allowed == 50
    assert measured.met is met


def test_pairs_are_counted_and_the_time_is_split_up_whole(
    shared_data: Path, tmp_path: Path
) -> None:
    suite = tmp_path / "suite.toml"
    suite.write_text(SUITE)
    model = shared_data / "models" / "cls_gtsrb_feranick_30_uint8.tflite"
    found = measure(model, folder(tmp_path / "p", 12), silent, suite=str(suite), rounds=1)
    assert (found.frames, found.pairs) == (12, 12)
    assert all(rate > 0 for rate in found.pairs_per_s.values())
    assert len(found.to_json()["goals"]) == 2
    console = Console(record=True, width=200)
    show(console, found)
    assert "12 pairs" in console.export_text()


def test_too_few_frames_are_refused(shared_data: Path, tmp_path: Path) -> None:
    model = shared_data / "models" / "cls_gtsrb_feranick_30_uint8.tflite"
    with pytest.raises(UsageError, match="10 are needed"):
        measure(model, folder(tmp_path / "p", 3), silent, rounds=1)
