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


def parse(
    text: str, kind: type[M], where: str, error: type[FieldproofError] = ConfigError, **extra: Any
) -> M:
    """Validate TOML text as ``kind``; ``extra`` keys are added where the text has none.

    Raises ``error`` saying which line or key is wrong and what was expected.
    """
    try:
        return kind.model_validate({**extra, **tomllib.loads(text)})
    except tomllib.TOMLDecodeError as problem:
        raise error(f"{where} is not TOML: {problem}.", remedy="Mend that line.") from None
    except ValidationError as problem:
        raise error(f"{where} cannot be used: {said(problem)}.") from None


def read(path: Path, kind: type[M], error: type[FieldproofError] = ConfigError) -> M:
    """Validate a TOML file as ``kind``. Raises ``error`` where it cannot be read or is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise error(f"{path} cannot be read: {problem.strerror}.") from None
    except UnicodeDecodeError:
        raise error(f"{path} is not text.", remedy="Give a TOML file.") from None
    return parse(text, kind, str(path), error)


def said(error: ValidationError) -> str:
    """A validation error as one phrase: which key, what is wrong with it."""
    return "; ".join(
        f"{'.'.join(str(step) for step in item['loc']) or 'the file'}: {_plain(item['msg'])}"
        for item in error.errors(include_url=False)
    )


def _plain(message: str) -> str:
    return {
        "Extra inputs are not permitted": "no such key",
        "Field required": "is missing",
    }.get(message, message[:1].lower() + message[1:])
