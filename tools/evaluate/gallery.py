"""Chooses the most telling trials while they pass by, and paints their pictures anew afterwards.

Every picture follows from frame, condition and seed, so none needs to be kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from agent.cameras import RecordedCamera
from agent.session import Examination, Session, placed
from agent.values import Frame, Target, Trial
from tools.report.exhibit import Exhibit
from tools.report.gallery import choose

MILDEST: Final = 2
"""Failures at the least severity shown of each kind, beside the surest one and a survivor."""


@dataclass(frozen=True)
class Choice:
    """A trial worth showing, where to read its frame again, and what its picture was made for."""

    trial: Trial
    position: int
    placed: Target | None


class Gallery:
    """Keeps, per kind, the mildest failures, the surest one, and a survivor of the strongest.

    Mildest: lost at the least severity, among equals what the model was surest of before.
    Surest: lost though the model was surest of it on the clean frame. No frame appears twice
    under one kind, so that a gallery shows different pictures.
    """

    def __init__(self) -> None:
        self._mildest: dict[str, list[Choice]] = {}
        self._surest: dict[str, Choice] = {}
        self._survivors: dict[str, Choice] = {}

    def add(self, position: int, examination: Examination) -> None:
        """Consider one frame; ``position`` is where the camera reads it again."""
        for inference in examination.inferences:
            for trial in inference.trials:
                used = placed(trial.condition, trial.target, examination.targets)
                choice = Choice(trial, position, used)
                if trial.flipped:
                    self._fail(choice)
                elif trial.clean.seen:
                    self._survive(choice)

    def choices(self) -> list[Choice]:
        """What was chosen, failures of all kinds first, in a fixed order."""
        failures: list[Choice] = []
        for kind in sorted(self._mildest):
            shown = {choice.position for choice in self._mildest[kind]}
            surest = self._surest[kind]
            failures += self._mildest[kind]
            failures += [surest] if surest.position not in shown else []
        return failures + [self._survivors[kind] for kind in sorted(self._survivors)]

    def _fail(self, choice: Choice) -> None:
        kind = choice.trial.condition.kind
        kept = self._mildest.setdefault(kind, [])
        rivals = [c for c in kept if c.position == choice.position]
        best = min([choice, *rivals], key=_mildness)
        others = [c for c in kept if c.position != choice.position]
        kept[:] = sorted([*others, best], key=_mildness)[:MILDEST]
        self._surest[kind] = min(choice, self._surest.get(kind, choice), key=_sureness)

    def _survive(self, choice: Choice) -> None:
        kind = choice.trial.condition.kind
        self._survivors[kind] = min(choice, self._survivors.get(kind, choice), key=_survival)


def exhibits(gallery: Gallery, camera: RecordedCamera, session: Session) -> list[Exhibit]:
    """Paint those of the gallery's choices that a report shows.

    Frame by frame in ascending order, so that a video is gone through once.
    """
    choices = gallery.choices()
    plans = [_plan(choice) for choice in choices]
    shown = {id(plan) for plan in choose(plans)}
    chosen = [c for c, plan in zip(choices, plans, strict=True) if id(plan) in shown]
    made: dict[int, Exhibit] = {}
    frame: Frame | None = None
    at = -1
    for number in sorted(range(len(chosen)), key=lambda n: chosen[n].position):
        if frame is None or chosen[number].position != at:
            at = chosen[number].position
            frame = camera.read(at)
        made[number] = exhibit(frame, chosen[number], session)
    return [made[number] for number in range(len(chosen))]


def _plan(choice: Choice) -> Exhibit:
    """An exhibit before it is painted: all that decides whether it is shown."""
    trial, blank = choice.trial, np.empty((0, 0, 3), np.uint8)
    return Exhibit(
        kind=trial.condition.kind,
        severity=trial.condition.severity,
        units="",
        label="",
        caption="",
        clean_pixels=blank,
        perturbed_pixels=blank,
        clean=trial.clean,
        perturbed=trial.perturbed,
    )


def exhibit(frame: Frame, choice: Choice, session: Session) -> Exhibit:
    """A chosen trial as a pair of pictures, the same that the model was shown."""
    trial = choice.trial
    return Exhibit(
        kind=trial.condition.kind,
        severity=trial.condition.severity,
        units=session.perturber.units(trial.condition),
        label=trial.target.label or "",
        caption=_where(frame, trial),
        clean_pixels=frame.pixels,
        perturbed_pixels=session.picture(frame, trial.condition, choice.placed),
        clean=trial.clean,
        perturbed=trial.perturbed,
        region=trial.target.region,
        quad=trial.target.quad,
    )


def _where(frame: Frame, trial: Trial) -> str:
    place = frame.source or f"{frame.clip}, frame {frame.index}"
    distance = trial.target.distance_m
    return place if distance is None else f"{place}, {distance:.0f} m before the sign"


def _mildness(choice: Choice) -> tuple[float, float, int, int]:
    trial = choice.trial
    return trial.condition.severity, -trial.clean.confidence, *_place(choice)


def _sureness(choice: Choice) -> tuple[float, float, int, int]:
    trial = choice.trial
    return -trial.clean.confidence, trial.condition.severity, *_place(choice)


def _survival(choice: Choice) -> tuple[float, float, int, int]:
    trial = choice.trial
    return -trial.condition.severity, trial.clean.confidence, *_place(choice)


def _place(choice: Choice) -> tuple[int, int]:
    """Settles ties, so that the choice does not depend on who came first."""
    return choice.position, choice.trial.target.number
