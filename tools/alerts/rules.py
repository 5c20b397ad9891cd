"""Rules: what is watched, from when on it is an alert, and who is told. TOML data.

A rule file::

    schema = "fieldproof.alerts/1"

    [sinks.duty]
    kind = "webhook"
    url = "https://example.org/hook"
    secret_file = "/etc/fieldproof/hook.secret"

    [[rules]]
    name = "robustness falls"
    metric = "flip_rate"
    change = 0.05                   # the smallest rise that matters
    baseline = { scenes = 1000 }    # learned from the first so many scenes
    sinks = ["duty", "log"]

Spans are written as "30s", "5m", "2h" or "3d". Unknown keys are refused.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timezone
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    model_validator,
)

from agent import toml
from agent.errors import ConfigError
from tools.alerts.sinks import Settings, settings_of

UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
DEFAULT: Final = "default"
"""The name of the rule file that ships."""


def span_s(text: Any) -> Any:
    """``"5m"`` as 300.0 seconds; what is no text is left to the field's own check."""
    if not isinstance(text, str):
        raise ValueError('a span is written as "30s", "5m", "2h" or "3d"')
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if found is None:
        raise ValueError(f'a span is written as "30s", "5m", "2h" or "3d", not {text[:40]!r}')
    return float(found[1]) * UNITS[found[2]]


