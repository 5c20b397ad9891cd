"""What a run is told, and by whom: command line > environment > file > profile > defaults.

A setting is named by table and key, ``budgets.cpu_share``; the tables are those of a profile, and
``run``. As a variable it is ``FIELDPROOF_BUDGETS__CPU_SHARE``, those of ``run`` without the table:
``FIELDPROOF_MODEL``. A file has the same tables. What cannot be used is refused with its origin.

The sources are in ``_sources.py``, what ``--print-config`` prints in ``_print.py``. Imports the
profile and what is above it. pydantic-settings would do the merging in its own way, but it knows no
origins and would be one more package on every device.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent import places
from agent.cameras._spec import without_secrets
from agent.errors import ConfigError, FieldproofError, UsageError
from agent.profile import (
    BudgetTable,
    CameraTable,
    EvidenceTable,
    Profile,
    RuntimeTable,
    SensorTable,
    ServiceTable,
    TelemetryTable,
    ThermalTable,
    Words,
    fit,
    load_profile,
)
from agent.toml import plain

ACCESS: Final = {
    "ca_file": "broker-ca",
    "cert_file": "broker-cert",
    "key_file": "broker-key",
    "password_file": "broker-password",
}
"""Settings of ``run`` that one of systemd's credentials stands in for."""
COMMAND_LINE: Final = "--"
"""How the origins on the command line begin."""
LONGEST_VALUE: Final = 80
"""Characters of a wrong value that are shown."""


class RunTable(BaseModel):
    """The settings of ``run`` that no profile has. ``drain`` in seconds; ``frames`` 0: no end."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    model: Path | None = None
    broker: str = ""
    camera: str = ""
    profile: str = ""
    state: Path = Path("fieldproof-state")
    suite: str = "quick"
    seed: int = 0
    site: str = "default"
    device: str = ""
    alias: Words = ()
    data_labels: Path | None = None
    frames: int = Field(default=0, ge=0)
    drain: float = Field(default=30.0, ge=0)
    ack: Literal["collector", "broker"] = "collector"
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    password_file: Path | None = None
    heartbeat: Path | None = None
    log_format: Literal["text", "json", "auto"] = "auto"
    metrics: str = ""


class Settings(BaseModel):
    """All settings of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    run: RunTable = Field(default_factory=RunTable)
    camera: CameraTable = Field(default_factory=CameraTable)
    sensor: SensorTable = Field(default_factory=SensorTable)
    runtime: RuntimeTable = Field(default_factory=RuntimeTable)
    thermal: ThermalTable = Field(default_factory=ThermalTable)
    budgets: BudgetTable = Field(default_factory=BudgetTable)
    telemetry: TelemetryTable = Field(default_factory=TelemetryTable)
    evidence: EvidenceTable = Field(default_factory=EvidenceTable)
    service: ServiceTable = Field(default_factory=ServiceTable)


PROFILE_TABLES: Final = tuple(table for table in Settings.model_fields if table != "run")
KEYS: Final = tuple(
    f"{table}.{key}"
    for table, field in Settings.model_fields.items()
    for key in cast(type[BaseModel], field.annotation).model_fields
    if key != "source"
)
"""Every setting. A ``source`` says where a profile's figures are from, and sets nothing."""


@dataclass(frozen=True)
class Given:
    """A value as somebody gave it, and where: ``--model``, ``$FIELDPROOF_MODEL``, a file's key."""

    value: Any
    origin: str


Layer: TypeAlias = Mapping[str, Given]
"""What one source gives, by the setting's name."""


