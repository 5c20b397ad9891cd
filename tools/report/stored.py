"""A stored session as results: what ``fieldproof report`` and the demo show.

The store holds trials, not frames: clean figures come from the trials' clean halves, and where a
session has not ended the number of frames is that of the frames with trials.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from agent.errors import ConfigError, UsageError
from agent.metrics.confusion import Confusion
from agent.metrics.counters import Cell, CellKey, Tally, cell_of
from agent.metrics.scenes import CLEAN, Glimpse, Outcome, SceneTally
from agent.session import Perturber
from agent.suite import load_suite
from agent.values import Condition, Part, Sighting
from tools.evaluate.figures import Beyond, clean_figures, condition_figures, summarise
from tools.evaluate.results import DataFacts, ModelFacts, Results
from tools.evaluate.trials import TrialRow
from tools.report.device import device_facts
from tools.report.exhibit import Exhibit
from tools.report.page import write_report
from tools.stores import Scope, Store, open_store

Row = dict[str, Any]

MOST_ROWS = 200_000
"""Trials that the figures by distance are drawn from; some 180 MB in memory."""


def report_session(place: str, wanted: str | None, out: Path, command: str) -> Results:
    """Write the report of a stored session. Raises ``UsageError`` where there is no such one."""
    with open_store(place, create=False) as store:
        session = choose(list(store.sessions()), wanted, place)
        return write_stored(store, session, out, command)


def write_stored(
    store: Store, session: Row, out: Path, command: str, exhibits: Sequence[Exhibit] = ()
) -> Results:
    """Write a session's report, with pictures where there are any; its results."""
    results = session_results(store, session)
    far = (row for row in _rows(store, session) if row.distance_m is not None)
    known = list(islice(far, MOST_ROWS))
    write_report(results, known, exhibits, out, notes=_notes(session), command=command)
    return results


def session_results(store: Store, session: Row) -> Results:
    """A stored session as results."""
    scope = Scope(session["site"], session["device"], session["session"])
    phantoms = store.rows("phantoms", scope)
    results = stored_results(session, _rows(store, session), phantoms)
    first = next(_trials(store, session), None)
    readings = [json.loads(row["readings"]) for row in store.rows("health", scope)]
    results.environment |= device_facts(readings)
    results.data.reference = "truth" if first is None or first["from_truth"] else "prediction"
    return results


def _rows(store: Store, session: Row) -> Iterator[TrialRow]:
    return (_row(trial) for trial in _trials(store, session))


def _trials(store: Store, session: Row) -> Iterator[Row]:
    return store.trials(session["session"], session["site"], session["device"])


def choose(sessions: Sequence[Row], wanted: str | None, place: str) -> Row:
    """The session whose id begins with ``wanted``; the last one where none is wanted."""
    if not sessions:
        raise UsageError(f"The store {place} holds no session yet.", remedy="Run the agent first.")
    if wanted is None:
        return max(sessions, key=lambda session: session["wall_ms"])
    found = [session for session in sessions if session["session"].startswith(wanted)]
    if len(found) != 1:
        known = ", ".join(session["session"][:8] for session in sessions[-12:])
        raise UsageError(
            f"{len(found)} sessions begin with {wanted!r}.", remedy=f"The last ones: {known}."
        )
    return found[0]


def stored_results(session: Row, trials: Iterable[TrialRow], phantoms: Iterable[Row]) -> Results:
    """A session's trials and phantoms as results; the trials are read once, in their order."""
    tally, scenes, frames, labels = Tally(), SceneTally(), _Frames(), set[str]()
    confusions: dict[CellKey, Confusion] = {}
    for rows in _by_target(trials):
        frames.add(rows)
        labels.add(rows[0].label)
        clean = _clean(rows[0])
        scenes.add([_glimpse(rows)])
        tally.add_clean(cell_of(clean, clean))
        confusions.setdefault(CLEAN, Confusion()).add(rows[0].label, clean)
        for row in rows:
            seen = Sighting(row.seen, row.seen_label, row.confidence, row.iou)
            tally.add(_key(row), cell_of(clean, seen))
            confusions.setdefault(_key(row), Confusion()).add(row.label, seen)
        if clean.seen:
            tally.add_losses((row.kind, row.severity, row.seen) for row in rows)
    scenes.close()

    def beyond(key: CellKey) -> Beyond:
        return Beyond(scenes.seen(key), scenes.lost(key), confusions.get(key))

    count = session["frames"] or frames.all
    parts = _parts(session["suite"])
    _add_phantoms(tally, phantoms)
    _add_frames(tally, count, parts, frames)
    units = {key: _units(key, parts) for key in tally.cells}
    return Results(
        schema="fieldproof.results/1",
        model=ModelFacts(
            name=session["model_name"],
            kind=session["model_kind"],
            sha256=session["model_sha256"],
            targets=sorted(labels),
            detects=session["model_kind"] != "classifier",
        ),
        data=DataFacts(
            source=f"{session['camera']} of {session['site']}/{session['device']}",
            frames=count,
            targets=tally.clean.n,
        ),
        suite=session["suite"],
        seed=session["seed"],
        clean=clean_figures(tally.clean, beyond(CLEAN)),
        conditions=[
            condition_figures(key, cell, units[key], _stage(key, parts), beyond=beyond(key))
            for key, cell in tally.cells.items()
        ],
        summary=summarise(tally, units, broken=scenes.broken),
        environment=_versions(session),
    )


