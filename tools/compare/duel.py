"""Both models on one frame: decoded once, perturbed once, each picture shown to both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from agent.errors import DataError, UsageError
from agent.metrics.matching import sight
from agent.models import Model
from agent.session import Examination, Session, placed
from agent.targets import targets_of
from agent.values import Condition, Frame, Pixels, Prediction, Sighting, Target
from agent.vocabulary import join


@dataclass(frozen=True, slots=True)
class Pair:
    """One target in one picture, as A and as B saw it. ``condition`` None: the clean frame.

    ``target`` bears A's label; ``placed`` is what the picture was made for.
    """

    target: Target
    condition: Condition | None
    clean_a: Sighting
    clean_b: Sighting
    a: Sighting
    b: Sighting
    placed: Target | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One picture: the targets in it that both models know, and each model's phantoms."""

    condition: Condition | None
    pairs: tuple[Pair, ...]
    phantoms_a: int
    phantoms_b: int


@dataclass(frozen=True, slots=True)
class Bout:
    """All that became of one frame. ``unpaired``: targets of one model alone, by label."""

    frame: int
    clip: str
    source: str
    looks: tuple[Look, ...]
    unpaired: tuple[str, ...] = ()
    perturb_s: float = 0.0
    predict_s: float = 0.0


class Duel:
    """Examines frames with two models, A's session choosing the pictures.

    Targets come from truth; where there is none, from A's clean prediction. Raises ``UsageError``
    where one model names whole pictures and the other finds objects in them.
    """

    def __init__(self, a: Session, b: Session, aliases: Mapping[str, str]) -> None:
        if a.model.detects != b.model.detects:
            raise UsageError(
                f"{_what(a.model)}, but {_what(b.model)}: they answer different questions.",
                remedy="Compare two classifiers, or two detectors.",
            )
        self.a, self.b = a, b
        self._aliases = aliases
        self._both = _Both.of(a.model, b.model)
        self._session = replace(a, model=self._both)

    def examine(self, frame: Frame) -> Bout:
        """One frame's pictures, clean first. Raises ``DataError`` where a target has no box."""
        self._both.answers.clear()
        seen = self._session.examine(frame)
        answers = tuple(self._both.answers)
        assert len(answers) == 1 + len(seen.inferences), "B answers each of A's pictures once"
        targets, partner, unpaired, judged = self._targets(frame, seen, answers[0])
        looks = tuple(self._looks(seen, answers, targets, partner)) if judged else ()
        return Bout(
            frame.index,
            frame.clip,
            frame.source,
            looks,
            unpaired,
            seen.perturb_s,
            seen.predict_s,
        )

    def _looks(
        self,
        seen: Examination,
        answers: Sequence[Prediction],
        targets: Sequence[Target],
        partner: Mapping[int, int],
    ) -> Iterator[Look]:
        clean, phantoms = self._sight(answers[0], targets)
        pairs = tuple(
            Pair(t, None, first, clean[partner[t.number]], first, clean[partner[t.number]])
            for t, first in zip(seen.targets, seen.clean, strict=True)
            if t.number in partner
        )
        yield Look(None, pairs, seen.clean_phantoms, phantoms)
        for inference, answer in zip(seen.inferences, answers[1:], strict=True):
            found, phantoms = self._sight(answer, targets)
            pairs = tuple(
                Pair(
                    trial.target,
                    trial.condition,
                    trial.clean,
                    clean[partner[trial.target.number]],
                    trial.perturbed,
                    found[partner[trial.target.number]],
                    placed(trial.condition, trial.target, seen.targets),
                )
                for trial in inference.trials
                if trial.target.number in partner
            )
            yield Look(inference.condition, pairs, inference.phantoms, phantoms)

    def _sight(
        self, answer: Prediction, targets: Sequence[Target]
    ) -> tuple[dict[int, Sighting], int]:
        """B's sightings by its targets' numbers, and the number of its phantoms."""
        sightings, phantoms = sight(answer, targets, _interest(self.b.model))
        found = {t.number: s for t, s in zip(targets, sightings, strict=True)}
        return found, len(phantoms)

    def _targets(
        self, frame: Frame, seen: Examination, clean: Prediction
    ) -> tuple[Sequence[Target], dict[int, int], tuple[str, ...], bool]:
        """B's targets; which of them is which of A's; labels without partner; whether to judge."""
        if frame.truth is None:
            mine = self._translated(seen.targets)
            partner = {t.number: t.number for t in mine}
            lone = tuple(t.label or "" for t in seen.targets if t.number not in partner)
            return mine, partner, lone, True
        theirs, skipped = targets_of(frame, clean, self.b.model, self.b.names)
        if not self.a.model.detects:
            partner = {0: 0} if seen.targets and theirs else {}
            lone = () if partner else tuple(t.label or "" for t in (*seen.targets, *theirs))
            # A label that one of them lacks has no right answer for it: no phantom either.
            return (
                theirs,
                partner,
                (*lone, *_unknown(seen, skipped, lone)),
                not (seen.skipped or skipped),
            )
        places_a, places_b = _places(frame, self.a), _places(frame, self.b)
        partner = {i: places_b.index(p) for i, p in enumerate(places_a) if p in places_b}
        lone = _lone(seen.targets, set(partner)) + _lone(theirs, set(partner.values()))
        return theirs, partner, lone, True

    def _translated(self, targets: Sequence[Target]) -> tuple[Target, ...]:
        """A's targets in B's words, without those that are none of B's."""
        model = self.b.model
        try:
            mapping = join([t.label or "" for t in targets], model.labels, self._aliases).mapping
        except DataError:
            return ()
        named = [(t, mapping.get(t.label or "")) for t in targets]
        return tuple(replace(t, label=label) for t, label in named if label in model.targets)


