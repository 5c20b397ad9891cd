"""Where settings are given: options, variables, a file. Unknown names get a near one as remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from agent import places, toml
from agent.cameras import _spec as camera
from agent.cameras import family
from agent.cameras._spec import holds_password
from agent.errors import ConfigError, UsageError
from agent.settings import COMMAND_LINE, KEYS, Given, Layer, Settings

PREFIX: Final = "FIELDPROOF_"
OTHERS: Final = frozenset(
    f"{PREFIX}{name}" for name in ("CONFIG", "RUNTIME", "SECRET", "SYSFS", "VIDEO")
)
"""Variables that are no settings: the file, the TFLite package that is forced, where the probes
look for ``/sys``, and compose.yaml's own.
"""

_PATHS: Final = frozenset(
    f"run.{key}"
    for key in (
        *("model", "state", "data_labels", "heartbeat"),
        *("ca_file", "cert_file", "key_file", "password_file"),
    )
)
CAMERAS: Final = ("run.camera", "camera.spec")
"""Settings that are a camera's text."""
_NAMES_OR_PATHS: Final = frozenset({"run.suite", "run.profile"})
_ELSEWHERE: Final = {"evidence": "evidence.per_hour", "commands": "service.commands"}
"""Options that stand for another setting than that of their name below ``run``."""


def variable(key: str) -> str:
    """The environment variable of a setting."""
    table, _, name = key.partition(".")
    return f"{PREFIX}{name if table == 'run' else f'{table}__{name}'}".upper()


VARIABLES: Final = {variable(key): key for key in KEYS}


def option(key: str) -> str | None:
    """The option of a setting, without its dashes; None where only ``--set`` gives it."""
    for name, of in _ELSEWHERE.items():
        if of == key:
            return name
    table, _, name = key.partition(".")
    return name.replace("_", "-") if table == "run" else None


def from_options(options: Mapping[str, Any]) -> Layer:
    """The command line: parsed options, and the ``key=value`` of ``--set``, which are weaker.

    Options that are no settings are passed over. Raises ``UsageError`` for a wrong ``--set``, and
    for a camera's password: whoever lists processes would read it.
    """
    layer = dict(_assigned(text) for text in options.get("set", ()))
    for name, value in options.items():
        key = _ELSEWHERE.get(name, f"run.{name}")
        if key in KEYS:
            layer[key] = Given(value, f"{COMMAND_LINE}{name.replace('_', '-')}")
    for key in CAMERAS:
        if key in layer and holds_password(str(layer[key].value)):
            raise UsageError(
                "A password in the camera's address can be read by every user of this machine.",
                remedy="Write it into a file of settings of mode 0600, as camera below [run], or "
                f"into ${variable('run.camera')}.",
            )
    return layer


def _assigned(text: str) -> tuple[str, Given]:
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise UsageError(
            f"--set {key} is not of the form key=value.",
            remedy="Write it as: --set budgets.cpu_share=0.5",
        )
    if key not in KEYS:
        raise UsageError(f"--set: there is no setting {key!r}.", remedy=nearest(key, KEYS))
    return key, Given(value, f"{COMMAND_LINE}set {key}")


def from_environment(environment: Mapping[str, str]) -> Layer:
    """The variables; empty ones count as not set. Raises ``ConfigError`` for an unknown one."""
    layer: dict[str, Given] = {}
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in OTHERS:
            continue
        if name not in VARIABLES:
            raise ConfigError(
                f"The variable {name} is no setting.", remedy=nearest(name, VARIABLES)
            )
        if environment[name]:
            layer[VARIABLES[name]] = Given(environment[name], f"${name}")
    return layer


def from_file(path: Path) -> Layer:
    """A TOML file's tables; relative paths in it are seen from its folder.

    A service is handed the file as a credential: it need not be able to read the file itself.
    Raises ``ConfigError`` where it cannot be read, and for an unknown key.
    """
    try:
        text = toml.text_of(places.credential(places.SETTINGS) or path)
    except ConfigError as error:
        remedy = "Check --config, and who may read it; a service is handed it by install-service."
        raise ConfigError(error.message, remedy=remedy) from None
    return from_text(text, path)


def from_text(text: str, path: Path) -> Layer:
    """As ``from_file``, of a text that is from ``path``."""
    layer: dict[str, Given] = {}
    for table, content in toml.tables(text, str(path)).items():
        if table not in Settings.model_fields or not isinstance(content, dict):
            raise ConfigError(f"{path}: there is no table [{table}].", remedy=_table_near(table))
        for name, value in content.items():
            key = f"{table}.{name}"
            if key not in KEYS:
                raise ConfigError(f"{path}: there is no key {key}.", remedy=nearest(key, KEYS))
            layer[key] = Given(seen_from(path.parent, key, value), f"{path}")
    return layer


def nearest(word: str, known: Iterable[str]) -> str:
    """A remedy with the name that is most like ``word``, or like its last part in any table."""
    names = list(known)
    near = difflib.get_close_matches(word, names, 1)
    if not near:
        last = {name.rpartition(".")[2]: name for name in names}
        near = [last[key] for key in difflib.get_close_matches(word.rpartition(".")[2], last, 1)]
    hint = f"Did you mean {near[0]}? " if near else ""
    return f"{hint}`fieldproof run --print-config` lists all settings."


def _table_near(table: str) -> str:
    if f"run.{table}" in KEYS:
        return f"Write {table} below a line with [run]."
    near = difflib.get_close_matches(table, Settings.model_fields, 1)
    hint = f"Did you mean [{near[0]}]? " if near else ""
    return f"{hint}The tables are {', '.join(Settings.model_fields)}."


def seen_from(folder: Path, key: str, value: Any) -> Any:
    """A setting's value, a path in it seen from a folder."""
    if not isinstance(value, str) or not value:
        return value
    if key in CAMERAS:
        return camera.seen_from(folder, value, family.kinds())
    is_path = key in _PATHS or (key in _NAMES_OR_PATHS and value.endswith(".toml"))
    return str(folder / value) if is_path else value