def _by_target(trials: Iterable[TrialRow]) -> Iterator[list[TrialRow]]:
    """All trials of one target of one frame at a time; a frame's trials stand together."""
    for _, frame in groupby(trials, lambda trial: (trial.clip, trial.frame)):
        targets: dict[int, list[TrialRow]] = {}
        for trial in frame:
            targets.setdefault(trial.target, []).append(trial)
        yield from targets.values()


def _glimpse(rows: Sequence[TrialRow]) -> Glimpse:
    """One target's trials in one frame; the time within the clip is not stored."""
    first = rows[0]
    return Glimpse(
        clip=first.clip,
        track=first.track,
        frame=first.frame,
        time_s=0.0,
        distance_m=first.distance_m,
        seen=first.clean_seen,
        label=first.clean_label,
        outcomes=[Outcome(_key(row), row.seen, row.seen_label) for row in rows],
    )


def _row(stored: Row) -> TrialRow:
    """A stored trial in the shape of a trials file; boxes are not stored."""
    return TrialRow(
        frame=stored["frame"],
        clip=stored["clip"],
        target=stored["number"],
        track=stored["track"],
        label=stored["target"],
        distance_m=stored["distance_m"],
        x0=None,
        y0=None,
        x1=None,
        y1=None,
        kind=stored["condition"],
        severity=stored["severity"],
        level=stored["level"],
        seed=stored["seed"],
        clean_seen=bool(stored["clean_seen"]),
        clean_label=stored["clean_label"],
        clean_confidence=stored["clean_confidence"] or 0.0,
        seen=bool(stored["perturbed_seen"]),
        seen_label=stored["perturbed_label"],
        confidence=stored["perturbed_confidence"] or 0.0,
        iou=stored["iou"],
        flipped=bool(stored["flip"]),
    )


def _clean(row: TrialRow) -> Sighting:
    return Sighting(row.clean_seen, row.clean_label, row.clean_confidence)


def _key(row: TrialRow) -> CellKey:
    return CellKey(row.kind, row.severity, row.level)


class _Frames:
    """Frames with trials, in all and by condition. They come in order, target by target."""

    def __init__(self) -> None:
        self.all = 0
        self._tried: Counter[CellKey] = Counter()
        self._last: dict[CellKey | None, tuple[str, int]] = {}

    def add(self, rows: Sequence[TrialRow]) -> None:
        """Take the trials of one target."""
        place = (rows[0].clip, rows[0].frame)
        self.all += self._last.get(None) != place
        self._last[None] = place
        for key in map(_key, rows):
            self._tried[key] += self._last.get(key) != place
            self._last[key] = place

    def share(self, key: CellKey) -> float:
        """Of the frames with trials, those with one under a condition; 1 where there is none.

        An agent that lacks the time for all conditions deals them out over the frames.
        """
        return self._tried[key] / self.all if self.all else 1.0


def _add_frames(tally: Tally, frames: int, parts: dict[CellKey, Condition], seen: _Frames) -> None:
    """How many pictures each row stands for: one a frame, or one a target for what lies on it.

    Frames without targets leave no trials: of those as many are taken to have been tried under a
    condition as of the others.
    """
    tally.add_clean(Cell(frames=frames))
    for key in {**tally.cells, **parts}:
        cell = tally.cells.get(key, Cell())
        on_object = _stage(key, parts) == "on_object"
        if cell.n or not on_object:
            tally.add(key, Cell(frames=cell.n if on_object else round(frames * seen.share(key))))


def _add_phantoms(tally: Tally, phantoms: Iterable[Row]) -> None:
    for row in phantoms:
        cell = Cell(phantoms=row["count"])
        if row["condition"]:
            tally.add(CellKey(row["condition"], row["severity"], row["level"]), cell)
        else:
            tally.add_clean(cell)


def _parts(suite: str) -> dict[CellKey, Condition]:
    """The conditions of the suite by row, where this machine has the suite; else none."""
    try:
        conditions = list(load_suite(suite).expand(0))
    except ConfigError:
        return {}
    return {CellKey(c.kind, round(c.severity, 6), c.level): c for c in conditions}


def _condition(key: CellKey, parts: dict[CellKey, Condition]) -> Condition:
    return parts.get(key) or Condition((Part(key.kind, key.severity),))


def _units(key: CellKey, parts: dict[CellKey, Condition]) -> str:
    try:
        return Perturber().units(_condition(key, parts))
    except UsageError:  # a kind that a newer agent has
        return ""


def _stage(key: CellKey, parts: dict[CellKey, Condition]) -> str:
    try:
        return Perturber().stage(_condition(key, parts))
    except UsageError:
        return ""


def _versions(session: Row) -> dict[str, str]:
    versions: dict[str, str] = json.loads(session["versions"] or "{}")
    return {**versions, "profile": session["profile"], "session": session["session"]}


def _notes(session: Row) -> list[str]:
    """Whether all that the agent counted has arrived, in words."""
    counted, stored = session["trials_counted"], session["trials_stored"]
    if session["rejected"]:
        lost = f"{session['rejected']} pictures could not be used; the agent's log names them."
        return [lost, *_notes({**session, "rejected": 0})]
    if counted is None:
        return [f"The session has not ended; {stored} trials have arrived so far."]
    if counted == stored:
        return [f"All {counted} trials that the agent counted are stored, each once."]
    return [f"The agent counted {counted} trials, {stored} are stored; see the store's gaps."]
