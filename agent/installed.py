"""What a service has to be told: options, variables and a file of settings, as its unit holds them.

The unit's agent finds none of the variables that were set when it was installed, stands in another
folder, and is another user: what is given by variables becomes options, paths become whole, and
what root alone may read becomes a credential. Secrets stay in the files they are in.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from agent import places, toml
from agent.cameras._spec import holds_password
from agent.card import ModelCard
from agent.errors import ConfigError, UsageError
from agent.plan import plan
from agent.service.install import Told
from agent.settings import ACCESS, KEYS, Given, Layer, Resolved, merged, resolve
from agent.settings._sources import (
    CAMERAS,
    OTHERS,
    from_environment,
    from_options,
    from_text,
    option,
    seen_from,
)

_LACKING: Final = tuple(sorted(OTHERS - {places.CONFIG, "FIELDPROOF_VIDEO"}))
_OWN: Final = ("run.state", "run.heartbeat")


def told(
    options: argparse.Namespace,
    root: Path = Path("/"),
    environment: Mapping[str, str] = os.environ,
) -> Told:
    """What `run` would make of the same; ``root`` is that of the image that the unit is for.

    Raises ``UsageError`` and ``ConfigError`` as `run` does, and for what no unit can hold.
    """
    here = root == Path("/")
    for name in ("print_config", "json"):
        if name in options:
            raise UsageError(f"--{name.replace('_', '-')} is for `run`.", remedy="Leave it out.")
    config = _whole(places.find_file(getattr(options, "config", None), environment), here)
    named = from_environment(environment)
    _check_named(named)
    given = {
        key: Given(_placed(key, item, here), item.origin)
        for key, item in merged(from_options(vars(options)), named).items()
    }
    file = root / config.relative_to("/") if config else None
    filed = from_text(toml.text_of(file), config) if file and config else {}
    _check_own(given, filed)
    resolved = resolve(given, filed)
    credentials = dict(_credentials(resolved, config))
    if not here:  # what an image will hold is not here yet
        resolved = resolve(_without_access(given), _without_access(filed))
    made = plan(resolved)
    return Told(
        made.profile.budgets.memory_mb,
        made.camera,
        (*_words(given), *(("--config", str(config)) if config else ())),
        credentials,
        tuple(_files(resolved, made.camera)) if here else (),
        config if config and holds_password(made.camera) else None,
        tuple(name for name in _LACKING if environment.get(name)),
    )


def _whole(path: Path | None, here: bool) -> Path | None:
    if path is None or path.is_absolute():
        return path
    if not here:
        raise _relative("--config", path)
    return path.absolute()


def _relative(origin: str, path: object) -> UsageError:
    return UsageError(
        f"{origin} {path} is seen from this folder, which the image does not have.",
        remedy="Give the whole path that it will have in the image.",
    )


def _placed(key: str, item: Given, here: bool) -> object:
    """A value as it is wherever the agent stands."""
    value = str(item.value) if isinstance(item.value, Path) else item.value
    placed = seen_from(Path.cwd(), key, value)
    if placed != value and not here:
        raise _relative(item.origin, value)
    return placed


def _check_named(named: Layer) -> None:
    """Refuse a secret that stands in a variable: it must not get into the unit."""
    for key in CAMERAS:
        if key in named and holds_password(str(named[key].value)):
            raise ConfigError(
                f"The camera's password is in {named[key].origin}, and a unit can be read by all.",
                remedy=f"Write it as camera below [run] into {places.USUAL_FILE}, of mode 0600: "
                "the service is handed that file as a credential.",
            )


def _check_own(given: Layer, filed: Layer) -> None:
    """Refuse other places than a service's own; a file's state is passed over, as it is weaker."""
    own = [given[key] for key in _OWN if key in given]
    own += [filed["run.heartbeat"]] if "run.heartbeat" in filed else []
    if own:
        raise UsageError(
            f"A service has its own place for that: {own[0].value} from {own[0].origin}.",
            remedy=f"Leave it out: {places.INSTALLED_STATE}, and {places.INSTALLED_RUNTIME}.",
        )


def _credentials(resolved: Resolved, config: Path | None) -> Iterator[tuple[str, Path]]:
    """What systemd is to read as root, by the names that the agent looks for."""
    for name, credential in ACCESS.items():
        path = getattr(resolved.run, name)
        if path is not None:
            yield credential, path
    if config is not None:
        yield places.SETTINGS, config


def _without_access(layer: Layer) -> Layer:
    return {key: item for key, item in layer.items() if key.removeprefix("run.") not in ACCESS}


def _words(given: Layer) -> Iterator[str]:
    """Options and variables as the words of a command, but for the files that are credentials."""
    shown = _without_access(given)
    for key in (key for key in KEYS if key in shown):
        item, name = shown[key], option(key)
        if name is None or (key == "run.alias" and isinstance(item.value, str)):
            yield from ("--set", f"{key}={item.value}")
            continue
        for value in item.value if isinstance(item.value, (list, tuple)) else [item.value]:
            word = str(value)
            yield from (f"--{name}={word}",) if word.startswith("-") else (f"--{name}", word)


def _files(resolved: Resolved, camera: str) -> Iterator[Path]:
    """What the agent reads as its own user. Raises ``ModelError`` for a card of no use."""
    run = resolved.run
    assert run.model is not None
    card = ModelCard.read(run.model)
    if not card.file.exists():
        raise ConfigError(f"There is no model file {card.file}, which {run.model} names.")
    found = (run.model, card.file, card.labels, run.suite, run.profile, run.data_labels)
    for text in (*found, *camera.split(":", 1)):
        path = Path(text or "")
        if path.is_absolute() and path.exists() and not path.is_relative_to("/dev"):
            yield path
