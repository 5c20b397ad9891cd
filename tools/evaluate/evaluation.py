"""One evaluation from open to report: the loop, the results, the files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.assembly import Examiner, versions
from agent.errors import DataError, MissingExtra, OutputError
from agent.metrics.counters import CellKey
from agent.session import Session
from agent.values import Condition
from tools.evaluate.data import DataSpec
from tools.evaluate.gallery import Gallery, exhibits
from tools.evaluate.gather import Gathering, key_of
from tools.evaluate.imagenet import knows_imagenet, standard_errors
from tools.evaluate.results import (
    DataFacts,
    ModelFacts,
    Results,
    clean_figures,
    condition_figures,
    summarise,
    to_json,
)
from tools.evaluate.trials import TrialRow, TrialsFile, row_of
from tools.evaluate.workers import Looked, examine_all
from tools.report.page import write_report

OUTPUTS = ("results.json", "report.html", "trials.parquet", "trials.csv")

Progress = Callable[[int, int], None]
"""Called after each frame with the number done and the number of all."""


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
) -> Outcome:
    """Examine all frames and write ``results.json``, the trials and ``report.html`` into ``out``.

    Raises ``DataError``, ``ModelError``, ``ConfigError``; nothing is written before the model and
    the data have been opened.
    """
    started = time.perf_counter()
    camera = data.open()
    session, _ = examiner.open(camera.labels)
    clear_folder(out)
    seen = _Seen(rejected=dict(camera.rejected))
    with TrialsFile(out) as trials:
        workload = examine_all(replace(examiner, checked=True), data, camera, session, workers)
        count = len(camera)
        for done, looked in enumerate(workload, 1):
            seen.add(looked, done - 1, trials)
            progress(done, count)
        if not seen.gathering.frames:
            raise DataError(
                f"None of the {count} pictures of {data.source} could be used: "
                f"{_first(seen.rejected)}.",
                remedy="Give pictures that can be decoded.",
            )
        files = [trials.close()]
    results = _results(examiner, data, session, seen)
    results.data.reference = "prediction" if camera.labels is None else "truth"
    results.timing = _timing(seen.gathering, started)
    notes: list[str] = []
    try:
        pictures = exhibits(seen.gallery, camera, session)
        page = out / "report.html"
        write_report(results, seen.far, pictures, page, command=command)
        files.append(page)
    except MissingExtra as missing:
        notes.append(str(missing))
    # Last, so that a folder with results is a whole one.
    files.insert(0, write_json(out / "results.json", results))
    return Outcome(results, tuple(files), tuple(notes))


@dataclass
class _Seen:
    """What is kept while frames pass by: sums, the gallery's choice, rows with a distance."""

    rejected: dict[str, str]
    gathering: Gathering = field(default_factory=Gathering)
    gallery: Gallery = field(default_factory=Gallery)
    far: list[TrialRow] = field(default_factory=list)

    def add(self, looked: Looked, position: int, trials: TrialsFile) -> None:
        examination = looked.examination
        if examination is None:
            self.rejected[looked.source] = looked.rejected
            return
        self.gathering.add(examination)
        self.gallery.add(position, examination)
        rows = [row_of(trial) for i in examination.inferences for trial in i.trials]
        trials.add(rows)
        self.far.extend(row for row in rows if row.distance_m is not None)


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


def _results(examiner: Examiner, data: DataSpec, session: Session, seen: _Seen) -> Results:
    gathering = seen.gathering
    conditions: dict[CellKey, Condition] = {key_of(c): c for c in session.strategy.conditions}
    units = {key: session.perturber.units(c) for key, c in conditions.items()}
    return Results(
        schema="fieldproof.results/1",
        model=model_facts(session),
        data=DataFacts(
            source=data.source,
            frames=gathering.frames,
            targets=gathering.targets,
            rejected=seen.rejected,
            unmatched_labels=dict(sorted(gathering.skipped.items())),
        ),
        suite=examiner.suite,
        seed=examiner.seed,
        clean=clean_figures(gathering.tally.clean),
        conditions=[
            condition_figures(
                key,
                gathering.tally.cells[key],
                units[key],
                session.perturber.stage(condition),
            )
            for key, condition in conditions.items()
            if key in gathering.tally.cells
        ],
        summary=summarise(gathering.tally, units, _standard(session, conditions, gathering)),
        environment=versions(session.model.runtime),
    )


def _standard(
    session: Session, conditions: Mapping[CellKey, Condition], gathering: Gathering
) -> dict[str, list[float]] | None:
    """The errors that ImageNet-C's own figure is made of; None for a model of other classes."""
    if session.model.detects or not knows_imagenet(session.model.labels):
        return None
    return standard_errors(conditions, gathering.tally)


def model_facts(session: Session) -> ModelFacts:
    """Which model a session examines."""
    model = session.model
    return ModelFacts(
        name=model.name,
        kind=model.kind,
        sha256=model.sha256,
        targets=list(model.targets) if model.targets != model.labels else [],
        detects=model.detects,
    )


def _timing(gathering: Gathering, started: float) -> dict[str, float]:
    return {
        "wall_s": round(time.perf_counter() - started, 3),
        "predict_s": round(gathering.predict_s, 3),
        "perturb_s": round(gathering.perturb_s, 3),
    }
