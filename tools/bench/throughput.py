"""``fieldproof bench evaluate``: pairs per second against what decoding and two bare invokes allow.

A pair is a frame's clean picture and one perturbed picture of it. Whoever asks the model for both,
each time, spends a decoding and two invokes on a pair. An evaluation asks for the clean picture
once a frame, and spends what it saves on perturbing, preparing, judging and writing down.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from agent.assembly import Examiner
from agent.card import ModelCard
from agent.errors import UsageError
from agent.models._graph import Graph
from tools.bench.pictures import scenes
from tools.bench.speed import Goal
from tools.bench.tables import print_goals
from tools.bench.timing import Inference, inference, median_ms
from tools.evaluate.data import DataSpec
from tools.evaluate.journal import Journal
from tools.evaluate.kept import Kept
from tools.evaluate.outcome import gathering_for
from tools.evaluate.trials import TrialsFile
from tools.evaluate.vehicle import Vehicle
from tools.evaluate.workload import Workload

FRAMES: Final = 32
"""Pictures that are drawn where no data are given."""

FEWEST: Final = 10

ONE_WORKER: Final = 0.87
TWO_WORKERS: Final = 1.7

Bar = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


@dataclass(frozen=True, slots=True)
class Throughput:
    """What was measured. ``pairs_per_s`` by number of workers, the best of the rounds.

    ``ms`` says where one worker's time for a picture goes; ``decode_ms`` is for a frame.
    """

    inference: Inference
    suite: str
    frames: int
    pairs: int
    decode_ms: float
    pairs_per_s: dict[int, float]
    ms: dict[str, float]

    @property
    def allowed(self) -> float:
        """Pairs per second if nothing but decoding and two bare invokes took time."""
        return 1000 / (self.decode_ms + 2 * self.inference.ms)

    @property
    def goals(self) -> tuple[Goal, ...]:
        one = self.pairs_per_s[1] / self.allowed
        two = self.pairs_per_s[2] / self.pairs_per_s[1]
        return (
            Goal(
                "pairs with 1 worker, share of what a decoding and two bare invokes allow",
                ONE_WORKER,
                one,
                one >= ONE_WORKER,
            ),
            Goal("times 1 worker's pairs with 2 workers", TWO_WORKERS, two, two >= TWO_WORKERS),
        )

    @property
    def met(self) -> bool:
        return all(goal.met for goal in self.goals)

    def to_json(self) -> dict[str, Any]:
        goals = [asdict(goal) for goal in self.goals]
        return {**asdict(self), "allowed_pairs_per_s": self.allowed, "goals": goals}


def measure(
    model: Path, data: DataSpec | None, bar: Bar, *, suite: str = "quick", rounds: int = 2
) -> Throughput:
    """Evaluate with one worker and with two, in turn, and keep the better rate of each.

    ``model``: a card, or a classifier's TFLite file; ``data`` None: drawn pictures of 640x480 as
    JPEG. Raises what opening them raises, and ``UsageError`` for too few frames.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        examiner = Examiner(card_of(model, folder), suite, checked=True)
        data = data or DataSpec(f"folder:{drawn(folder / 'pictures')}")
        count = len(data.open())
        if count < FEWEST:
            raise UsageError(f"{data.source} holds {count} frames; {FEWEST} are needed at least.")
        bare = [_bare(examiner, data)]
        runs: dict[int, list[_Run]] = {1: [], 2: []}
        for number in range(rounds):
            for workers, found in runs.items():
                with bar(f"{workers} worker{'s'[: workers - 1]}, {number + 1} of {rounds}") as show:
                    found.append(_run(examiner, data, workers, folder, show))
            bare.append(_bare(examiner, data))
    decode_ms = min(ms for ms, _ in bare)
    invoke = min((timed for _, timed in bare), key=lambda timed: timed.ms)
    best = max(runs[1], key=lambda run: run.rate)
    rates = {workers: max(run.rate for run in found) for workers, found in runs.items()}
    ms = best.where(decode_ms, invoke.ms)
    return Throughput(invoke, suite, best.frames, best.pairs, decode_ms, rates, ms)


