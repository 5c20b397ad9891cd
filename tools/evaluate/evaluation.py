"""One evaluation from open to report: the loop, the results, the files."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from agent.assembly import Examiner
from agent.errors import DataError, MissingExtra, OutputError
from tools.evaluate.data import DataSpec
from tools.evaluate.gallery import exhibits
from tools.evaluate.gather import Gathering
from tools.evaluate.journal import Journal
from tools.evaluate.kept import Kept
from tools.evaluate.outcome import gathering_for, results_of
from tools.evaluate.results import Results, to_json
from tools.evaluate.resume import Say, announce, fingerprint
from tools.evaluate.trials import TrialsFile
from tools.evaluate.vehicle import Vehicle
from tools.evaluate.workers import warm_up
from tools.evaluate.workload import Progress, Workload
from tools.report.page import write_report

OUTPUTS = ("results.json", "report.html", "trials.parquet", "trials.csv")


@dataclass(frozen=True)
class Outcome:
    """What an evaluation left: its results, and the files that were written."""

    results: Results
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def evaluate(
    examiner: Examiner,
    data: DataSpec,
    out: Path,
    *,
    workers: int = 1,
    command: str = "",
    progress: Progress = lambda done, of: None,
    fresh: bool = False,
    vehicle: Vehicle | None = None,
    say: Say = lambda text: None,
) -> Outcome:
    """Examine all frames and write ``results.json``, the trials and ``report.html`` into ``out``.

    Where an evaluation with the same arguments was interrupted, it goes on, unless ``fresh``; the
    number of workers may differ, the results do not. ``vehicle`` says how a system that follows its
    signs is judged. ``say`` is told what becomes of it.

    Raises ``DataError``, ``ModelError``, ``ConfigError``; nothing is written before the model and
    the data have been opened. Raises ``OutputError`` where another one writes into ``out``.
    """
    started = time.perf_counter()
    if workers > 1:
        warm_up()
    camera = data.open()
    session, _ = examiner.open(camera.labels)
    count = len(camera)
    marks = fingerprint(examiner, data, camera, session)
    make_folder(out)
    with Journal(out, marks) as journal:
        announce(journal, fresh, say)
        journal.begin(fresh=fresh)
        clear_folder(out)
        vehicle = vehicle or Vehicle()
        kept = Kept(dict(camera.rejected), gathering=gathering_for(session, count, vehicle))
        work = Workload(replace(examiner, checked=True), camera, session, workers, journal)
        with TrialsFile(out) as trials:
            with _resumable(journal, count, say):
                for index, looked in work.frames(progress):
                    kept.add(looked, index, trials)
            if not kept.gathering.frames:
                journal.done()
                raise DataError(
                    f"None of the {count} pictures of {data.source} could be used: "
                    f"{_first(kept.rejected)}.",
                    remedy="Give pictures that can be decoded.",
                )
            files = [trials.close()]
        kept.gathering.close()
        results = results_of(examiner, data, session, kept, vehicle)
        results.data.reference = "prediction" if camera.labels is None else "truth"
        results.timing = _timing(kept.gathering, started)
        notes: list[str] = []
        try:
            pictures = exhibits(kept.gallery, camera, session)
            page, about = out / "report.html", [kept.far.note] if kept.far.note else []
            write_report(results, kept.far.rows(), pictures, page, notes=about, command=command)
            files.append(page)
        except MissingExtra as missing:
            notes.append(str(missing))
        # Last, so that a folder with results is a whole one.
        files.insert(0, write_json(out / "results.json", results))
        journal.done()
    return Outcome(results, tuple(files), tuple(notes))


@contextmanager
def _resumable(journal: Journal, count: int, say: Say) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        say(f"{journal.records} of {count} frames are kept; the same command goes on from there.")
        raise


def clear_folder(out: Path) -> None:
    """Make the output folder, without what an earlier evaluation left there."""
    make_folder(out)
    for name in OUTPUTS:
        (out / name).unlink(missing_ok=True)


def _first(rejected: dict[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in list(rejected.items())[:1])


def make_folder(out: Path) -> None:
    """Make the output folder. Raises ``OutputError`` where it cannot be made."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The output folder {out} cannot be made: {error.strerror}.",
            remedy="Choose another with --out.",
        ) from None


def write_json(path: Path, results: Results) -> Path:
    """Write results so that the file is whole or absent."""
    part = path.with_suffix(".json.part")
    part.write_text(json.dumps(to_json(results), indent=1) + "\n", encoding="utf-8")
    part.replace(path)
    return path


def _timing(gathering: Gathering, started: float) -> dict[str, float]:
    return {
        "wall_s": round(time.perf_counter() - started, 3),
        "predict_s": round(gathering.predict_s, 3),
        "perturb_s": round(gathering.perturb_s, 3),
    }
