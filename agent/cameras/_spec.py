"""A camera's text: its options into a frozen pydantic model with units, its secrets, its path."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from agent.errors import UsageError

_NAMED: Final = r"(?:pass(?:w\w*|phrase)?|pwd|user-pw|token|key|secret)="
_UNQUOTED: Final = r"[^/\s:@]*:(?!\d{1,5}(?:[/?\s]|$))\S*@"
"""User and password where that has a slash, which should be written %2F; no host and port."""
_SECRET: Final = re.compile(
    rf"(?P<start>//)(?:[^/\s]*@|{_UNQUOTED})|(?P<name>{_NAMED})[^&/_,;\s]*", re.IGNORECASE
)
_PASSWORD: Final = re.compile(
    rf"//(?:[^/\s:@]*:[^/\s]+@|{_UNQUOTED})|{_NAMED}[^&/_,;\s]", re.IGNORECASE
)
_PATH: Final = re.compile(r"[^:=!]*[./][^:=!]*")

Options = TypeVar("Options", bound=BaseModel)


def without_secrets(text: str) -> str:
    """A camera's text that may be printed: users and passwords of addresses are left out."""
    return _SECRET.sub(lambda match: match["start"] or f"{match['name']}***", text)


def holds_password(text: str) -> bool:
    """Whether a camera's text has a password in it, or another secret."""
    return _PASSWORD.search(text) is not None


def seen_from(folder: Path, text: str, kinds: Collection[str]) -> str:
    """A camera's text whose path, where it has one, is seen from a folder.

    ``kinds`` are those that there are: ``video:a.mp4`` has a path, and so has ``a.mp4``.
    """
    kind, colon, rest = text.partition(":")
    start, path = (kind + colon, rest) if colon and kind in kinds else ("", text)
    if not path or text in kinds or "://" in text or path.startswith("//"):
        return text
    is_path = _PATH.fullmatch(path) or (folder / path).exists()
    return f"{start}{folder / path}" if is_path else text


def parse_options(kind: str, text: str, model: type[Options]) -> Options:
    """The options that ``text`` gives, the model's defaults for the rest.

    Raises ``UsageError`` that names an unknown key or a wrong value, and what is known.
    """
    given: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, equals, value = (side.strip() for side in part.partition("="))
        if not equals:
            raise UsageError(
                f"{kind}: {part!r} is not of the form key=value.", remedy=_known(model)
            )
        if key not in model.model_fields:
            near = difflib.get_close_matches(key, model.model_fields, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise UsageError(f"{kind}: there is no option {key!r}.", remedy=hint + _known(model))
        given[key] = value
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        at = f"{key}={given[key]}: " if key in given else ""
        raise UsageError(f"{kind}: {at}{first['msg']}.", remedy=_known(model)) from error


def _known(model: type[BaseModel]) -> str:
    """All options with their defaults and what they mean, units included."""
    lines = [
        f"{name}={field.default} ({field.description})"
        for name, field in model.model_fields.items()
    ]
    return f"Known: {', '.join(lines)}."
