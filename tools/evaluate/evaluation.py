"""One evaluation from open to report: the loop, the results, the files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from agent.assembly import Examiner, versions
from agent.errors import DataError, FieldproofError, MissingExtra
from agent.metrics.counters import CellKey
from agent.session import Session
from agent.values import Condition
from tools.evaluate.data import DataSpec
from tools.evaluate.gallery import Gallery, exhibits
from tools.evaluate.gather import Gathering, key_of
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
from tools.evaluate.workers import examine_all
from tools.report.page import write_report

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
    make_folder(out)
    gathering, gallery, rows = Gathering(), Gallery(), list[TrialRow]()
    trials = TrialsFile(out)
    rejected = dict(camera.rejected)
    count = len(camera)
    worker_plan = replace(examiner, checked=True)
    for done, looked in enumerate(examine_all(worker_plan, data, camera, session, workers), 1):
        if looked.examination is None:
            rejected[looked.source] = looked.rejected
        else:
            gathering.add(looked.examination)
            gallery.add(done - 1, looked.examination)
            new = [row_of(t) for i in looked.examination.inferences for t in i.trials]
            trials.add(new)
            rows.extend(row for row in new if row.distance_m is not None)
        progress(done, count)
    if not gathering.frames:
        raise DataError(
            f"None of the {count} pictures of {data.source} could be used: {_first(rejected)}.",
            remedy="Give pictures that can be decoded.",
        )
    results = _results(examiner, data, session, gathering, rejected)
    results.data.reference = "prediction" if camera.labels is None else "truth"
    results.timing = _timing(gathering, started, session)
    files = [write_json(out / "results.json", results), trials.close()]
    notes: list[str] = []
    try:
        pictures = exhibits(gallery, camera, session)
        page = out / "report.html"
        write_report(results, rows, pictures, page, command=command)
        files.append(page)
    except MissingExtra as missing:
        notes.append(str(missing))
    return Outcome(results, tuple(files), tuple(notes))


def _first(rejected: dict[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in list(rejected.items())[:1])


def make_folder(out: Path) -> None:
    """Make the output folder. Raises ``FieldproofError`` where it cannot be made."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FieldproofError(
            f"The output folder {out} cannot be made: {error.strerror}.",
            remedy="Choose another with --out.",
        ) from None


def write_json(path: Path, results: Results) -> Path:
    """Write results so that the file is whole or absent."""
    part = path.with_suffix(".json.part")
    part.write_text(json.dumps(to_json(results), indent=1) + "\n", encoding="utf-8")
    part.replace(path)
    return path


def _results(
    examiner: Examiner,
    data: DataSpec,
    session: Session,
    gathering: Gathering,
    rejected: dict[str, str],
) -> Results:
    conditions: dict[CellKey, Condition] = {key_of(c): c for c in session.strategy.conditions}
    units = {key: session.perturber.units(c) for key, c in conditions.items()}
    return Results(
        schema="fieldproof.results/1",
        model=model_facts(session),
        data=DataFacts(
            source=data.source,
            frames=gathering.frames,
            targets=gathering.targets,
            rejected=rejected,
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
        summary=summarise(gathering.tally, units),
        environment=versions(session.model.runtime),
    )


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


def _timing(gathering: Gathering, started: float, session: Session) -> dict[str, float]:
    return {
        "wall_s": round(time.perf_counter() - started, 3),
        "predict_s": round(gathering.predict_s, 3),
        "perturb_s": round(gathering.perturb_s, 3),
    }
