"""A worker that dies, or stumbles, ends the evaluation with a sentence; what was done is kept."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.assembly import Examiner
from agent.errors import DataError, FieldproofError
from tools.evaluate import evaluation
from tools.evaluate.data import DataSpec
from tools.evaluate.evaluation import evaluate

CARD = Path(__file__).resolve().parents[3] / "tools" / "demo" / "model" / "stop_sign.toml"


def test_after_a_worker_has_died_one_worker_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "write_report", lambda *_, **__: None)
    examiner = Examiner(CARD, suite="none", checked=True)
    data = DataSpec("drive_by:width=96,height=64,fps=15")
    last = 0

    def kill(done: int, of: int) -> None:
        nonlocal last
        last = done
        for worker in multiprocessing.active_children():
            worker.kill()

    with pytest.raises(FieldproofError, match="worker process died") as caught:
        evaluate(examiner, data, tmp_path, workers=2, progress=kill)
    assert "--workers 1" in caught.value.remedy
    shown: list[int] = []
    outcome = evaluate(examiner, data, tmp_path, progress=lambda done, of: shown.append(done))
    assert shown[0] == last
    assert outcome.results.data.frames == len(data.open())


def test_what_a_worker_refuses_is_said_as_one_worker_would_say_it(tmp_path: Path) -> None:
    (tmp_path / "stop sign").mkdir()
    for number in range(40):
        cv2.imwrite(str(tmp_path / "stop sign" / f"{number}.png"), np.zeros((8, 8, 3), np.uint8))
    examiner, data = Examiner(CARD, suite="none", checked=True), DataSpec(str(tmp_path))
    for workers in (1, 2):
        with pytest.raises(DataError, match="without a box"):
            evaluate(examiner, data, tmp_path / "out", workers=workers)
    assert not list((tmp_path / "out").iterdir()), "nothing is left of it"