@dataclass(frozen=True)
class Resolved:
    """The settings that hold, the profile with them in it, and every setting's origin."""

    settings: Settings
    profile: Profile
    origins: Mapping[str, str]

    @property
    def run(self) -> RunTable:
        return self.settings.run

    def access(self) -> dict[str, Path | None]:
        """The files for getting into the broker; where systemd hands one out as a credential, that
        is taken but for an option: what a file of settings names root alone may be able to read.
        """
        return {
            name: getattr(self.run, name)
            if self.origins[f"run.{name}"].startswith(COMMAND_LINE)
            else places.credential(of) or getattr(self.run, name)
            for name, of in ACCESS.items()
        }

    def blame(self, error: FieldproofError, *keys: str) -> FieldproofError:
        """The same error, saying where those of ``keys`` come from that somebody has set."""
        set_by = {key: self.origins[key] for key in keys if self.origins[key] != "default"}
        told = _sentence(f"{key} is from {origin}" for key, origin in set_by.items())
        return type(error)(f"{error.message} {told}".strip(), remedy=error.remedy)


def merged(*layers: Layer) -> dict[str, Given]:
    """Of each setting the value in the first layer that has one: the strongest comes first."""
    return {key: given for layer in reversed(layers) for key, given in layer.items()}


def resolve(*sources: Layer) -> Resolved:
    """Settings from what users gave, the strongest source first, over the profile that they chose.

    Raises ``UsageError`` where a value on the command line cannot be used, ``ConfigError`` for
    others and where no profile fits; each names setting and origin.
    """
    given = merged(*sources)
    profile, chosen = _profile(given)
    layers = merged({"run.profile": chosen}, given, _usual(profile))
    try:
        settings = Settings.model_validate(_nested(layers))
    except ValidationError as error:
        raise _refused(error, layers) from None
    tables = {table: getattr(settings, table) for table in PROFILE_TABLES}
    origins = {key: layers[key].origin if key in layers else "default" for key in KEYS}
    return Resolved(settings, profile.model_copy(update=tables), origins)


def _profile(given: Layer) -> tuple[Profile, Given]:
    """The profile that was asked for, or the one that fits."""
    asked = given.get("run.profile")
    if asked is None or asked.value == "":
        found = fit()
        return load_profile(found.name), Given(found.name, f"this device: {found.why}")
    try:
        return load_profile(str(asked.value)), Given(str(asked.value), asked.origin)
    except ConfigError as error:
        raise ConfigError(
            f"{error.message} {_sentence([f'run.profile is from {asked.origin}'])}",
            remedy=error.remedy,
        ) from None


def _usual(profile: Profile) -> Layer:
    """What a profile says itself; its gaps are defaults."""
    tables = {table: getattr(profile, table) for table in PROFILE_TABLES}
    return {
        f"{table}.{key}": Given(getattr(value, key), f"profile {profile.name}")
        for table, value in tables.items()
        for key in value.model_fields_set
    }


def _nested(layers: Layer) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {}
    for name, given in layers.items():
        table, _, key = name.partition(".")
        tables.setdefault(table, {})[key] = given.value
    return tables


def _refused(error: ValidationError, layers: Layer) -> FieldproofError:
    """The error for values that cannot be used, each with its setting and its origin."""
    phrases: list[str] = []
    origins: list[str] = []
    for item in error.errors(include_url=False, include_input=False):
        name = ".".join(str(step) for step in item["loc"][:2])
        if name in layers:
            value = without_secrets(str(layers[name].value))[:LONGEST_VALUE]
            told, said = [layers[name].origin], f"{name} = {value}"
        else:  # a rule for several settings of a table
            told, said = _origins_of(name, layers), name
        origins += told
        phrases.append(f"{', '.join(told)}: {said}: {plain(item['msg'])}")
    typed = any(origin.startswith(COMMAND_LINE) for origin in origins)
    remedy = "Mend the value where it is given."
    return (UsageError if typed else ConfigError)(f"{'; '.join(phrases)}.", remedy=remedy)


def _origins_of(table: str, layers: Layer) -> list[str]:
    return sorted(
        {layers[key].origin for key in KEYS if key in layers and key.startswith(f"{table}.")}
    )


def _sentence(told: Iterable[str]) -> str:
    text = "; ".join(told)
    return f"({text}.)" if text else ""
