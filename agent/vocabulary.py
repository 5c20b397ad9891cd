"""Labels meet by name: the data's vocabulary and the model's, joined. Pure, no OpenCV.

Names are compared without case, and with ``_``, ``-`` and runs of spaces as one space. An id
without a name is spelled ``#14`` and is an index into the model's labels.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.errors import DataError, UsageError

_SHOWN: Final = 12  # names of a vocabulary that an error message lists
_ID_DIGITS: Final = 6  # longer numbers are no class ids
_ID: Final = re.compile(r"#([0-9]{1,6})")
_NUMBERED: Final = re.compile(r"([0-9]{1,6})\s*[\s:,;]\s*(\S.*)")


@dataclass(frozen=True, slots=True)
class Joined:
    """``mapping``: data label -> model label. ``unmatched``: data labels the model lacks."""

    mapping: Mapping[str, str]
    unmatched: tuple[str, ...] = ()


def normal(name: str) -> str:
    """The form in which names are compared (Unicode's canonical caseless match, D145)."""
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
    return re.sub(r"[\s_-]+", " ", folded).strip()


def spelled(text: str, names: Sequence[str] = ()) -> str:
    """A label as the truth carries it: an id by its name in ``names``, or else as ``#14``.

    Text that is no whole number is a name already. Raises ``DataError`` for an id that a given
    list of names does not reach.
    """
    text = text.strip()
    if not _is_id(text):
        return text
    number = int(text)
    if not names:
        return f"#{number}"
    if number >= len(names):
        raise DataError(
            f"The data holds the class id {number}, but there are only {len(names)} names "
            f"(ids 0 to {len(names) - 1}).",
            remedy="Give a labels file with a line for each id: --data-labels FILE.",
        )
    return names[number] or f"#{number}"


def join(
    data_labels: Iterable[str],
    model_labels: Sequence[str],
    aliases: Mapping[str, str] | None = None,
) -> Joined:
    """Which of the model's labels each of the data's labels is.

    Aliases come first and join in either direction, then equal names, then ``#n`` as an index.
    Raises ``DataError`` when there are data labels and none of them matches.
    """
    data = tuple(dict.fromkeys(data_labels))
    known: dict[str, str] = {}
    for label in model_labels:
        known.setdefault(normal(label), label)
    also = _both_ways(aliases or {})
    mapping: dict[str, str] = {}
    for label in data:
        match = _match(label, model_labels, known, also)
        if match is not None:
            mapping[label] = match
    if data and not mapping:
        raise _nothing_joins(data, model_labels)
    return Joined(mapping, tuple(label for label in data if label not in mapping))


def parse_aliases(texts: Iterable[str]) -> dict[str, str]:
    """``["stop=stop sign"]`` -> ``{"stop": "stop sign"}``. Raises ``UsageError``."""
    aliases: dict[str, str] = {}
    for text in texts:
        left, equals, right = (part.strip() for part in text.partition("="))
        if not (left and equals and right):
            raise UsageError(
                f"The alias {text!r} is not of the form left=right.",
                remedy="Write the data's name, =, and the model's name: "
                '--alias stop="stop sign".',
            )
        if aliases.get(left, right) != right:
            raise UsageError(
                f"The name {left!r} has two aliases: {aliases[left]!r} and {right!r}.",
                remedy="Keep one of them.",
            )
        aliases[left] = right
    return aliases


def read_names(path: Path) -> tuple[str, ...]:
    """The names of a labels file, by id, as UTF-8 text.

    Three spellings: a name a line; an id and a name a line, ids ascending from 0 or 1; a CSV
    whose header names an id column (``ClassId``, ``class_id``, ``id``) and a name column. An id
    that the file leaves out is named ``#id``. Raises ``DataError``.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"The labels file {path} cannot be read: {_reason(error)}.",
            remedy="Give a UTF-8 text file with one name per line.",
        ) from error
    lines = [line.strip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    if not any(lines):
        raise DataError(f"The labels file {path} is empty.", remedy="Put one name on each line.")
    numbered = _from_csv(text) or _from_numbered(lines)
    if numbered:
        return tuple(numbered.get(i, f"#{i}") for i in range(max(numbered) + 1))
    return tuple(line or f"#{i}" for i, line in enumerate(lines))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS


def _match(
    label: str, model_labels: Sequence[str], known: Mapping[str, str], also: Mapping[str, set[str]]
) -> str | None:
    for other in sorted(also.get(normal(label), ())):
        if other in known:
            return known[other]
        number = _ID.fullmatch(other)
        if number and int(number[1]) < len(model_labels):
            return model_labels[int(number[1])]
    if label in model_labels:
        return label
    if normal(label) in known:
        return known[normal(label)]
    number = _ID.fullmatch(label.strip())
    if number and int(number[1]) < len(model_labels):
        return model_labels[int(number[1])]
    return None


def _both_ways(aliases: Mapping[str, str]) -> dict[str, set[str]]:
    also: dict[str, set[str]] = {}
    for left, right in aliases.items():
        also.setdefault(normal(left), set()).add(normal(right))
        also.setdefault(normal(right), set()).add(normal(left))
    return also


def _nothing_joins(data: Sequence[str], model_labels: Sequence[str]) -> DataError:
    left, right = _nearest(data, model_labels)
    return DataError(
        f"None of the data's labels is one of the model's. The data has {_listed(data)}; "
        f"the model has {_listed(model_labels)}.",
        remedy=f'Join them by name, such as --alias "{left}"="{right}", or name the data\'s '
        "numeric ids with --data-labels FILE.",
    )


def _nearest(data: Sequence[str], model_labels: Sequence[str]) -> tuple[str, str]:
    """The pair of names that look most alike, so that the remedy shows a likely alias."""
    best = (0.0, data[0], model_labels[0] if model_labels else "the model's name")
    spellings = [(normal(label), label) for label in model_labels[:2000]]
    for label in data[:50]:
        matcher = difflib.SequenceMatcher(b=normal(label))
        for spelling, candidate in spellings:
            matcher.set_seq1(spelling)
            if matcher.quick_ratio() > best[0] and matcher.ratio() > best[0]:
                best = (matcher.ratio(), label, candidate)
    return best[1], best[2]


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "none"
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _from_numbered(lines: Sequence[str]) -> dict[int, str]:
    """Id -> name where every line begins with its id; empty where that is not so.

    Ids must ascend from 0 or 1, so that names such as ``30 km/h`` are not taken for ids.
    """
    found = [_NUMBERED.fullmatch(line) for line in lines if line]
    pairs = [(int(match[1]), match[2]) for match in found if match]
    ids = [number for number, _ in pairs]
    ascending = ids == sorted(set(ids))
    if len(pairs) < len(found) or ids[0] > 1 or not ascending:
        return {}
    return dict(pairs)


def _from_csv(text: str) -> dict[int, str]:
    """Id -> name of a CSV with a header; empty where the text is none."""
    rows = list(csv.reader(io.StringIO(text), delimiter=";" if ";" in text[:80] else ","))
    header = [re.sub(r"[^a-z]", "", cell.casefold()) for cell in rows[0]]
    ids = [i for i, cell in enumerate(header) if cell in ("classid", "id", "class")]
    names = [i for i, cell in enumerate(header) if cell in ("name", "label", "signname")]
    if not (ids and names):
        return {}
    number, name = ids[0], names[0]
    whole = [row for row in rows[1:] if len(row) > max(number, name) and _is_id(row[number])]
    return {int(row[number]): row[name].strip() for row in whole}


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is no UTF-8 text"
