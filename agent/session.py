"""The loop: frame -> clean prediction -> targets -> conditions -> trials.

Knows the families' base classes, never a member. ``evaluate`` on recorded data and ``run`` on a
camera are this same loop with another camera and another sink.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from agent.geometry.placing import Places, remark
from agent.geometry.shapes import Shape
from agent.geometry.tracks import Tracker
from agent.metrics.matching import sight
from agent.models import Model
from agent.perturbations import STAGES, Moment, Perturbation, family
from agent.strategies import Strategy
from agent.targets import targets_of
from agent.values import (
    Condition,
    Frame,
    Part,
    Pixels,
    Prediction,
    Sensor,
    Sighting,
    Target,
    Trial,
    derived_seed,
)

T = TypeVar("T")


class Interrupted(Exception):
    """Whoever is called between trials wants no more: the frame is given up as a whole."""


@dataclass(frozen=True, slots=True)
class Inference:
    """One perturbed picture's answer: the trials it served and the phantoms in it.

    ``answer`` is the model's whole one (None where it was not kept), and ``sightings`` how all
    the frame's targets fare in it, those that it does not serve among them.
    """

    condition: Condition
    trials: tuple[Trial, ...]
    phantoms: int
    answer: Prediction | None = None
    sightings: tuple[Sighting, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """All that became of one frame.

    ``clean`` are the sightings of ``targets``, in order; a frame with nothing to be seen has no
    targets but may have phantoms. ``skipped`` names a label that the model does not know.
    ``answer`` is the model's, on the clean frame. Seconds are wall-clock sums over the frame;
    ``predictions_s`` are those of each prediction, the clean one first.
    """

    frame: int
    clip: str
    targets: tuple[Target, ...]
    clean: tuple[Sighting, ...]
    clean_phantoms: int
    inferences: tuple[Inference, ...]
    skipped: tuple[str, ...] = ()
    perturb_s: float = 0.0
    predict_s: float = 0.0
    answer: Prediction | None = None
    predictions_s: tuple[float, ...] = ()


class Perturber:
    """Applies a condition's parts in the order of physics, instances made once."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Perturbation] = {}

    def member(self, part: Part) -> Perturbation:
        """The perturbation of a part. Raises ``UnknownKind`` or pydantic's ``ValidationError``."""
        key = (part.kind, repr(part.parameters))
        if key not in self._made:
            self._made[key] = family.load(part.kind)(**dict(part.parameters))
        return self._made[key]

    def ordered(self, condition: Condition) -> list[tuple[Perturbation, float]]:
        """A condition's perturbations with severities, on_object first, in_sensor last."""
        pairs = [(self.member(part), part.severity) for part in condition.parts]
        return sorted(pairs, key=lambda pair: STAGES.index(pair[0].stage()))

    def apply(self, pixels: Pixels, condition: Condition, moment: Moment) -> Pixels:
        """A perturbed copy of uint8 RGB pixels (H, W, 3)."""
        for perturbation, severity in self.ordered(condition):
            pixels = perturbation.apply(pixels, severity, moment)
        return pixels

    def stage(self, condition: Condition) -> str:
        """The earliest stage of a condition's parts."""
        return self.ordered(condition)[0][0].stage()

    def units(self, condition: Condition) -> str:
        """A condition's severities in physical units."""
        return ", ".join(p.describe(severity) for p, severity in self.ordered(condition))


def _at_once() -> None:
    """Nothing lies between two trials."""


