"""Sinks: each file is one kind, a way to tell people or programs of an alert.

May import ``agent.telemetry.link`` and ``agent.errors``. To add one: a file
``tools/alerts/sinks/<kind>.py`` with one public class that extends ``Sink``, and a test against a
real server. A rule file configures it in ``[sinks.NAME]``; secrets come from files or from the
environment, never from the rule file.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, model_validator

from agent.errors import BrokerError, ConfigError, UsageError
from agent.family import Family

TIMEOUT_S: Final = 10.0
"""Seconds that a sink may take for one notice, all in all."""


class DeliveryError(BrokerError):
    """A notice could not be delivered now; trying again later may help."""


class RefusedError(BrokerError):
    """The other side will never take this notice; trying again does not help."""


class Notice(NamedTuple):
    """What is told: an alert ``opened`` or ``resolved``. ``key`` is the same at each attempt."""

    key: str
    event: Literal["opened", "resolved"]
    alert: Mapping[str, Any]
    why: str = ""

    def body(self) -> dict[str, Any]:
        """For programs: schema ``fieldproof.alert/1``."""
        names = ("id", "rule", "subject", "severity", "opened_ms", "resolved_ms", "summary")
        told = {name: self.alert[name] for name in names}
        told["details"] = self.alert["details"]
        return {"schema": "fieldproof.alert/1", "event": self.event, "why": self.why, **told}

    @property
    def line(self) -> str:
        """For people: one line, without what would move a terminal's cursor or end a header."""
        alert = self.alert
        head = f"[{alert['severity']}] {alert['rule']}: {alert['subject']}"
        over = "resolved: " if self.event == "resolved" else ""
        return printable(f"{head}: {over}{alert['summary']}")


class Settings(BaseModel):
    """What a sink's table in the rule file may hold; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: str


class SecretSettings(Settings):
    """A secret from a file or an environment variable."""

    secret_file: Path | None = None
    secret_env: str = ""

    @model_validator(mode="after")
    def _not_both(self) -> SecretSettings:
        if self.secret_file is not None and self.secret_env:
            raise ValueError("give secret_file or secret_env, not both")
        return self

    def secret(self) -> str:
        """The secret, "" where none is configured. Raises ``ConfigError`` where it is not there."""
        if self.secret_file is not None:
            return secret_in(self.secret_file)
        if self.secret_env:
            if not os.environ.get(self.secret_env):
                raise ConfigError(
                    f"The environment has no {self.secret_env}.", remedy="Set it, or secret_file."
                )
            return os.environ[self.secret_env]
        return ""


class Sink(ABC):
    """A way to tell. Made once, used by one thread at a time."""

    Settings: ClassVar[type[Settings]]

    @abstractmethod
    def __init__(self, settings: Any) -> None:
        """Raises ``ConfigError`` for secrets and files that are not there."""

    @abstractmethod
    def deliver(self, notice: Notice) -> None:
        """Tell; return once the other side has it. Raises ``DeliveryError``, ``RefusedError``."""


family = Family("alert sink", __name__, Sink)  # type: ignore[type-abstract]


def settings_of(table: Any) -> Settings:
    """A sink's table, validated. Raises ``ValueError``, and pydantic's for wrong keys."""
    if not isinstance(table, dict) or not isinstance(table.get("kind"), str):
        raise ValueError(f"it needs a kind: one of {', '.join(family.kinds())}")
    try:
        kind = family.load(table["kind"])
    except UsageError as error:
        raise ValueError(error.message.rstrip(".")) from None
    return kind.Settings.model_validate(table)


def make(settings: Settings) -> Sink:
    """The sink of settings."""
    return family.load(settings.kind)(settings)


def secret_in(file: Path) -> str:
    """A file's text without white space around it. Raises ``ConfigError``."""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(
            f"The secret file {file} cannot be read: {said}.", remedy="Check the path in the rules."
        ) from None
    if not text:
        raise ConfigError(f"The secret file {file} is empty.", remedy="Write the secret into it.")
    return text


def printable(text: str) -> str:
    """One line of printable letters."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:1000]