def _moment_ms(value: Any) -> Any:
    """TOML's date or time as ms since 1970; without a zone it is UTC."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise ValueError("a time is written as 2026-03-01 or 2026-03-01T12:00:00Z, without quotes")
    return int((value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp() * 1000)


Span = Annotated[float, BeforeValidator(span_s), Field(gt=0, le=400 * 86_400)]
Moment = Annotated[int, BeforeValidator(_moment_ms)]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}$")]
Per = Literal["device", "model", "site"]
AlertSeverity = Literal["info", "warning", "critical"]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Scope(_Table):
    """What a rule looks at; an empty list restricts nothing.

    ``devices`` are names or ``site/name``; ``models`` the beginnings of SHA-256 sums;
    ``severities`` those of conditions.
    """

    sites: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    models: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{6,64}$")], ...] = ()
    conditions: tuple[str, ...] = ()
    severities: tuple[Annotated[float, Field(ge=0, le=1)], ...] = ()

    def has_device(self, site: str, device: str) -> bool:
        named = not self.devices or bool({device, f"{site}/{device}"} & set(self.devices))
        return named and (not self.sites or site in self.sites)

    def has_model(self, sha256: str | None) -> bool:
        return not self.models or any((sha256 or "").startswith(start) for start in self.models)

    def has_condition(self, condition: str, severity: float) -> bool:
        near = any(abs(severity - wanted) < 1e-6 for wanted in self.severities)
        return (not self.conditions or condition in self.conditions) and (
            not self.severities or near
        )


class Rule(_Table):
    """What all rules have. ``why`` is for people.

    After ``hold_down`` at the earliest an alert is resolved, and none of the same rule and subject
    is opened for so long after that.
    """

    name: Name
    why: str = ""
    scope: Scope = Scope()
    severity: AlertSeverity = "warning"
    hold_down: Span = 600.0
    sinks: tuple[str, ...] = ("log",)

    @property
    def lasting_s(self) -> float:
        """For how long it must be so without a break before it is an alert."""
        return float(getattr(self, "lasting", 0.0))


class Baseline(_Table):
    """What a rate is held against: a known ``rate``, what the first ``scenes`` show, or what was
    stored from ``since`` until before ``until`` (whole hours)."""

    rate: Share | None = None
    scenes: Annotated[int, Field(ge=100)] | None = None
    since: Moment | None = None
    until: Moment | None = None

    @model_validator(mode="after")
    def _one(self) -> Baseline:
        span = self.since is not None and self.until is not None
        if [self.rate is not None, self.scenes is not None, span].count(True) != 1 or (
            (self.since is None) != (self.until is None)
        ):
            raise ValueError("give one of rate, scenes, or since and until")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("since must be before until")
        return self


class RateRule(Rule):
    """A share of scenes that gets worse, told with an error rate that holds however often it is
    looked at: ``flip_rate`` rises, or ``robust_accuracy`` or ``clean_accuracy`` falls.

    It is held against a ``baseline`` or, with ``limit``, against that figure. ``change`` is the
    smallest change that matters; at most one false alert comes in ``scenes_per_false_alert``
    scenes of all subjects together. Rows made longer than ``window`` ago are not looked at.
    """

    metric: Literal["flip_rate", "robust_accuracy", "clean_accuracy"]
    per: Per = "device"
    window: Span = 3 * 86_400.0
    change: Share = 0.05
    limit: Share | None = None
    baseline: Baseline | None = None
    min_scenes: Annotated[int, Field(ge=1)] = 20
    scenes_per_false_alert: Annotated[float, Field(ge=1000, le=1e12)] = 1e7

    @model_validator(mode="after")
    def _one_measure(self) -> RateRule:
        if (self.limit is None) == (self.baseline is None):
            raise ValueError("give either limit or baseline")
        if self.window < 3600:
            raise ValueError('window is "1h" or more: sums are kept by the hour')
        return self


class DropRule(Rule):
    """The mean fall of confidence over a window: a plain threshold, without an error rate."""

    metric: Literal["mean_confidence_drop"]
    per: Per = "device"
    window: Span = 86_400.0
    above: Share
    clear: Share | None = None
    min_scenes: Annotated[int, Field(ge=1)] = 50
    lasting: Annotated[float, BeforeValidator(span_s), Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _in_order(self) -> DropRule:
        if self.clear is not None and self.clear > self.above:
            raise ValueError("clear must not be more than above")
        return self


class ReadingRule(Rule):
    """A health reading beyond ``above`` or ``below`` for ``lasting``; over at ``clear``.

    ``metric = "reading"`` takes any reading by its name in ``reading``.
    """

    metric: Literal["temperature_c", "throttled", "outbox_rows", "clock_skew_s", "reading"]
    reading: str = ""
    above: float | None = None
    below: float | None = None
    clear: float | None = None
    lasting: Annotated[float, BeforeValidator(span_s), Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _one_side(self) -> ReadingRule:
        if (self.above is None) == (self.below is None):
            raise ValueError("give either above or below")
        if (self.metric == "reading") != bool(self.reading):
            raise ValueError('reading goes with metric = "reading", and with no other')
        wrong = self.clear is not None and (
            (self.above is not None and self.clear > self.above)
            or (self.below is not None and self.clear < self.below)
        )
        if wrong:
            raise ValueError("clear must be on the good side of above or below")
        return self


class GapsRule(Rule):
    """More than ``above`` rows were declared lost within ``window``."""

    metric: Literal["gaps"]
    window: Span = 86_400.0
    above: Annotated[int, Field(ge=0)] = 0


class LettersRule(Rule):
    """More than ``above`` messages of no use within ``window``, of whomever."""

    metric: Literal["dead_letters"]
    window: Span = 3600.0
    above: Annotated[int, Field(ge=0, le=1000)] = 0


class OfflineRule(Rule):
    """A device that the broker calls offline for ``offline_for``, or that is silent for
    ``silent_for`` while others are heard; with ``stopped`` one that was stopped, too."""

    metric: Literal["device_offline"]
    silent_for: Span = 300.0
    offline_for: Span = 60.0
    stopped: bool = False


class NothingHeardRule(Rule):
    """No device at all is heard for ``silent_for``: the collector, or its broker, is away."""

    metric: Literal["nothing_heard"]
    silent_for: Span = 300.0


class ModelRule(Rule):
    """A device runs another model than before; ``announced`` are beginnings of SHA-256 sums that
    are no surprise."""

    metric: Literal["model_changed"]
    announced: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{6,64}$")], ...] = ()


AnyRule = Annotated[
    RateRule
    | DropRule
    | ReadingRule
    | GapsRule
    | LettersRule
    | OfflineRule
    | NothingHeardRule
    | ModelRule,
    Field(discriminator="metric"),
]


class RuleFile(_Table):
    """Rules and the sinks that they name; the sink ``log`` is always there."""

    schema_: Literal["fieldproof.alerts/1"] = Field(alias="schema")
    sinks: dict[Name, SerializeAsAny[Settings]] = Field(default_factory=dict)
    rules: tuple[AnyRule, ...] = Field(min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _consistent(self) -> RuleFile:
        names = [rule.name for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two rules are called {twice[0]!r}: a name stands for one")
        known = {"log", *self.sinks}
        for rule in self.rules:
            for sink in rule.sinks:
                if sink not in known:
                    raise ValueError(
                        f"rule {rule.name!r}, key sinks: there is no sink {sink!r} "
                        f"(known: {', '.join(sorted(known))})"
                    )
        return self


_REMEDY: Final = "Mend that key; `fieldproof alerts check --rules FILE` tries it and says more."


def load_rules(place: str) -> RuleFile:
    """The rules that ship (``default``), or those of a TOML file.

    Raises ``ConfigError`` that names the rule and the key, and says what was expected.
    """
    if place == DEFAULT:
        text = (files("tools.alerts") / "default.toml").read_text(encoding="utf-8")
        return parse_rules(text, "the rules that ship")
    path = Path(place)
    if not path.is_file():
        raise ConfigError(
            f"There is no rule file {place}.",
            remedy=f"Give a TOML file, or {DEFAULT} for the rules that ship.",
        )
    return parse_rules(toml.text_of(path), place)


def parse_rules(text: str, where: str) -> RuleFile:
    """Rules from TOML text. Raises ``ConfigError``."""
    tables = toml.tables(text, where)
    try:
        sinks = tables.get("sinks", {})
        if isinstance(sinks, dict):
            tables["sinks"] = {name: _sink(name, table, where) for name, table in sinks.items()}
        return RuleFile.model_validate(tables)
    except ValidationError as problem:
        said = "; ".join(_said(error, tables) for error in problem.errors()[: toml.MOST_SAID])
        raise ConfigError(f"{where} cannot be used: {said}.", remedy=_REMEDY) from None


def _sink(name: str, table: Any, where: str) -> Settings:
    try:
        return settings_of(table)
    except ValidationError as problem:
        said = toml.said(problem)
    except ValueError as error:
        said = str(error)
    raise ConfigError(f"{where} cannot be used: sink {name!r}: {said}.", remedy=_REMEDY)


def _said(error: Any, tables: dict[str, Any]) -> str:
    """One of pydantic's errors as: which rule, which key, what was expected."""
    place = list(error["loc"])
    message = toml.plain(error["msg"])
    if len(place) < 2 or place[0] != "rules" or not isinstance(place[1], int):
        return f"key {'.'.join(map(str, place))}: {message}" if place else message
    rule = tables["rules"][place[1]]
    name = rule.get("name", f"number {place[1] + 1}") if isinstance(rule, dict) else place[1] + 1
    if error["type"].startswith("union_tag"):
        return f"rule {name!r}, key metric: expected one of {', '.join(sorted(METRICS))}"
    key = ".".join(map(str, place[3:]))
    if error["type"] == "extra_forbidden":
        message = f"there is no such key{_nearest(place[2], place[3:])}"
    return f"rule {name!r}, key {key}: {message}" if key else f"rule {name!r}: {message}"


def _nearest(metric: str, place: Sequence[Any]) -> str:
    fields: Any = METRICS[metric].model_fields
    for step in place[:-1]:
        inner = [t for t in (fields[step].annotation, *get_args(fields[step].annotation)) if t]
        tables = [t for t in inner if isinstance(t, type) and issubclass(t, BaseModel)]
        if not tables:
            return ""
        fields = tables[0].model_fields
    close = difflib.get_close_matches(str(place[-1]), list(fields), n=1)
    known = f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(fields))}"
    return f" ({known})"


METRICS: Final[dict[str, type[Rule]]] = {
    metric: kind
    for kind in get_args(get_args(AnyRule)[0])
    for metric in get_args(kind.model_fields["metric"].annotation)
}
