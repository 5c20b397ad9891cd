"""Opens the results that a gate judges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.errors import DataError
from agent.toml import said
from tools.evaluate.results import SCHEMA, Results


def read_results(where: Path) -> Results:
    """The results in a folder of ``fieldproof evaluate``, or in a file.

    Raises ``DataError`` where there are none, where they are of another schema, and where no frame
    was used.
    """
    path = where / "results.json" if where.is_dir() else where
    results = _validated(path, _plain(path))
    if not results.data.frames:
        raise DataError(
            f"{path} is of no frame at all: there is nothing to judge.",
            remedy="Evaluate on data that holds pictures.",
        )
    return results


def _plain(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"There are no results at {path}.",
            remedy="Give the folder that `fieldproof evaluate --out` wrote.",
        ) from None
    except OSError as problem:
        raise DataError(f"{path} cannot be read: {problem.strerror}.") from None
    except ValueError:
        raise DataError(
            f"{path} is not JSON.", remedy="Give a results.json of `fieldproof evaluate`."
        ) from None


def _validated(path: Path, plain: Any) -> Results:
    schema = plain.get("schema") if isinstance(plain, dict) else None
    if schema != SCHEMA:
        found = f"its schema is {schema!r}" if schema else "it names no schema"
        raise DataError(
            f"{path} is not of schema {SCHEMA}: {found}.",
            remedy="Give a results.json of `fieldproof evaluate`.",
        )
    try:
        return Results.model_validate(plain)
    except ValidationError as problem:
        raise DataError(
            f"{path} says that it is of schema {SCHEMA}, but it is not: {said(problem)}.",
            remedy="Evaluate anew with this version of Fieldproof.",
        ) from None
