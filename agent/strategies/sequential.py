"""Test track after track until a claim about each kind is accepted or refused, then ask no more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import Field, field_validator, model_validator

from agent.statistics.sequential import Claim, Decision
from agent.strategies import Options, Strategy, Verdict
from agent.strategies._opening import Opening
from agent.strategies._sweep import sweeps
from agent.values import Condition, Target, Trial

CLAIM: Final = re.compile(
    r"\s*flip_rate\s*<=?\s*(?P<rate>\d*\.?\d+)\s*(?P<percent>%?)\s*@\s*(?P<severity>\d*\.?\d+)\s*"
)

PATIENCE: Final = 30
"""Frames without a track after which it is over."""


class SequentialSettings(Options):
    """The claim, and what counts as evidence for it."""

    claim: str = Field(default="flip_rate<0.10@0.4", description="flip_rate<RATE@SEVERITY")
    good: float | None = Field(
        default=None, gt=0, lt=1, description="rate that must pass; None: half the claimed one"
    )
    unit: Literal["track", "clip"] = Field(default="track", description="what counts once")
    event: Literal["half", "any", "all"] = Field(
        default="half", description="share of a unit's frames that must be lost to count"
    )
    error: float = Field(
        default=0.05, gt=0, lt=0.5, description="of each wrong answer, for each kind"
    )
    together: bool = Field(
        default=False, description="the error is that of any wrong answer among all kinds"
    )

    @field_validator("claim")
    @classmethod
    def _readable(cls, text: str) -> str:
        found = CLAIM.fullmatch(text)
        if found is None:
            raise ValueError("a claim reads flip_rate<0.10@0.4, or flip_rate<10%@0.4")
        rate, severity = _numbers(found)
        if not 0 < rate < 1 or not 0 < severity <= 1:
            raise ValueError("a claim needs a rate between 0 and 1 and a severity in (0, 1]")
        return text.replace(" ", "")

    @model_validator(mode="after")
    def _apart(self) -> SequentialSettings:
        if self.good is not None and self.good >= self.rate:
            raise ValueError(f"good={self.good} must be less than the claimed rate {self.rate:g}")
        return self

    @property
    def rate(self) -> float:
        return self._parsed()[0]

    @property
    def severity(self) -> float:
        return self._parsed()[1]

    def test(self) -> Claim:
        """The test that settles the claim for one kind."""
        good = self.rate / 2 if self.good is None else self.good
        return Claim(good, self.rate, self.error, self.error)

    def _parsed(self) -> tuple[float, float]:
        found = CLAIM.fullmatch(self.claim)
        assert found is not None  # the validator has seen to it
        return _numbers(found)


def _numbers(found: re.Match[str]) -> tuple[float, float]:
    return float(found["rate"]) / (100 if found["percent"] else 1), float(found["severity"])


class Sequential(Strategy):
    """Wald's sequential test of "the flip rate under this kind at this severity is below so much".

    The unit of evidence is a track (one sign on one approach), or a whole clip where ``unit`` says
    so (several signs that share their weather): a photo is a clip of its own. A unit is lost when
    at least half of its frames are, of those on which it was seen clean; ``event`` may ask for any
    or for all instead. It counts once its clip is over or, for a track, when it has been gone for
    30 frames; one that is never seen clean is no evidence.

    Each kind of the suite is tested by itself, at ``error`` for either wrong answer: with twenty
    kinds at 5 %, expect one; with ``together`` the kinds share the error (Bonferroni), so that it
    holds for the suite as a whole and takes more tracks. A claim of 10 % is accepted as surely as
    that where the rate is 5 % (``good``) or less. Conditions of which nothing varies are left out.
    What is asked of one frame depends on those before it, so frames cannot be shared out among
    several processes.
    """

    Settings = SequentialSettings
    splits = False

    def __init__(self, conditions: Sequence[Condition], settings: Options | None = None) -> None:
        super().__init__(conditions, settings)
        chosen = settings if isinstance(settings, SequentialSettings) else self.Settings()
        self.settings = chosen
        found = sweeps(conditions)
        share = len(found) if chosen.together and found else 1
        own = chosen.model_copy(update={"error": chosen.error / share})
        self._kinds = {
            kind: _Kind(condition.at(chosen.severity), own) for kind, condition in found.items()
        }
        self._frame = -1
        self._asked: set[tuple[int, str]] = set()
        self._opening = Opening()

    @property
    def finished(self) -> bool:
        return all(kind.decision != "open" for kind in self._kinds.values())

    def ask(self, target: Target) -> tuple[Condition, ...]:
        if target.frame != self._frame:
            self._frame, self._asked = target.frame, set()
            if self.settings.unit == "track":
                for kind in self._kinds.values():
                    kind.close(before=target.frame - PATIENCE)
        if target.label is None:
            return ()
        open_kinds = [k.condition for k in self._kinds.values() if k.decision == "open"]
        admitted = filter(self.admits, open_kinds)
        wanted = [c for c in admitted if (target.number, c.kind) not in self._asked]
        asked = self._opening.limit(target, wanted)
        self._asked.update((target.number, condition.kind) for condition in asked)
        return asked

    def tell(self, trial: Trial) -> None:
        self._opening.tell(trial)
        kind = self._kinds.get(trial.condition.kind)
        if kind is not None and trial.condition == kind.condition:
            kind.add(trial)

    def verdicts(self) -> tuple[Verdict, ...]:
        """How each kind's claim stands, units that are still in view counted as they are."""
        return tuple(k.verdict(name) for name, k in self._kinds.items())


@dataclass
class _Unit:
    """A track or clip so far: frames on which it was seen clean, how many of them were lost."""

    frames: int = 0
    lost: int = 0
    last: int = 0

    def counts(self, event: str) -> bool:
        if event == "any":
            return self.lost > 0
        return self.lost == self.frames if event == "all" else 2 * self.lost >= self.frames


@dataclass
class _Kind:
    """One kind's test: the units that are over, and those in view."""

    condition: Condition
    settings: SequentialSettings
    events: int = 0
    n: int = 0
    decision: Decision = "open"
    clip: str = ""
    units: dict[str, _Unit] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)

    def add(self, trial: Trial) -> None:
        if trial.clip != self.clip:
            self.close()
            self.clip, self.counted = trial.clip, set()
        if not trial.clean.seen:
            return
        name = trial.target.track if self.settings.unit == "track" else ""
        if name in self.counted:
            return  # it comes back after it was taken for gone: no second piece of evidence
        unit = self.units.setdefault(name, _Unit())
        unit.frames, unit.lost = unit.frames + 1, unit.lost + trial.flipped
        unit.last = trial.frame

    def close(self, before: int | None = None) -> None:
        """Count the units last seen before a frame (None: all), as long as nothing is settled."""
        for name in [n for n, u in self.units.items() if before is None or u.last < before]:
            unit = self.units.pop(name)
            self.counted.add(name)
            if self.decision == "open":
                self.n, self.events = self.n + 1, self.events + unit.counts(self.settings.event)
                self.decision = self.settings.test().decide(self.events, self.n)

    def verdict(self, kind: str) -> Verdict:
        # On a copy: the frames may go on.
        whole = _Kind(self.condition, self.settings, self.events, self.n, self.decision)
        whole.units = dict(self.units)
        whole.close()
        settled = whole.decision != "open"
        more = 0 if settled else self.settings.test().scenes_to_hold(whole.events, whole.n)
        return Verdict(kind, self.settings.claim, whole.decision, whole.events, whole.n, more)
