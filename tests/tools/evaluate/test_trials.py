"""Trial rows and their file."""

from __future__ import annotations

import csv
import importlib
import os
from pathlib import Path

import pytest

from agent.values import Box, Condition, Part, Sighting, Target, Trial
from tools.evaluate import trials
from tools.evaluate.trials import TrialRow, TrialsFile, row_of

ROW = row_of(
    Trial(
        7,
        "pass-0",
        Target(7, 0, "stop sign", Box(1, 2, 3.5, 4), track="t", distance_m=20.0),
        Condition((Part("rain", 0.25),), seed=9),
        Sighting(True, "stop sign", 0.9),
        Sighting(False, None, 0.0, 0.2),
    )
)


def test_a_row_holds_the_trial_flat() -> None:
    assert (ROW.frame, ROW.kind, ROW.severity, ROW.flipped) == (7, "rain", 0.25, True)
    assert (ROW.x1, ROW.distance_m, ROW.seen_label, ROW.iou) == (3.5, 20.0, None, 0.2)


def test_a_row_says_how_the_place_of_what_lies_on_the_object_was_known() -> None:
    target = Target(7, 0, "stop sign", Box(1, 2, 3, 4), face="octagon", placement="outline")
    seen = Sighting(True, "stop sign", 0.9)
    tape = Condition((Part("tape", 0.25),), per_target=True)
    row = row_of(Trial(7, "pass-0", target, tape, seen, seen, "tiny"))
    assert (row.placement, row.face, row.remark) == ("outline", "octagon", "tiny")
    assert (ROW.placement, ROW.face, ROW.remark) == ("", "", "")


def test_parquet_keeps_types_and_empties(tmp_path: Path) -> None:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("pyarrow does not load here")
    written = TrialsFile(tmp_path)
    written.add([ROW] * 3)
    path = written.close()
    table = parquet.read_table(path).to_pylist()
    assert path.name == "trials.parquet"
    assert [TrialRow(**row) for row in table] == [ROW] * 3


def test_without_pyarrow_the_rows_go_into_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "_has_pyarrow", lambda: False)
    written = TrialsFile(tmp_path)
    written.add([ROW] * 2)
    assert not (tmp_path / "trials.csv").exists(), "only a whole file bears the name"
    path = written.close()
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == ["rain", "rain"]
    assert rows[0]["seen_label"] == ""


def test_a_run_without_trials_leaves_a_file_that_can_be_read(tmp_path: Path) -> None:
    assert TrialsFile(tmp_path).close().stat().st_size > 0
