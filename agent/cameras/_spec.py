"""Camera options as text: ``key=value,key=value`` into a frozen pydantic model with units."""

from __future__ import annotations

import difflib
import re
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from agent.errors import UsageError

_SECRET: Final = re.compile(
    r"(?P<start>//)[^/\s]*@|(?P<name>(?:pass(?:w\w*|phrase)?|pwd|user-pw|token|key|secret)=)[^&/_,;\s]*",
    re.IGNORECASE,
)

Options = TypeVar("Options", bound=BaseModel)


def without_secrets(text: str) -> str:
    """A camera's text that may be printed: users and passwords of addresses are left out."""
    return _SECRET.sub(lambda match: match["start"] or f"{match['name']}***", text)


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
