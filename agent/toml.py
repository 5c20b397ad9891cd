"""TOML text to validated values: the one place that knows which TOML reader there is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from agent.errors import ConfigError, FieldproofError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

M = TypeVar("M", bound=BaseModel)

MAX_BYTES = 1 << 20
MAX_DOTS = 1000
"""Dots in one line. The readers' time grows with the square of a dotted key's parts."""
MOST_SAID = 10


def parse(
    text: str, kind: type[M], where: str, error: type[FieldproofError] = ConfigError, **extra: Any
) -> M:
    """Validate TOML text as ``kind``; ``extra`` keys are added where the text has none.

    Raises ``error`` saying which line or key is wrong and what was expected.
    """
    try:
        return kind.model_validate({**extra, **tables(text, where, error)})
    except ValidationError as problem:
        raise error(f"{where} cannot be used: {said(problem)}.") from None


def read(path: Path, kind: type[M], error: type[FieldproofError] = ConfigError) -> M:
    """Validate a TOML file as ``kind``. Raises ``error`` where it cannot be read or is wrong."""
    return parse(text_of(path, error), kind, str(path), error)


def text_of(path: Path, error: type[FieldproofError] = ConfigError) -> str:
    """A TOML file's text, bounded in size. Raises ``error`` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1).decode()
    except OSError as problem:
        raise error(f"{path} cannot be read: {problem.strerror}.") from None
    except UnicodeDecodeError:
        raise error(f"{path} is not text.", remedy="Give a TOML file.") from None


def said(error: ValidationError) -> str:
    """A validation error as one phrase: which keys, what is wrong with each."""
    items = error.errors(include_url=False, include_input=False)
    phrases = [
        f"{'.'.join(str(step) for step in item['loc']) or 'the file'}: {plain(item['msg'])}"
        for item in items[:MOST_SAID]
    ]
    more = [f"{len(items) - MOST_SAID} more"] if len(items) > MOST_SAID else []
    return "; ".join([*phrases, *more])


def tables(text: str, where: str, error: type[FieldproofError] = ConfigError) -> dict[str, Any]:
    """TOML text as it is. Raises ``error`` where it is too large, too deep, or no TOML."""
    if len(text) > MAX_BYTES:
        raise error(f"{where} has more than {MAX_BYTES} characters.", remedy="Give a smaller file.")
    if any(line.count(".") > MAX_DOTS for line in text.splitlines()):
        raise error(
            f"A line of {where} has more than {MAX_DOTS} dots.", remedy="Break it into several."
        )
    try:
        read: dict[str, Any] = tomllib.loads(text)
        return read
    except ValueError as problem:  # not TOML, or a number of thousands of digits
        raise error(f"{where} is not TOML: {problem}.", remedy="Mend that line.") from None
    except RecursionError:
        raise error(f"{where} is nested too deeply.", remedy="Give a flatter file.") from None


def plain(message: str) -> str:
    """Pydantic's message in our words."""
    message = message.removeprefix("Value error, ")
    return {
        "Extra inputs are not permitted": "no such key",
        "Field required": "is missing",
    }.get(message, message[:1].lower() + message[1:])
