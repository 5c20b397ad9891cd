"""Whether an interrupted evaluation can go on: what decides its results, and what it had learnt."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable

from agent.assembly import Examiner, versions
from agent.cameras import RecordedCamera
from agent.card import ModelCard
from agent.errors import UsageError
from agent.session import Examination, Session, _pictures
from agent.strategies import Strategy
from agent.values import Target
from tools.evaluate.data import DataSpec, contents
from tools.evaluate.journal import Journal

Say = Callable[[str], None]
"""Tells the user a sentence while the work goes on."""

_ELSEWHERE = frozenset({"card", "suite", "checked"})


def fingerprint(
    examiner: Examiner, data: DataSpec, camera: RecordedCamera, session: Session
) -> dict[str, str]:
    """All that decides the results, by name: equal fingerprints give equal results.

    The number of workers is not among it. To be taken before the first frame is read.
    """
    model = session.model
    card = ModelCard.read(examiner.card).model_dump(mode="json", exclude={"file", "labels"})
    settings = {f.name: getattr(examiner, f.name) for f in dataclasses.fields(examiner)}
    parts = {
        "the model": (model.sha256, model.labels, model.targets),
        "the model card": card,
        "the data": (data.source, data.limit, data.seed, contents(camera)),
        "the suite": (examiner.suite, session.strategy.conditions),
        "the options": {k: v for k, v in settings.items() if k not in _ELSEWHERE},
        "the names that join the labels": sorted(session.names.items()),
        "the versions of Fieldproof or of what it runs on": versions(model.runtime),
    }
    return {
        name: hashlib.blake2b(
            repr(part).encode("utf-8", "surrogatepass"), digest_size=16
        ).hexdigest()
        for name, part in parts.items()
    }


def announce(journal: Journal, fresh: bool, say: Say) -> None:
    """Say what becomes of an interrupted evaluation that the folder holds."""
    folder = journal.path.parent
    if fresh and (journal.resumes or journal.changed):
        say(f"Starting anew, as asked: what was examined for {folder} before is dropped.")
    elif journal.changed:
        reasons = ", ".join(journal.changed)
        say(
            f"Starting anew: since the evaluation into {folder} was interrupted, this has changed: "
            f"{reasons}."
        )
    elif journal.damaged:
        say(f"Starting anew: the journal in {folder} cannot be read.")
    elif journal.resumes:
        say(f"Continuing the evaluation into {folder} that was interrupted.")


def retrace(strategy: Strategy, examination: Examination, detects: bool) -> None:
    """Let a strategy go through a journaled frame again: ask it, and tell it what came of it.

    Raises ``UsageError`` where it asks for something else than it did.
    """
    if examination.skipped and not examination.targets and not detects:
        return  # such a frame is not examined: see Session.examine
    targets = examination.targets or (Target(examination.frame, 0, None),)
    recorded = iter(examination.inferences)
    while pictures := _pictures([(target, strategy.ask(target)) for target in targets]):
        for condition, _ in pictures:
            inference = next(recorded, None)
            if inference is None or inference.condition != condition:
                raise _lost(strategy)
            for trial in inference.trials:
                strategy.tell(trial)
    if next(recorded, None) is not None:
        raise _lost(strategy)


def _lost(strategy: Strategy) -> UsageError:
    return UsageError(
        f"The strategy {strategy.kind} cannot take up the interrupted evaluation: it does not ask "
        "again for what it asked for.",
        remedy="Start anew with --fresh.",
    )
