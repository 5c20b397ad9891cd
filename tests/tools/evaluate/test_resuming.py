"""Whoever examines the frames, and however often it is interrupted, the results are the same."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.evaluate.journal import NAME, Journal

ROOT = Path(__file__).resolve().parents[3]
CARD = ROOT / "tools" / "demo" / "model" / "stop_sign.toml"
QUICK = ROOT / "agent" / "suites" / "quick.toml"
DATA = "drive_by:width=160,height=120,distance=16,speed=10,fps=8"
FRAMES = 8

# The report's drawing takes longer than all else here: what it is given stands in for it.
DRIVER = """
import hashlib, sys
from pathlib import Path
from agent.assembly import Examiner
from tools.evaluate import evaluation
from tools.evaluate.data import DataSpec

def shown(results, trials, exhibits, page, **more):
    pictures = [hashlib.md5(e.perturbed_pixels.tobytes()).hexdigest() for e in exhibits]
    page.write_text(repr((trials, pictures, more["notes"])))

evaluation.write_report = shown
_, card, data, suite, out, workers, seed = sys.argv
evaluation.evaluate(
    Examiner(Path(card), suite, seed=int(seed), checked=True),
    DataSpec(data), Path(out), workers=int(workers),
    progress=lambda done, of: print(done, of, flush=True),
    say=lambda text: print(text, file=sys.stderr),
)
"""


def suite(out: Path) -> Path:
    """The kinds of the quick suite, at one severity: beside ``out``, whose name it has not."""
    path = out.parent / "kinds.toml"
    text = QUICK.read_text().replace("severities = [0.25, 0.5, 0.75, 1.0]", "severities = [0.6]")
    path.write_text(text)
    return path


def start(out: Path, workers: int, seed: int = 0, mark: str = "") -> subprocess.Popen[str]:
    words = [CARD, DATA, suite(out), out, workers, seed]
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "FIELDPROOF_TEST": mark},
    )


def finish(out: Path, workers: int, seed: int = 0) -> tuple[list[int], str]:
    """Run to the end: the counts that the progress showed, and what was said."""
    process = start(out, workers, seed)
    shown, said = process.communicate(timeout=100)
    assert process.returncode == 0, said
    return [int(line.split()[0]) for line in shown.splitlines()], said


def left_by(out: Path) -> tuple[object, bytes, str]:
    """Results without what differs by nature, the trials, and what the report was given."""
    results = json.loads((out / "results.json").read_text())
    del results["environment"], results["timing"]
    trials = next(out.glob("trials.*"))
    assert {path.name for path in out.iterdir()} == {"results.json", "report.html", trials.name}
    return results, trials.read_bytes(), (out / "report.html").read_text()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, bytes, str]:
    """What one worker leaves that nobody interrupts."""
    out = tmp_path_factory.mktemp("alone")
    counts, said = finish(out, 1)
    assert (counts, said) == (list(range(FRAMES + 1)), "")
    return left_by(out)


@pytest.mark.parametrize("workers", [2, 4])
def test_several_workers_leave_what_one_does(
    workers: int, alone: tuple[object, bytes, str], tmp_path: Path
) -> None:
    finish(tmp_path, workers)
    assert left_by(tmp_path) == alone


def test_killed_at_any_moment_it_goes_on_and_leaves_what_an_uninterrupted_run_does(
    alone: tuple[object, bytes, str], tmp_path: Path
) -> None:
    chance = random.Random(4)
    seen = 0
    for number in (2, 4, 1):
        mark = uuid.uuid4().hex
        process = start(tmp_path, number, mark=mark)
        counts = interrupted(process, seen + chance.randrange(1, 3), chance.random() * 0.05)
        assert counts[0] >= seen, "a frame that was done is done again"
        seen = counts[-1]
        assert workers_end(mark), "a worker outlives the process that started it"
    frames = journaled(tmp_path)
    assert len(set(frames)) == len(frames) >= seen
    counts, said = finish(tmp_path, 2)
    assert counts[0] == len(frames)
    assert "Continuing" in said
    assert left_by(tmp_path) == alone


def test_another_seed_starts_anew_and_says_why(
    alone: tuple[object, bytes, str], tmp_path: Path
) -> None:
    process = start(tmp_path, 1, seed=1)
    interrupted(process, 1, 0)
    counts, said = finish(tmp_path, 1)
    assert counts[0] == 0
    assert "has changed: the suite, the options." in said
    assert left_by(tmp_path) == alone


def interrupted(process: subprocess.Popen[str], after: int, wait_s: float) -> list[int]:
    """Kill a run some moments after it has shown a count; the counts up to there."""
    assert process.stdout is not None
    counts = []
    for line in process.stdout:
        counts.append(int(line.split()[0]))
        if counts[-1] >= after:
            break
    time.sleep(wait_s)
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=20)
    return counts + [
        int(line.split()[0]) for line in rest.splitlines() if line.endswith(str(FRAMES))
    ]


def journaled(out: Path) -> list[int]:
    """The frames in a folder's journal, which is left as it is."""
    data = (out / NAME).read_bytes()
    with Journal(out, {}) as journal:
        frames = [index for index, _ in journal.frames()]
    (out / NAME).write_bytes(data)
    return frames


def workers_end(mark: str) -> bool:
    """Whether all processes that carry a mark in their environment are gone before long."""
    end = time.monotonic() + 20
    while any(marked(mark)):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def marked(mark: str) -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"FIELDPROOF_TEST={mark}".encode() in (process / "environ").read_bytes():
                yield process
        except OSError:
            continue
