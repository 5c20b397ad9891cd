"""From names to a working session. Beside the run the only file that knows every room."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from pydantic import ValidationError

from agent import __version__
from agent.cameras._spec import parse_options
from agent.card import ModelCard
from agent.errors import ConfigError, DataError, UsageError
from agent.models import Model
from agent.models._load import load_model
from agent.session import Perturber, Session
from agent.strategies import Strategy
from agent.strategies import family as strategies
from agent.suite import Suite, load_suite
from agent.toml import said
from agent.values import Condition, Execution, Sensor
from agent.vocabulary import Joined, join


@dataclass(frozen=True)
class Examiner:
    """What it takes to make a session, as plain values: any process can make the same one.

    ``card`` is the model card's path; ``aliases`` join the data's labels to the model's, before
    those of the card; ``strategy`` is a kind and its settings, such as
    ``breaking_point:tolerance=0.05``;
    ``checked`` says that the model file has passed its trial load already.
    """

    card: Path
    suite: str = "quick"
    strategy: str = "grid"
    seed: int = 0
    aliases: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    checked: bool = False
    sensor: Sensor = field(default_factory=Sensor)
    execution: Execution = field(default_factory=Execution)

    def open(self, labels: tuple[str, ...] | None) -> tuple[Session, Joined]:
        """Load the model and lay out the suite for data whose truth uses ``labels`` (None: none).

        Raises ``ModelError``, ``ConfigError``, ``UnknownKind``, and ``DataError`` where the
        data's labels and the model's do not meet.
        """
        # One thread: several would fight over the cores with other workers, and gain nothing
        # on frames of this size.
        cv2.setNumThreads(1)
        conditions = lay_out(load_suite(self.suite), self.seed)
        strategy = plan_with(self.strategy, conditions)
        card = ModelCard.read(self.card)
        model = load_model(
            card, threads=self.threads, checked=self.checked, execution=self.execution
        )
        joined = meet(labels, model, {**card.aliases, **self.aliases})
        return Session(model, strategy, self.seed, joined.mapping, self.sensor), joined

    def lay_out_anew(self, session: Session) -> Session:
        """A session with this suite and strategy, and with the model that another has loaded.

        Raises ``ConfigError`` and ``UnknownKind``.
        """
        conditions = lay_out(load_suite(self.suite), self.seed)
        return dataclasses.replace(session, strategy=plan_with(self.strategy, conditions))


def plan_with(strategy: str, conditions: Sequence[Condition]) -> Strategy:
    """The strategy that a text such as ``sequential:claim=flip_rate<0.10@0.4`` asks for.

    Raises ``UsageError`` for settings that cannot be, ``UnknownKind``.
    """
    kind, _, settings = strategy.partition(":")
    member = strategies.load(kind)
    if settings and not member.Settings.model_fields:
        raise UsageError(f"The strategy {kind} has no settings, got {settings!r}.")
    return member(conditions, parse_options(f"strategy {kind}", settings, member.Settings))


def lay_out(suite: Suite, seed: int) -> tuple[Condition, ...]:
    """A suite's conditions, each knowing whether it lies on the object and what of it varies.

    Raises ``UnknownKind`` for a kind that does not exist, ``ConfigError`` for bad parameters.
    """
    perturber = Perturber()
    laid: list[Condition] = []
    for entry in suite.conditions:
        fixed = [part.severity is not None for part in entry.entries()]
        for condition in suite.model_copy(update={"conditions": (entry,)}).expand(seed):
            laid.append(_known(_held(condition, fixed), perturber, suite.name))
    return tuple(laid)


def _held(condition: Condition, fixed: Sequence[bool]) -> Condition:
    """A condition whose parts say whether the suite holds their severity."""
    parts = zip(condition.parts, fixed, strict=True)
    return dataclasses.replace(
        condition, parts=tuple(dataclasses.replace(part, fixed=held) for part, held in parts)
    )


def _known(condition: Condition, perturber: Perturber, suite: str) -> Condition:
    """A condition that says what its perturbations know: the stage, and whether harm grows."""
    try:
        stages = {member.stage() for member, _ in perturber.ordered(condition)}
        monotone = all(perturber.member(p).monotone for p in condition.parts if not p.fixed)
    except ValidationError as error:
        raise ConfigError(
            f"Suite {suite}, condition {condition.kind}: {said(error)}.",
            remedy="`fieldproof perturbations` lists the kinds and their parameters.",
        ) from None
    return dataclasses.replace(condition, per_target="on_object" in stages, monotone=monotone)


def meet(labels: tuple[str, ...] | None, model: Model, aliases: Mapping[str, str]) -> Joined:
    """Join the data's labels to the model's. Raises ``DataError`` where none is a target.

    Data without any label holds nothing that must be seen: only phantoms are counted on it.
    """
    if not labels:
        return Joined({}, ())
    joined = join(labels, model.labels, aliases)
    if not set(joined.mapping.values()) & set(model.targets):
        raise DataError(
            f"None of the data's labels is a target of the model: data {', '.join(labels[:12])}; "
            f"targets {', '.join(model.targets[:12])}.",
            remedy='Join them with --alias "data label=model label", or set targets in the card.',
        )
    return joined


def versions(runtime: str) -> dict[str, str]:
    """Versions and machine, for whoever repeats a run."""
    return {
        "fieldproof": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.platform(),
        "runtime": runtime,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }
