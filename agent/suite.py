"""Suites: which conditions to try, as TOML data. Pure: knows kinds by name only.

A suite file::

    schema = "fieldproof.suite/1"
    summary = "what it is for"
    severities = [0.25, 0.5, 0.75, 1.0]

    [[conditions]]
    kind = "fog"

    [[conditions]]                      # several kinds at once; those without a severity vary
    name = "wet dusk"
    severities = [0.3, 0.6]             # instead of the suite's
    parts = [{ kind = "low_light" }, { kind = "rain", severity = 0.5 }]

A suite of a standard that counts levels says ``levels = 5`` in place of ``severities``: level 1 is
severity .2, level 5 is severity 1, and results name the level.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent import toml
from agent.errors import ConfigError
from agent.values import Condition, Part

Severity = Annotated[float, Field(ge=0.0, le=1.0)]
Severities = Annotated[tuple[Severity, ...], Field(max_length=100)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class PartEntry(_Table):
    """One kind of a condition; without a severity it takes each of the condition's."""

    kind: str
    severity: Severity | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)


class ConditionEntry(_Table):
    """One row of a suite: a single ``kind`` with ``parameters``, or several ``parts``."""

    kind: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    parts: Annotated[tuple[PartEntry, ...], Field(max_length=32)] = ()
    name: str = ""
    severities: Severities = ()

    @model_validator(mode="after")
    def _one_form(self) -> ConditionEntry:
        if bool(self.kind) == bool(self.parts):
            raise ValueError("a condition has either kind or parts")
        return self

    def entries(self) -> tuple[PartEntry, ...]:
        return self.parts or (PartEntry(kind=self.kind, parameters=self.parameters),)


class Suite(_Table):
    """A named list of conditions."""

    schema_: Literal["fieldproof.suite/1"] = Field(alias="schema")
    name: str = ""
    summary: str = ""
    severities: Severities = (0.25, 0.5, 0.75, 1.0)
    levels: int | None = Field(default=None, ge=1, le=100)
    conditions: Annotated[tuple[ConditionEntry, ...], Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _one_scale(self) -> Suite:
        if self.levels and "severities" in self.model_fields_set:
            raise ValueError("a suite has either severities or levels")
        return self

    @model_validator(mode="after")
    def _told_apart(self) -> Suite:
        """Results list conditions by kind and severity: no two may share both."""
        rows = Counter((c.kind, c.severity) for c in self.expand(0))
        for (kind, severity), count in rows.items():
            if count > 1:
                raise ValueError(
                    f"{kind} at severity {severity:g} stands here {count} times; "
                    "give one of them a name of its own"
                )
        return self

    def expand(self, seed: int) -> Iterator[Condition]:
        """All conditions, kind by kind, severities as listed; fixed ones once."""
        for entry in self.conditions:
            fixed = all(part.severity is not None for part in entry.entries())
            # Where nothing varies there is one condition, not the same one at several severities.
            for severity in (0.0,) if fixed else entry.severities or self._severities():
                parts = tuple(
                    Part(
                        part.kind,
                        severity if part.severity is None else part.severity,
                        _settled(part.parameters),
                    )
                    for part in entry.entries()
                )
                yield Condition(
                    parts,
                    seed=seed,
                    level=None if fixed else self._level(severity),
                    name=entry.name,
                    varied=None if fixed else severity,
                )

    def _severities(self) -> tuple[float, ...]:
        if self.levels is None:
            return self.severities
        return tuple((number + 1) / self.levels for number in range(self.levels))

    def _level(self, severity: float) -> int | None:
        """The level that a severity is, None between levels."""
        if self.levels is None:
            return None
        level = round(severity * self.levels)
        return level if abs(level - severity * self.levels) < 1e-9 else None


def shipped() -> tuple[str, ...]:
    """Names of the suites that ship with the agent, ``none`` (clean frames only) among them."""
    found = (Path(item.name).stem for item in files("agent.suites").iterdir() if _is_toml(item))
    return tuple(sorted({"none", *found}))


def load_suite(name: str) -> Suite:
    """A shipped suite by name, or a user's by its path. Raises ``ConfigError``."""
    if name == "none":
        return Suite(schema="fieldproof.suite/1", name="none")
    path = Path(name)
    if path.suffix != ".toml" and name in shipped():
        text = (files("agent.suites") / f"{name}.toml").read_text(encoding="utf-8")
        suite = toml.parse(text, Suite, f"suite {name}")
    elif path.is_file():
        suite = toml.read(path, Suite)
    else:
        raise ConfigError(
            f"There is no suite called {name!r}, and no such file.",
            remedy=f"Use one of {', '.join(shipped())}, or the path of a TOML file.",
        )
    return suite.model_copy(update={"name": suite.name or path.stem})


def _is_toml(item: Any) -> bool:
    return str(item.name).endswith(".toml")


def _settled(parameters: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Parameters in one order, so that equal conditions are equal."""
    return tuple((key, _frozen(parameters[key])) for key in sorted(parameters))


def _frozen(value: Any) -> Any:
    """TOML's arrays as tuples, so that a condition can be a key."""
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