class _Both(Model):
    """Model A to whoever asks, while B answers each picture too, into ``answers``."""

    def __init__(self, a: Model, b: Model) -> None:
        super().__init__()
        self.labels, self.targets = a.labels, a.targets
        self.name, self.sha256, self.runtime = a.name, a.sha256, a.runtime
        self.answers: list[Prediction] = []
        self._a, self._b = a, b

    @classmethod
    def of(cls, a: Model, b: Model) -> _Both:
        return (_BothFind if a.detects else _BothName)(a, b)

    def _predict(self, pixels: Pixels) -> Prediction:
        self.answers.append(self._b.predict(pixels))
        return self._a.predict(pixels)


class _BothFind(_Both):
    detects: ClassVar[bool] = True


class _BothName(_Both):
    detects: ClassVar[bool] = False


def _what(model: Model) -> str:
    does = "finds objects" if model.detects else "names whole pictures"
    return f"{model.name} {does}"


def _interest(model: Model) -> frozenset[str]:
    """Labels whose false sighting is a phantom, by the rule of ``Session``."""
    restricted = model.detects or set(model.targets) != set(model.labels)
    return frozenset(model.targets) if restricted else frozenset()


def _places(frame: Frame, session: Session) -> list[int]:
    """Which of the truth's objects are a detector's targets, in the targets' order."""
    things = frame.truth.objects if frame.truth else ()
    names, wanted = session.names, set(session.model.targets) & set(session.model.labels)
    return [i for i, thing in enumerate(things) if names.get(thing.label, thing.label) in wanted]


def _lone(targets: Sequence[Target], paired: set[int]) -> tuple[str, ...]:
    return tuple(t.label or "" for t in targets if t.number not in paired)


def _unknown(seen: Examination, skipped: Sequence[str], lone: Sequence[str]) -> tuple[str, ...]:
    """Labels that neither model could use and that are not named yet."""
    return () if lone else tuple(Counter((*seen.skipped, *skipped)))
