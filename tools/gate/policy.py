"""Policies: what a result must keep to, as TOML data.

A policy file::

    schema = "fieldproof.policy/1"
    unsure = "fail"                 # or "pass": what too little evidence does to the gate

    [[rules]]
    rule = "clean_accuracy"
    at_least = 0.95

    [[rules]]
    rule = "breaking_severity"      # half of the targets are still seen at this strength
    kind = "fog"
    up_to = "80 m"                  # or at_least = 0.7, a severity
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent import toml
from agent.errors import ConfigError

Share = Annotated[float, Field(gt=0.0, lt=1.0)]
"""A limit that evidence can reach: no number of frames proves 0 or 100 per cent."""

Severity = Annotated[float, Field(ge=0.0, le=1.0)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Rule(_Table):
    """``why`` is for people: where the number comes from."""

    why: str = ""


class CleanAccuracy(_Rule):
    """The share of targets seen on clean frames."""

    rule: Literal["clean_accuracy"]
    at_least: Share


class _Cell(_Rule):
    """One condition of the results: a kind at a severity, or at a standard's level."""

    kind: str
    severity: Severity | None = None
    level: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_strength(self) -> _Cell:
        if (self.severity is None) == (self.level is None):
            raise ValueError("give either severity or level")
        return self


class RobustAccuracy(_Cell):
    """The share of targets seen under one condition."""

    rule: Literal["robust_accuracy"]
    at_least: Share


class FlipRate(_Cell):
    """The share of the targets seen clean that one condition loses."""

    rule: Literal["flip_rate"]
    at_most: Share


class WorstAccuracy(_Rule):
    """The accuracy under every condition tried, or every one of a severity or level."""

    rule: Literal["worst_accuracy"]
    at_least: Share
    severity: Severity | None = None
    level: int | None = Field(default=None, ge=1)


class BreakingSeverity(_Rule):
    """At least half of the targets seen clean stand ``kind`` at this strength and all below.

    ``at_least`` is a severity; ``up_to`` the number and unit by which the kind is described.
    """

    rule: Literal["breaking_severity"]
    kind: str
    at_least: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    up_to: str = ""

    @model_validator(mode="after")
    def _one_limit(self) -> BreakingSeverity:
        if (self.at_least is None) == (not self.up_to):
            raise ValueError('give either at_least (a severity) or up_to (such as "80 m")')
        return self


class PhantomsPerFrame(_Rule):
    """Targets seen where none is, per picture; on clean frames where no kind is given."""

    rule: Literal["phantoms_per_frame"]
    at_most: float = Field(gt=0.0)
    kind: str = ""
    severity: Severity | None = None
    level: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _all_or_nothing(self) -> PhantomsPerFrame:
        given = [self.severity is not None, self.level is not None]
        if sum(given) != int(bool(self.kind)):
            raise ValueError("give a kind with either severity or level, or none of them")
        return self


class MeanCorruptionError(_Rule):
    """The un-normalised mean corruption error, in [0, 1]."""

    rule: Literal["mean_corruption_error"]
    at_most: Share


class Regression(_Rule):
    """How much accuracy may fall from a baseline's: clean where no kind is given.

    ``baseline`` is a results.json or its folder, relative to the policy.
    """

    rule: Literal["regression"]
    at_most: Share
    baseline: Path | None = None
    kind: str = ""
    severity: Severity | None = None
    level: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _all_or_nothing(self) -> Regression:
        given = [self.severity is not None, self.level is not None]
        if sum(given) != int(bool(self.kind)):
            raise ValueError("give a kind with either severity or level, or none of them")
        return self


class WorstSlice(_Rule):
    """The share seen in every slice of the data that is large enough, such as night or one site.

    ``kind`` is ``clean``, ``perturbed`` for all kinds together, or a kind, its severities together;
    ``name`` a property or tag, where only its slices count.
    """

    rule: Literal["worst_slice"]
    at_least: Share
    kind: str = "clean"
    name: str = ""


Rule = Annotated[
    CleanAccuracy
    | RobustAccuracy
    | FlipRate
    | WorstAccuracy
    | BreakingSeverity
    | PhantomsPerFrame
    | MeanCorruptionError
    | Regression
    | WorstSlice,
    Field(discriminator="rule"),
]


class Policy(_Table):
    """A named list of rules."""

    schema_: Literal["fieldproof.policy/1"] = Field(alias="schema")
    name: str = ""
    summary: str = ""
    unsure: Literal["fail", "pass"] = "fail"
    rules: tuple[Rule, ...] = Field(min_length=1)


def shipped() -> tuple[str, ...]:
    """Names of the policies that ship."""
    names = (item.name for item in files("tools.gate.policies").iterdir())
    return tuple(sorted(Path(name).stem for name in names if name.endswith(".toml")))


def load_policy(name: str) -> tuple[Policy, Path]:
    """A shipped policy by name, or a user's by its path; and where its own paths begin.

    Raises ``ConfigError``.
    """
    path = Path(name)
    if path.suffix != ".toml" and name in shipped():
        text = (files("tools.gate.policies") / f"{name}.toml").read_text(encoding="utf-8")
        policy, folder = toml.parse(text, Policy, f"policy {name}"), Path()
    elif path.is_file():
        policy, folder = toml.read(path, Policy), path.resolve().parent
    else:
        raise ConfigError(
            f"There is no policy called {name!r}, and no such file.",
            remedy=f"Use one of {', '.join(shipped())}, or the path of a TOML file.",
        )
    return policy.model_copy(update={"name": policy.name or path.stem}), folder
