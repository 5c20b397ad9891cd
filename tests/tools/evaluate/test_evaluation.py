"""What an evaluation keeps does not grow with the frames; it continues where it was left."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from agent.assembly import Examiner
from agent.cameras import RecordedCamera, Selection
from agent.errors import DataError, MissingExtra, UsageError
from agent.models import Model
from agent.session import Examination, Inference, Session
from agent.strategies import Strategy
from agent.strategies.grid import Grid
from agent.values import (
    Condition,
    Frame,
    Part,
    Pixels,
    Prediction,
    Sighting,
    Target,
    Trial,
    TrueObject,
    Truth,
)
from agent.vocabulary import Joined
from tools.evaluate import evaluation, kept, trials, workload
from tools.evaluate.data import DataSpec
from tools.evaluate.evaluation import Outcome, evaluate
from tools.evaluate.journal import NAME
from tools.evaluate.kept import MOST_NAMED

CARD = Path(__file__).resolve().parents[3] / "tools" / "demo" / "model" / "stop_sign.toml"
CONDITIONS = tuple(Condition((Part("low_light", s),), varied=s) for s in (0.0, 1.0))
GOOD = 3
"""Every so many pictures one is good."""


class Tiny(RecordedCamera):
    """So many frames of 4x4 pixels at known distances, each a clip of its own."""

    labels = ("stop sign",)

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    @classmethod
    def open(cls, text: str, selection: Selection) -> Tiny:
        return cls(int(text))

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> Frame:
        if index % GOOD:
            self.rejected[f"{index}.jpg"] = "It is empty."
            raise DataError(f"{index}.jpg is empty.")
        truth = Truth((TrueObject("stop sign", distance_m=5.0 + index % 50),))
        pixels = np.full((4, 4, 3), index % 256, np.uint8)
        return Frame(pixels, index, f"{index}.jpg", f"{index}.jpg", truth=truth)


class Stub(Model):
    """Sees a stop sign in what is bright enough."""

    detects = False
    labels = targets = ("stop sign", "none")
    name = sha256 = runtime = "stub"
    kind = "stub"

    def _predict(self, pixels: Pixels) -> Prediction:
        share = float(pixels[0, 0, 0]) / 255
        return Prediction(scores=np.array([share, 1 - share], np.float32), labels=self.labels)


def run(
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    count: int = 12,
    strategy: Strategy | None = None,
    stop_at: int | None = None,
    fresh: bool = False,
) -> tuple[Outcome | None, Session, list[int], list[str]]:
    """Evaluate tiny frames with a stub; the counts shown and what was said."""
    session = Session(Stub(), strategy or Grid(CONDITIONS))
    monkeypatch.setattr(Examiner, "open", lambda *_: (session, Joined({}, ())))
    monkeypatch.setattr(DataSpec, "open", lambda _: Tiny(count))
    monkeypatch.setattr(evaluation, "write_report", no_report)
    shown: list[int] = []
    said: list[str] = []

    def progress(done: int, of: int) -> None:
        shown.append(done)
        if done == stop_at:
            raise KeyboardInterrupt

    try:
        found = evaluate(
            Examiner(CARD), DataSpec("tiny"), out, progress=progress, fresh=fresh, say=said.append
        )
    except KeyboardInterrupt:
        return None, session, shown, said
    return found, session, shown, said


def no_report(*_: object, **__: object) -> None:
    raise MissingExtra("matplotlib", "report", "The report")


class Glance(Session):
    """Answers at once: the frames' way through the evaluation is what is measured."""

    def examine(self, frame: Frame) -> Examination:
        target = Target(frame.index, 0, "stop sign", distance_m=5.0 + frame.index % 50)
        clean, condition = Sighting(True, "stop sign", 1.0), CONDITIONS[1]
        trial = Trial(frame.index, frame.clip, target, condition, clean, clean)
        inference = Inference(condition, (trial,), 0)
        return Examination(frame.index, frame.clip, (target,), (clean,), 0, (inference,))


def peak(out: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> int:
    """Most memory in bytes while so many frames are evaluated."""
    session = Glance(Stub(), Grid(CONDITIONS))
    monkeypatch.setattr(Examiner, "open", lambda *_: (session, Joined({}, ())))
    monkeypatch.setattr(DataSpec, "open", lambda _: Tiny(count))
    monkeypatch.setattr(evaluation, "write_report", no_report)
    tracemalloc.start()
    evaluate(Examiner(CARD), DataSpec("tiny"), out)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_peak_memory_does_not_grow_with_the_number_of_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "GROUP", 200)
    monkeypatch.setattr(kept, "MOST_NAMED", 100)
    monkeypatch.setattr(kept.FarRows.__init__, "__defaults__", (200,))
    peak(tmp_path, monkeypatch, 200)  # imports, caches
    small, large = (peak(tmp_path, monkeypatch, count) for count in (1_000, 4_000))
    # One number kept for each frame would be 100 kB more.
    assert large < small + 50_000