@dataclass
class Session:
    """Examines frames one by one with one model and one strategy.

    ``names`` maps the data's labels to the model's (empty: the same names); ``seed`` is the
    run's. Frames with truth are judged by it, frames without by the model's clean prediction.

    Without a ``tracker`` each frame stands for itself, so frames may come in any order and to any
    worker; predicted targets are then numbered from left to right. With one, for frames in
    order, they keep their names, and their places are steadied.

    ``between`` is called before each trial and may take its time.
    """

    model: Model
    strategy: Strategy
    seed: int = 0
    names: Mapping[str, str] = field(default_factory=dict)
    sensor: Sensor = field(default_factory=Sensor)
    perturber: Perturber = field(default_factory=Perturber)
    tracker: Tracker | None = None
    between: Callable[[], None] = _at_once

    def examine(self, frame: Frame) -> Examination:
        """Run one frame's path. Calls the model once clean and once per condition picture.

        Raises ``DataError`` where a detector's target has no box, and what ``between`` raises.
        """
        clock = _Clock()
        clean = clock.predict(self.model, frame.pixels)
        targets, skipped = targets_of(frame, clean, self.model, self.names, self.tracker)
        if skipped and not targets and not self.model.detects:
            return Examination(frame.index, frame.clip, (), (), 0, (), skipped)
        sightings, phantoms = sight(clean, targets, self.interest)
        inferences = self._explore(frame, targets, sightings, clock)
        return Examination(
            frame.index,
            frame.clip,
            targets,
            sightings,
            len(phantoms),
            tuple(inferences),
            skipped,
            clock.perturb_s,
            sum(clock.predictions_s),
            clean,
            tuple(clock.predictions_s),
        )

    def picture(self, frame: Frame, condition: Condition, target: Target | None) -> Pixels:
        """The perturbed picture of a frame for the target that ``placed`` gives."""
        return self.perturber.apply(frame.pixels, condition, self._moment(frame, condition, target))

    def _place(self, target: Target) -> str:
        """What names the spot where a picture's stickers keep from frame to frame: the track.

        A classifier's own answer is of the whole frame by whatever label: stickers that changed
        with the answer would be others on the same sign.
        """
        return target.track if self.model.detects or target.from_truth else ""

    @property
    def interest(self) -> frozenset[str]:
        """Labels whose false sighting is a phantom: none where every label is a target."""
        restricted = self.model.detects or set(self.model.targets) != set(self.model.labels)
        return frozenset(self.model.targets) if restricted else frozenset()

    def _explore(
        self,
        frame: Frame,
        targets: Sequence[Target],
        clean: Sequence[Sighting],
        clock: _Clock,
    ) -> list[Inference]:
        """Ask, try and tell until the strategy wants nothing more of any target."""
        inferences: list[Inference] = []
        places = Places(frame.pixels, self.tracker)
        nothing = Target(frame.index, 0, None)
        while True:
            asked = [(t, self.strategy.ask(t)) for t in targets or (nothing,)]
            pictures = _pictures(asked)
            if not pictures:
                return inferences
            for condition, served in pictures:
                self.between()
                inference = self._try(frame, condition, served, targets, clean, clock, places)
                inferences.append(inference)
                for trial in inference.trials:
                    self.strategy.tell(trial)

    def _try(
        self,
        frame: Frame,
        condition: Condition,
        served: Sequence[Target],
        targets: Sequence[Target],
        clean: Sequence[Sighting],
        clock: _Clock,
        places: Places,
    ) -> Inference:
        note = ""
        if condition.per_target:
            served = [clock.perturb(lambda: places.of(served[0]))]
            note = remark(frame.pixels.shape, served[0])
        target = placed(condition, served[0], targets)
        pixels = clock.perturb(lambda: self.picture(frame, condition, target))
        answer = clock.predict(self.model, pixels)
        sightings, phantoms = sight(answer, targets, self.interest)
        trials = tuple(
            Trial(frame.index, frame.clip, t, condition, clean[t.number], sightings[t.number], note)
            for t in served
            if t.label is not None
        )
        return Inference(condition, trials, len(phantoms), answer, sightings)

    def _moment(self, frame: Frame, condition: Condition, target: Target | None) -> Moment:
        keys: tuple[int | str, ...] = (condition.seed, frame.clip)
        if condition.per_target and target is not None:
            keys += (self._place(target),)
        return Moment(
            time_s=frame.time_s,
            seed=derived_seed(*keys),
            frame=frame.index,
            region=None if target is None else target.region,
            quad=None if target is None else target.quad,
            face=cast(Shape, "octagon" if target is None else target.face or "octagon"),
            distance_m=None if target is None else target.distance_m,
            sensor=self.sensor,
        )


def placed(condition: Condition, target: Target, targets: Sequence[Target]) -> Target | None:
    """The target whose place and distance a picture may use.

    A picture that serves several targets uses none's, so that their order makes no difference.
    """
    if target.label is None or not (condition.per_target or len(targets) == 1):
        return None
    return target


def _pictures(
    asked: Sequence[tuple[Target, tuple[Condition, ...]]],
) -> list[tuple[Condition, list[Target]]]:
    """Which pictures serve which targets: one each for what lies on the object, else shared.

    A condition that lies on an object has nothing to lie on in a frame without targets.
    """
    shared: dict[Condition, list[Target]] = {}
    pictures: list[tuple[Condition, list[Target]]] = []
    for target, conditions in asked:
        for condition in conditions:
            if not condition.per_target:
                if condition not in shared:
                    shared[condition] = []
                    pictures.append((condition, shared[condition]))
                shared[condition].append(target)
            elif target.label is not None:
                pictures.append((condition, [target]))
    return pictures


class _Clock:
    """Wall-clock seconds spent in perturbing and in predicting."""

    def __init__(self) -> None:
        self.perturb_s = 0.0
        self.predictions_s: list[float] = []

    def predict(self, model: Model, pixels: Pixels) -> Prediction:
        start = time.perf_counter()
        answer = model.predict(pixels)
        self.predictions_s.append(time.perf_counter() - start)
        return answer

    def perturb(self, make: Callable[[], T]) -> T:
        start = time.perf_counter()
        made = make()
        self.perturb_s += time.perf_counter() - start
        return made
