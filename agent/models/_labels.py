"""Where a model's labels come from, and whether they are as many as its outputs."""

from __future__ import annotations

import ast
import json
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent.card import ModelCard
from agent.errors import DataError, ModelError
from agent.vocabulary import read_names

_LISTS: Final = re.compile(r"(.*[-_.])?(labels?|label_?map|classes)\.txt", re.IGNORECASE)
_ID: Final = re.compile(r"[0-9]{1,5}")
_LARGEST: Final = 1 << 20  # a label list beyond 1 MiB is none


def labels_of(card: ModelCard) -> tuple[str, ...]:
    """The lines of the card's labels file, or else of the list inside the model file.

    Raises ``ModelError`` where there is neither, or the file cannot be read.
    """
    if card.labels is not None:
        try:
            return read_names(card.labels)
        except DataError as error:
            raise ModelError(error.message, remedy=error.remedy) from None
    found = embedded_labels(card.file)
    if not found:
        raise ModelError(
            f"The labels of {card.file.name} are not known: its card names none, and none are "
            "inside the file.",
            remedy='Add a line such as labels = "labels.txt" to the card: one label per line, '
            "in the order of the outputs.",
        )
    return found


def embedded_labels(path: Path) -> tuple[str, ...]:
    """Labels in the zip that TFLite metadata appends to a model file; empty where there are none.

    Read are lists such as ``labels.txt`` or ``labelmap.txt``, and the ``names`` that Ultralytics
    keeps in ``temp_meta.txt`` or ``metadata.json``.
    """
    for name, text in embedded_texts(path).items():
        if _LISTS.fullmatch(name.rpartition("/")[2]):
            lines = [line.strip() for line in text.rstrip().splitlines()]
            return tuple(line or f"#{i}" for i, line in enumerate(lines))
        names = metadata_of(text).get("names")
        if isinstance(names, dict) and names and all(_ID.fullmatch(str(key)) for key in names):
            by_id = {int(key): str(value) for key, value in names.items()}
            return tuple(by_id.get(i, f"#{i}") for i in range(max(by_id) + 1))
    return ()


def embedded_texts(path: Path) -> dict[str, str]:
    """File name -> text of what is appended to a model file as a zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                entry.filename: archive.read(entry).decode("utf-8", "replace")
                for entry in archive.infolist()
                if entry.file_size <= _LARGEST and entry.filename.endswith((".txt", ".json"))
            }
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError):
        return {}


def metadata_of(text: str) -> dict[str, object]:
    """Ultralytics' metadata, as JSON or as Python spells a dict; empty where it is neither."""
    for parse in (json.loads, ast.literal_eval):
        try:
            found = parse(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        return found if isinstance(found, dict) else {}
    return {}


def by_output(lines: Sequence[str], outputs: int, offset: int, file: str) -> tuple[str, ...]:
    """The label of each of a model's ``outputs`` classes: line ``index + offset``.

    Raises ``ModelError`` where the lines are not as many as the classes and the offset ask for.
    """
    if len(lines) != outputs + offset:
        raise mismatch(lines, outputs, offset, file)
    return tuple(lines[i + offset] if i + offset >= 0 else "background" for i in range(outputs))


def mismatch(lines: Sequence[str], outputs: int, offset: int, file: str) -> ModelError:
    """The error for a label list of the wrong length, with both numbers."""
    fitting = len(lines) - outputs
    mend = "Give the label list that the model was made with"
    if fitting in (-1, 1):
        mend += f", or set label_offset = {fitting} if its first {_first(fitting)}"
    plus = f" (label_offset {offset})" if offset else ""
    return ModelError(
        f"{file} has {outputs} classes{plus}, but there are {len(lines)} labels.",
        remedy=f"{mend}.",
    )


def _first(offset: int) -> str:
    return "line is no class of the model" if offset > 0 else "class has no line in the list"


def targets_of(card: ModelCard, labels: Sequence[str]) -> tuple[str, ...]:
    """The card's targets, all labels where it names none. Raises ``ModelError`` for others."""
    unknown = [target for target in card.targets if target not in labels]
    if unknown:
        raise ModelError(
            f"The card's target {unknown[0]!r} is none of the model's {len(labels)} labels: "
            f"{', '.join(labels[:12])}{', ...' if len(labels) > 12 else ''}.",
            remedy="Spell targets as the labels are spelled.",
        )
    return tuple(card.targets or dict.fromkeys(labels))
