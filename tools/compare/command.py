"""One comparison from open to page: both models, the sums, the files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from agent.assembly import Examiner, versions
from agent.cameras import RecordedCamera
from agent.errors import DataError, MissingExtra
from agent.session import Session
from tools.compare.broken import Changed, as_changes, newly_broken, newly_seen, painted
from tools.compare.comparison import (
    ComparedData,
    Comparison,
    clean_and_kinds,
    condition_rows,
    to_json,
)
from tools.compare.duel import Duel
from tools.compare.page import MOST_BROKEN, MOST_SEEN, Both, write_page
from tools.compare.sums import PairedSums
from tools.compare.verdict import sentence
from tools.evaluate.data import DataSpec
from tools.evaluate.evaluation import make_folder
from tools.evaluate.gather import key_of
from tools.evaluate.outcome import model_facts

OUTPUTS = ("compare.json", "compare.html")

Progress = Callable[[int, int], None]
"""Called after each frame with the number done and the number of all."""


@dataclass(frozen=True)
class Outcome:
    """What a comparison left: its figures, and the files that were written."""

    comparison: Comparison
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Seen:
    """What is kept while frames pass by."""

    sums: PairedSums = field(default_factory=PairedSums)
    broken: Changed = field(default_factory=newly_broken)
    won: Changed = field(default_factory=newly_seen)


def compare(
    a: Examiner,
    b: Examiner,
    data: DataSpec,
    out: Path,
    *,
    command: str = "",
    progress: Progress = lambda done, of: None,
) -> Outcome:
    """Show both models the same pictures; write ``compare.json`` and ``compare.html`` into ``out``.

    ``a`` and ``b`` have the same suite and seed. Raises ``DataError``, ``ModelError``,
    ``ConfigError``, and ``UsageError`` where one names pictures and the other finds objects;
    nothing is written before models and data have been opened.
    """
    started = time.perf_counter()
    with closing(data.open()) as camera:
        first, _ = a.open(camera.labels)
        second, _ = b.open(camera.labels)
        duel = Duel(first, second, {**a.aliases, **b.aliases})
        clear_folder(out)
        seen = _examine(duel, camera, data, progress)
        comparison = _comparison(duel, camera, data, a, seen)
        comparison.timing = {
            "wall_s": round(time.perf_counter() - started, 3),
            "predict_s": round(seen.sums.predict_s, 3),
            "perturb_s": round(seen.sums.perturb_s, 3),
        }
        files: list[Path] = []
        notes: list[str] = []
        try:
            page = out / "compare.html"
            broken = _pictures(seen.broken, MOST_BROKEN, camera, first)
            won = _pictures(seen.won, MOST_SEEN, camera, first)
            write_page(comparison, broken, won, page, command=command)
            files.append(page)
        except MissingExtra as missing:
            notes.append(str(missing))
    # Last, so that a folder with figures is a whole one.
    files.insert(0, _write_json(out / "compare.json", comparison))
    return Outcome(comparison, tuple(files), tuple(notes))


def clear_folder(out: Path) -> None:
    """Make the output folder, without what an earlier comparison left there."""
    make_folder(out)
    for name in OUTPUTS:
        (out / name).unlink(missing_ok=True)


def _examine(duel: Duel, camera: RecordedCamera, data: DataSpec, progress: Progress) -> _Seen:
    seen = _Seen()
    for position in range(len(camera)):
        try:
            frame = camera.read(position)
        except DataError:
            continue  # the camera's ``rejected`` names it
        bout = duel.examine(frame)
        seen.sums.add(bout)
        seen.broken.add(position, bout)
        seen.won.add(position, bout)
        progress(position + 1, len(camera))
    if not seen.sums.frames:
        name, why = next(iter(camera.rejected.items()), ("", "there is none"))
        raise DataError(
            f"None of the {len(camera)} pictures of {data.source} could be used: {name}: {why}",
            remedy="Give pictures that can be decoded.",
        )
    return seen


def _comparison(
    duel: Duel, camera: RecordedCamera, data: DataSpec, examiner: Examiner, seen: _Seen
) -> Comparison:
    session, sums = duel.a, seen.sums
    conditions = {key_of(c): c for c in session.strategy.conditions}
    # In the suite's order, whichever frame came first.
    sums.cells = {key: sums.cells[key] for key in conditions if key in sums.cells}
    clean, kinds = clean_and_kinds(sums)
    perturber = session.perturber
    return Comparison(
        verdict=sentence(clean, kinds, clean.clips),
        a=model_facts(session),
        b=model_facts(duel.b),
        data=ComparedData(
            source=data.source,
            reference="prediction" if camera.labels is None else "truth",
            frames=sums.frames,
            targets=clean.n,
            clips=clean.clips,
            rejected=dict(camera.rejected),
            unpaired=dict(sorted(sums.unpaired.items())),
        ),
        suite=examiner.suite,
        seed=examiner.seed,
        clean=clean,
        kinds=kinds,
        conditions=condition_rows(
            sums, {key: (perturber.units(c), perturber.stage(c)) for key, c in conditions.items()}
        ),
        newly_broken=as_changes(seen.broken, perturber.units),
        newly_seen=as_changes(seen.won, perturber.units),
        environment=_environment(duel),
    )


def _environment(duel: Duel) -> dict[str, str]:
    """Versions and machine; B's runtime where it is another."""
    found = versions(duel.a.model.runtime)
    other = duel.b.model.runtime
    return found if other == duel.a.model.runtime else {**found, "runtime of B": other}


def _pictures(changed: Changed, most: int, camera: RecordedCamera, session: Session) -> list[Both]:
    return [painted(change, camera, session) for change in changed.shown()[:most]]


def _write_json(path: Path, comparison: Comparison) -> Path:
    """Write so that the file is whole or absent."""
    part = path.with_suffix(".json.part")
    part.write_text(json.dumps(to_json(comparison), indent=1) + "\n", encoding="utf-8")
    part.replace(path)
    return path
