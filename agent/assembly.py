"""From names to a working session: the only file that knows every room."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
from pydantic import ValidationError

from agent.errors import ConfigError, DataError
from agent.models import Model
from agent.models._load import load_model
from agent.session import Perturber, Session
from agent.strategies import family as strategies
from agent.suite import Suite, load_suite
from agent.toml import said
from agent.values import Condition, Sensor
from agent.vocabulary import Joined, join


@dataclass(frozen=True)
class Examiner:
    """What it takes to make a session, as plain values: any process can make the same one.

    ``card`` is the model card's path; ``aliases`` join the data's labels to the model's;
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

    def open(self, labels: tuple[str, ...] | None) -> tuple[Session, Joined]:
        """Load the model and lay out the suite for data whose truth uses ``labels`` (None: none).

        Raises ``ModelError``, ``ConfigError``, ``UnknownKind``, and ``DataError`` where the
        data's labels and the model's do not meet.
        """
        # One thread: several would fight over the cores with other workers, and gain nothing
        # on frames of this size.
        cv2.setNumThreads(1)
        conditions = lay_out(load_suite(self.suite), self.seed)
        strategy = strategies.load(self.strategy)(conditions)
        model = load_model(self.card, threads=self.threads, checked=self.checked)
        joined = meet(labels, model, self.aliases)
        return Session(model, strategy, self.seed, joined.mapping, self.sensor), joined


def lay_out(suite: Suite, seed: int) -> tuple[Condition, ...]:
    """A suite's conditions, each knowing whether it lies on the object.

    Raises ``UnknownKind`` for a kind that does not exist, ``ConfigError`` for bad parameters.
    """
    perturber = Perturber()
    return tuple(_placed(condition, perturber, suite.name) for condition in suite.expand(seed))


def _placed(condition: Condition, perturber: Perturber, suite: str) -> Condition:
    try:
        stages = {member.stage() for member, _ in perturber.ordered(condition)}
    except ValidationError as error:
        raise ConfigError(
            f"Suite {suite}, condition {condition.kind}: {said(error)}.",
            remedy="`fieldproof perturbations` lists the kinds and their parameters.",
        ) from None
    return dataclasses.replace(condition, per_target="on_object" in stages)


def meet(labels: tuple[str, ...] | None, model: Model, aliases: Mapping[str, str]) -> Joined:
    """Join the data's labels to the model's. Raises ``DataError`` where none is a target."""
    if labels is None:
        return Joined({}, ())
    joined = join(labels, model.labels, aliases)
    if not set(joined.mapping.values()) & set(model.targets):
        raise DataError(
            f"None of the data's labels is a target of the model: data {', '.join(labels[:12])}; "
            f"targets {', '.join(model.targets[:12])}.",
            remedy='Join them with --alias "data label=model label", or set targets in the card.',
        )
    return joined