def show(console: Console, measured: Throughput) -> None:
    """Print the rates, where the time goes, and whether the goals are met."""
    timed = measured.inference
    table = Table(
        "",
        "pairs per s",
        title=f"{timed.model} with {timed.runtime}, suite {measured.suite}: {measured.pairs} pairs "
        f"on {measured.frames} frames",
        title_justify="left",
    )
    about = f"allowed: a decoding ({measured.decode_ms:.2f} ms) and two invokes ({timed.ms:.2f} ms)"
    table.add_row(about, f"{measured.allowed:.1f}")
    for workers, rate in measured.pairs_per_s.items():
        table.add_row(f"{workers} worker{'s'[: workers - 1]}", f"{rate:.1f}")
    console.print(table)
    spent = Table("a picture's time with 1 worker", "ms", "share")
    whole = sum(measured.ms.values())
    for part, ms in measured.ms.items():
        spent.add_row(part, f"{ms:.2f}", f"{ms / whole:.1%}")
    console.print(spent)
    print_goals(console, measured.goals, timed.is_litert)


@dataclass(frozen=True, slots=True)
class _Run:
    """One evaluation: frames, pairs, the steady part's pairs per second, and seconds in all."""

    frames: int
    pairs: int
    rate: float
    whole_s: float
    predict_s: float
    perturb_s: float

    def where(self, decode_ms: float, invoke_ms: float) -> dict[str, float]:
        """Milliseconds for each picture, clean ones among them, by what takes them."""
        pictures = self.frames + self.pairs
        times = self.whole_s, self.predict_s, self.perturb_s
        whole, predict, perturb = (1000 * seconds / pictures for seconds in times)
        decode = decode_ms * self.frames / pictures
        return {
            "bare invoke": invoke_ms,
            "to the input and from the output": predict - invoke_ms,
            "perturbation": perturb,
            "decoding": decode,
            "judging, journal, sums and trials": whole - predict - perturb - decode,
        }


def _run(
    examiner: Examiner,
    data: DataSpec,
    workers: int,
    folder: Path,
    show: Callable[[int, int], None],
) -> _Run:
    camera, stamps = data.open(), dict[int, float]()
    session, _ = examiner.open(camera.labels)

    def progress(done: int, of: int) -> None:
        stamps[done] = time.perf_counter()
        show(done, of)

    with Journal(folder, {}) as journal, TrialsFile(folder) as trials:
        journal.begin(fresh=True)
        kept = Kept({}, gathering=gathering_for(session, len(camera), Vehicle()))
        for index, looked in Workload(examiner, camera, session, workers, journal).frames(progress):
            kept.add(looked, index, trials)
        journal.done()
    pairs = sum(cell.frames for cell in kept.gathering.tally.cells.values())
    # Without the beginning, while workers start, and the end, when one has nothing left to do.
    first, last = len(camera) // 4, len(camera) - 2
    rate = (last - first) / (stamps[last] - stamps[first]) * pairs / len(camera)
    whole_s, gathered = stamps[len(camera)] - stamps[0], kept.gathering
    return _Run(gathered.frames, pairs, rate, whole_s, gathered.predict_s, gathered.perturb_s)


def _bare(examiner: Examiner, data: DataSpec) -> tuple[float, Inference]:
    """A frame's decoding in ms, and an invoke of the model, with nothing about them."""
    camera = data.open()
    numbers = iter(range(1 << 30))
    decode = median_ms(lambda: camera.read(next(numbers) % len(camera)), 0.5)
    return decode, inference(ModelCard.read(examiner.card).file)


def card_of(model: Path, folder: Path) -> Path:
    """The card given, or a plain one for a classifier's file, whose labels are but numbers."""
    if model.suffix == ".toml":
        return model
    try:
        classes = Graph(model).outputs[0].shape[-1]
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"{model} cannot be run: {str(error).splitlines()[0]}",
            remedy="Give a classifier's TFLite file, or a card, with --model.",
        ) from None
    (folder / "labels.txt").write_text("".join(f"class {n}\n" for n in range(classes)))
    card = ModelCard(file=model.resolve(), kind="classifier", labels=Path("labels.txt"))
    path = folder / "card.toml"
    path.write_text(card.to_toml(), encoding="utf-8")
    return path


def drawn(folder: Path) -> Path:
    """A folder of pictures that differ, of the size that a camera gives."""
    folder.mkdir()
    pixels = scenes()[1].pixels
    for number in range(FRAMES):
        shifted = np.roll(pixels, 7 * number, axis=1)
        cv2.imwrite(str(folder / f"{number:02}.jpg"), cv2.cvtColor(shifted, cv2.COLOR_RGB2BGR))
    return folder