def test_what_is_not_named_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, *_ = run(tmp_path, monkeypatch, 3 * MOST_NAMED)
    assert found is not None
    rejected = found.results.data.rejected
    assert len(rejected) == MOST_NAMED + 1
    last = f"{MOST_NAMED} more", f"Only the first {MOST_NAMED} are named."
    assert list(rejected.items())[-1] == last


def test_an_interrupted_evaluation_examines_only_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, session, *_ = run(tmp_path / "whole", monkeypatch)
    all_queries = session.model.queries
    _, session, _, said = run(tmp_path / "cut", monkeypatch, stop_at=5)
    assert said == ["5 of 12 frames are kept; the same command goes on from there."]
    before = session.model.queries
    assert (tmp_path / "cut" / NAME).exists()
    resumed, session, shown, said = run(tmp_path / "cut", monkeypatch)
    assert before + session.model.queries == all_queries
    assert shown == list(range(5, 13)), "the first call tells what was there"
    assert "Continuing" in said[0]
    assert whole is not None
    assert resumed is not None
    assert figures(resumed) == figures(whole)
    assert not (tmp_path / "cut" / NAME).exists()


def test_fresh_examines_all_again_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, monkeypatch, stop_at=5)
    _, _, shown, said = run(tmp_path, monkeypatch, fresh=True)
    assert shown[0] == 0
    assert "Starting anew, as asked" in said[0]


def test_other_data_start_anew_and_the_reason_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, monkeypatch, stop_at=5)
    _, _, shown, said = run(tmp_path, monkeypatch, count=13)
    assert shown[0] == 0
    assert said[0].endswith("this has changed: the data.")


class Learning(Strategy):
    """Asks for the second condition only while the first has cost fewer than three flips."""

    splits = False

    def __init__(self, conditions: Sequence[Condition] = CONDITIONS, patience: int = 3) -> None:
        super().__init__(conditions)
        self.kind_of_memory: list[bool] = []
        self._patience, self._asked = patience, -1

    def ask(self, target: Target) -> tuple[Condition, ...]:
        if target.frame == self._asked or self.finished:
            return ()
        self._asked = target.frame
        return self.conditions[1:] if len(self.kind_of_memory) % 2 else self.conditions[:1]

    def tell(self, trial: Trial) -> None:
        self.kind_of_memory.append(trial.flipped)

    @property
    def finished(self) -> bool:
        return len(self.kind_of_memory) >= self._patience


def test_a_strategy_that_learns_takes_up_what_it_had_learnt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, *_ = run(tmp_path / "whole", monkeypatch, strategy=Learning())
    run(tmp_path / "cut", monkeypatch, strategy=Learning(), stop_at=2)
    resumed, _, shown, _ = run(tmp_path / "cut", monkeypatch, strategy=Learning())
    assert whole is not None
    assert resumed is not None
    assert figures(resumed) == figures(whole)
    assert shown[-1] < 12, "no frame is examined after it has finished"


def test_a_strategy_that_asks_otherwise_than_before_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, monkeypatch, strategy=Learning(), stop_at=4)
    with pytest.raises(UsageError, match="--fresh"):
        run(tmp_path, monkeypatch, strategy=Learning(patience=1))


def test_frames_ahead_wait_for_their_turn() -> None:
    order = workload._Order()
    given: list[int] = []
    for index in (2, 0, 0, 1, 4, 2, 3):
        given += [i for i, _ in in_order(order, index)]
    assert given == [0, 1, 2, 3, 4]


def in_order(order: workload._Order, index: int) -> Iterator[tuple[int, object]]:
    yield from order.put(index, workload.Looked(None, str(index)))


def figures(outcome: Outcome) -> object:
    return outcome.results.model_dump(exclude={"timing"})


def test_results_tell_more_than_accuracies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, *_ = run(tmp_path, monkeypatch, 300)
    assert found is not None
    results = found.results
    clean = results.clean
    assert clean.scenes == clean.n == 100, "each picture is a scene of its own"
    assert clean.missed is not None
    assert clean.misread is not None
    assert clean.correct + clean.missed + clean.misread == clean.n
    assert results.calibration["clean"].n == clean.n
    assert set(results.confusion) >= {"clean", "perturbed"}
    assert results.slices is not None
    assert {row.name for row in results.slices.rows} >= {"distance_m", "brightness"}
    assert results.detection is None, "it is a classifier"
    assert results.system is None, "no target is followed"
    worst = results.summary.worst_case
    assert worst is not None
    assert worst.n == clean.n
    assert worst.survivors is not None
    assert worst.survivors <= min(c.correct for c in results.conditions)
