"""From what an evaluation kept to its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.assembly import Examiner, versions
from agent.metrics.counters import CellKey
from agent.metrics.flips import Flips, flip_probability, mean_flip_probability
from agent.metrics.scenes import CLEAN, SceneTally
from agent.session import Session
from agent.values import Condition
from tools.evaluate.breakdown import Breakdown
from tools.evaluate.data import DataSpec
from tools.evaluate.figures import (
    Beyond,
    by_search,
    clean_figures,
    condition_figures,
    summarise,
)
from tools.evaluate.gather import Gathering, key_of
from tools.evaluate.imagenet import knows_imagenet, standard_errors
from tools.evaluate.kept import Kept
from tools.evaluate.results import DataFacts, ModelFacts, Results
from tools.evaluate.sections.calibration import calibration_figures
from tools.evaluate.sections.confusion import confusion_figures
from tools.evaluate.sections.detection import DetectionFigures, detection_figures
from tools.evaluate.sections.slices import slice_figures
from tools.evaluate.sections.system import SystemFigures, system_figures
from tools.evaluate.vehicle import Vehicle


def gathering_for(session: Session, frames: int, vehicle: Vehicle) -> Gathering:
    """Sums for an evaluation of so many frames."""
    pictures = frames * (1 + len(session.strategy.conditions))
    return Gathering(
        scenes=SceneTally(even_kinds(session), vehicle.voting), breakdown=Breakdown(pictures)
    )


def even_kinds(session: Session) -> frozenset[str]:
    """The kinds of which all targets meet the same severities."""
    strategy = session.strategy
    return frozenset(c.kind for c in strategy.conditions if strategy.searched(c.kind) == "grid")


def results_of(
    examiner: Examiner, data: DataSpec, session: Session, kept: Kept, vehicle: Vehicle
) -> Results:
    """All that was kept, as results. The gathering is closed."""
    gathering, strategy = kept.gathering, session.strategy
    conditions: dict[CellKey, Condition] = {key_of(c): c for c in _listed(session, kept)}
    units = {key: session.perturber.units(c) for key, c in conditions.items()}
    rows = [
        condition_figures(
            key,
            gathering.tally.cells[key],
            units[key],
            session.perturber.stage(condition),
            _losses(session, gathering, key.kind),
            beyond(gathering, key),
        )
        for key, condition in conditions.items()
        if key in gathering.tally.cells
    ]
    even = even_kinds(session)
    grid = bool(even) and all(c.kind in even for c in conditions.values())
    return Results(
        schema="fieldproof.results/1",
        model=model_facts(session),
        data=DataFacts(
            source=data.source,
            frames=gathering.frames,
            targets=gathering.targets,
            rejected=kept.left_out(),
            unmatched_labels=dict(sorted(gathering.skipped.items())),
        ),
        suite=examiner.suite,
        seed=examiner.seed,
        clean=clean_figures(gathering.tally.clean, beyond(gathering, CLEAN)),
        conditions=rows,
        summary=summarise(
            gathering.tally,
            units,
            _standard(session, conditions, gathering),
            searched=strategy.searched,
            seen_again=gathering.seen_again,
            verdicts=strategy.verdicts(),
            broken=gathering.scenes.broken,
            survivors=gathering.survivors if grid else None,
            conditions=rows,
        ),
        detection=_detection(gathering.breakdown, even if grid else frozenset()),
        calibration={
            name: calibration_figures(found)
            for name, found in gathering.breakdown.calibrations().items()
        },
        confusion={
            name: confusion_figures(found)
            for name, found in gathering.breakdown.confusions().items()
            if found.n() or found.phantoms
        },
        slices=slice_figures(gathering.scenes.slices.rates()) if gathering.targets else None,
        system=_system(gathering, list(conditions), vehicle),
        environment=versions(session.model.runtime),
    )


def beyond(gathering: Gathering, key: CellKey) -> Beyond:
    """What is known of a condition beyond its cell."""
    scenes, account = gathering.scenes, gathering.breakdown.accounts.get(key)
    flips = scenes.flips.get(key)
    known = Beyond(
        seen=scenes.seen(key),
        lost=scenes.lost(key),
        flip_probability=None if flips is None else flip_probability([flips]),
    )
    if account is None:
        return known
    precision = account.precision.figure()
    return Beyond(
        seen=known.seen,
        lost=known.lost,
        confusion=account.confusion,
        average_precision=None if precision is None else precision.ap,
        calibration_error=account.calibration.expected_error,
        flip_probability=known.flip_probability,
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


def _detection(breakdown: Breakdown, kinds: frozenset[str]) -> DetectionFigures | None:
    account = breakdown.accounts.get(CLEAN)
    clean = None if account is None else account.precision.figure()
    if clean is None:
        return None
    return detection_figures(clean, breakdown.precisions(kinds), breakdown.frames)


def _system(
    gathering: Gathering, order: Sequence[CellKey], vehicle: Vehicle
) -> SystemFigures | None:
    scenes = gathering.scenes
    kinds: dict[str, list[Flips]] = {}
    for key, flips in scenes.flips.items():
        if key != CLEAN:
            kinds.setdefault(key.kind, []).append(flips)
    mean = mean_flip_probability({kind: flip_probability(f) for kind, f in kinds.items()})
    return system_figures(scenes.approaches, [CLEAN, *order], vehicle, mean)


def _losses(session: Session, gathering: Gathering, kind: str) -> dict[float | None, int] | None:
    """Where the targets of a kind were lost, if its severities were searched; else None."""
    if not by_search(session.strategy.searched(kind)):
        return None
    return gathering.tally.lost.get(kind, {})


def _listed(session: Session, kept: Kept) -> list[Condition]:
    """The suite's conditions and those that a strategy added, kinds in the suite's order."""
    laid_out = session.strategy.conditions
    kinds = list(dict.fromkeys(condition.kind for condition in laid_out))
    added = [condition for condition in kept.conditions if condition not in set(laid_out)]
    if not added:
        return list(laid_out)
    return sorted({*laid_out, *added}, key=lambda c: (kinds.index(c.kind), c.severity))


def _standard(
    session: Session, conditions: Mapping[CellKey, Condition], gathering: Gathering
) -> dict[str, list[float]] | None:
    """The errors that ImageNet-C's own figure is made of; None for a model of other classes."""
    if session.model.detects or not knows_imagenet(session.model.labels):
        return None
    return standard_errors(conditions, gathering.tally)
