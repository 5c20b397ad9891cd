"""Chooses the most telling trials while they pass by, and paints their pictures anew afterwards.

Every picture follows from frame, condition and seed, so none needs to be kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.cameras import RecordedCamera
from agent.session import Examination, Session
from agent.values import Frame, Trial
from tools.report.exhibit import Exhibit

PER_KIND: Final = 3
"""Failures shown of each kind, beside one survivor of the strongest setting."""


@dataclass(frozen=True)
class _Choice:
    trial: Trial
    position: int


class Gallery:
    """Keeps, per kind, the failures at the least severity and one survivor at the most.

    Among equals the model's clean confidence decides: what was surest before is most telling.
    No frame appears twice under one kind, so that a gallery shows different pictures.
    """

    def __init__(self) -> None:
        self._failures: dict[str, list[_Choice]] = {}
        self._survivors: dict[str, _Choice] = {}

    def add(self, position: int, examination: Examination) -> None:
        """Consider one frame; ``position`` is where the camera reads it again."""
        for inference in examination.inferences:
            for trial in inference.trials:
                if trial.flipped:
                    self._fail(_Choice(trial, position))
                elif trial.clean.seen:
                    self._survive(_Choice(trial, position))

    def choices(self) -> list[_Choice]:
        """What was chosen, failures of all kinds first, in a fixed order."""
        failures = [c for kind in sorted(self._failures) for c in self._failures[kind]]
        return failures + [self._survivors[kind] for kind in sorted(self._survivors)]

    def _fail(self, choice: _Choice) -> None:
        kept = self._failures.setdefault(choice.trial.condition.kind, [])
        rivals = [c for c in kept if c.position == choice.position]
        best = min([choice, *rivals], key=_telling)
        others = [c for c in kept if c.position != choice.position]
        kept[:] = sorted([*others, best], key=_telling)[:PER_KIND]

    def _survive(self, choice: _Choice) -> None:
        kind = choice.trial.condition.kind
        kept = self._survivors.get(kind)
        if kept is None or _surviving(choice) < _surviving(kept):
            self._survivors[kind] = choice


def exhibits(gallery: Gallery, camera: RecordedCamera, session: Session) -> list[Exhibit]:
    """Paint what the gallery chose."""
    made: list[Exhibit] = []
    frames: dict[int, Frame] = {}
    for choice in gallery.choices():
        frame = frames.setdefault(choice.position, camera.read(choice.position))
        made.append(exhibit(frame, choice.trial, session))
    return made


def exhibit(frame: Frame, trial: Trial, session: Session) -> Exhibit:
    """One trial as a pair of pictures."""
    return Exhibit(
        kind=trial.condition.kind,
        severity=trial.condition.severity,
        units=session.perturber.units(trial.condition),
        label=trial.target.label or "",
        caption=_where(frame, trial),
        clean_pixels=frame.pixels,
        perturbed_pixels=session.picture(frame, trial.condition, trial.target),
        clean=trial.clean,
        perturbed=trial.perturbed,
        region=trial.target.region,
        quad=trial.target.quad,
    )


def _where(frame: Frame, trial: Trial) -> str:
    place = frame.source or f"{frame.clip}, frame {frame.index}"
    distance = trial.target.distance_m
    return place if distance is None else f"{place}, {distance:.0f} m before the sign"


def _telling(choice: _Choice) -> tuple[float, float, int, int]:
    trial = choice.trial
    return (
        trial.condition.severity,
        -trial.clean.confidence,
        choice.position,
        trial.target.number,
    )


def _surviving(choice: _Choice) -> tuple[float, float, int, int]:
    severity, confidence, position, number = _telling(choice)
    return -severity, confidence, position, number
