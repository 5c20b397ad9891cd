"""Rows from validated columns.

A model validates row by row; here each field is validated once where all rows share its value,
else as one list: several times faster, by the same types and limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Annotated, Any, NamedTuple, get_type_hints

from pydantic import BaseModel, ConfigDict, FailFast, TypeAdapter, ValidationError

from agent.record._rows import PayloadError

_CONFIG = ConfigDict(allow_inf_nan=False)


class _Field(NamedTuple):
    one: TypeAdapter[Any]
    many: TypeAdapter[list[Any]]
    required: bool


class Columns:
    """Validates columns of a model's fields, which must not depend on each other."""

    def __init__(self, model: type[BaseModel]) -> None:
        hints = get_type_hints(model, include_extras=True)
        self._fields = {
            name: _Field(
                TypeAdapter(hints[name], config=_CONFIG),
                # The first wrong value is enough: an error for each would fill the memory.
                TypeAdapter(Annotated[list[hints[name]], FailFast()], config=_CONFIG),  # type: ignore[arg-type, valid-type]
                field.is_required(),
            )
            for name, field in model.model_fields.items()
        }
        self._defaults = {
            name: field.get_default(call_default_factory=True)
            for name, field in model.model_fields.items()
            if not field.is_required()
        }

    def checked(
        self, same: Mapping[str, Any], columns: Mapping[str, list[Any]]
    ) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        """The known fields of ``same`` and of ``columns``, validated. Raises ``PayloadError``."""
        known: dict[str, Any] = {}
        many: dict[str, list[Any]] = {}
        for name, field in self._fields.items():
            try:
                if name in columns:
                    many[name] = field.many.validate_python(columns[name])
                elif name in same:
                    known[name] = field.one.validate_python(same[name])
                elif field.required:
                    raise PayloadError(f"{name}: Field required")
            except ValidationError as error:
                raise PayloadError(f"{name}: {_first(error)}") from None
        return known, many

    def rows(
        self, same: Mapping[str, Any], columns: Mapping[str, list[Any]], count: int
    ) -> Iterator[tuple[Any, ...]]:
        """``count`` rows of values, in the order of the model's fields; each column has as many.

        Raises ``PayloadError``.
        """
        known, many = self.checked(same, columns)
        alike = {**self._defaults, **known}
        fields = (
            many[name] if name in many else repeat(alike[name], count) for name in self._fields
        )
        return zip(*fields, strict=True)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = "".join(f"{step}: " for step in first["loc"][:3])
    return f"{where[:100]}{first['msg']}"
