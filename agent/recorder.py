"""From examinations to records: what a session counted, row by row, and its totals at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from agent.record import (
    HealthRecord,
    Record,
    SessionEndRecord,
    SessionRecord,
    phantom_record,
    trial_record,
)
from agent.session import Examination, Inference


@dataclass
class Totals:
    """What the agent counted itself, to be held against what arrives."""

    frames: int = 0
    inferences: int = 0
    trials: int = 0
    flips: int = 0
    phantoms: int = 0

    def add(self, other: Totals) -> None:
        """Count another session's too."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


class Recorder:
    """Turns a session's examinations into records and hands each to ``put``."""

    def __init__(self, put: Callable[[Record], object], start: SessionRecord) -> None:
        self.totals = Totals()
        self.readings: dict[str, float] = {}
        self._put = put
        self._session = start.session
        put(start)

    def add(self, seen: Examination) -> None:
        """Record one frame: its trials, and the phantoms where there are any."""
        totals, session = self.totals, self._session
        totals.frames += 1
        totals.inferences += 1 + len(seen.inferences)
        self._phantoms(seen, None, seen.clean_phantoms)
        for inference in seen.inferences:
            self._phantoms(seen, inference, inference.phantoms)
            for trial in inference.trials:
                totals.trials += 1
                totals.flips += trial.flipped
                self._put(trial_record(trial, session))

    def health(self, readings: Mapping[str, float]) -> None:
        """Record the device's readings; ``readings`` are the newest."""
        self.readings = dict(readings)
        self._put(HealthRecord(session=self._session, readings=self.readings))

    def end(self, why: str, rejected: int = 0) -> None:
        """Record the totals; ``why`` says what ended the session."""
        totals = self.totals
        self._put(
            SessionEndRecord(
                session=self._session,
                frames=totals.frames,
                inferences=totals.inferences,
                trials=totals.trials,
                flips=totals.flips,
                phantoms=totals.phantoms,
                rejected=rejected,
                why=why[:256],
            )
        )

    def _phantoms(self, seen: Examination, inference: Inference | None, count: int) -> None:
        if count:
            self.totals.phantoms += count
            condition = None if inference is None else inference.condition
            self._put(phantom_record(self._session, seen.frame, seen.clip, condition, count))
