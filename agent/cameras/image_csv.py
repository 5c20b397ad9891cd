"""A CSV beside images, as the German Traffic Sign Recognition Benchmark has (Stallkamp 2012).

Columns, whatever their case and dots: ``file``, ``filename`` or ``Path``; ``label``, ``class_id``
or ``ClassId``; optionally the region of interest ``roi_x1 roi_y1 roi_x2 roi_y2`` or ``Roi.X1``...
and ``width``, ``height``. Separated by commas, semicolons or tabs.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from agent.cameras._labelled import Entry, LabelledImages, Pictures
from agent.errors import DataError
from agent.values import Box, TrueObject
from agent.vocabulary import spelled

_FILE: Final = ("file", "filename", "path", "image")
_LABEL: Final = ("label", "classid", "class")
_ROI: Final = ("roix1", "roiy1", "roix2", "roiy2")


class ImageCsv(LabelledImages):
    """Labels from a CSV; rows with the same file are objects of one picture.

    The region of interest becomes the truth's box. It does not crop: a classifier sees the whole
    picture and is judged on the whole frame, and perturbations on the object use the box.
    ``path`` is the CSV or a folder that holds just one such CSV.
    """

    @classmethod
    def claims(cls, path: Path) -> str:
        found = _tables(path)
        return f"a CSV of labels: {found[0].name}" if found else ""

    def _entries(self) -> Iterator[Entry]:
        table = self._table()
        pictures = Pictures(table.parent)
        rows: dict[str, list[tuple[int, dict[str, str]]]] = {}
        for line, row in _rows(table):
            rows.setdefault(_first(row, _FILE), []).append((line, row))
        for name, described in rows.items():
            picture = pictures.find(name)
            if picture is None:
                where = f"{table.name} line {described[0][0]}"
                self.rejected[name or where] = f"{where} names a picture that is not there."
                continue
            try:
                yield self._entry(picture, [row for _, row in described])
            except ValueError:
                self.rejected[name] = f"{table.name} line {described[0][0]} holds a bad number."

    def _entry(self, picture: Path, rows: list[dict[str, str]]) -> Entry:
        things = tuple(
            TrueObject(spelled(_first(row, _LABEL), self._names), _region(row)) for row in rows
        )
        tags = {"class": things[0].label} if len(things) == 1 else {}
        return Entry(picture, things, tags, _declared(rows[0]))

    def _table(self) -> Path:
        found = _tables(self.path)
        if not found:
            raise DataError(
                f"There is no CSV of labels at {self.path}.",
                remedy="It needs a column file, filename or Path and a column label or ClassId.",
            )
        if len(found) > 1:
            raise DataError(
                f"Several CSVs in {self.path} could hold the labels: "
                f"{', '.join(table.name for table in found)}.",
                remedy=f"Name the one that is meant: --data {found[0]}",
            )
        return found[0]


def _tables(path: Path) -> list[Path]:
    """The CSVs at ``path`` whose header has the two columns."""
    if path.is_dir():
        candidates = sorted(p for p in path.iterdir() if p.suffix.lower() == ".csv")
    else:
        candidates = [path] if path.suffix.lower() == ".csv" else []
    return [table for table in candidates if table.is_file() and _has_columns(table)]


def _has_columns(table: Path) -> bool:
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            header = _header(lines.readline())
    except (OSError, UnicodeDecodeError):
        return False
    return any(name in header for name in _FILE) and any(name in header for name in _LABEL)


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by normalised column name."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            reader = csv.reader(lines, delimiter=_separator(first))
            header = _header(first)
            for number, cells in enumerate(reader, start=2):
                if cells:
                    yield number, dict(zip(header, cells, strict=False))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"The CSV {table} cannot be read: {error}.") from error


def _header(line: str) -> list[str]:
    cells = line.strip().split(_separator(line))
    return [re.sub(r"[^a-z0-9]", "", cell.casefold()) for cell in cells]


def _separator(line: str) -> str:
    return max(",;\t", key=line.count)


def _first(row: Mapping[str, str], names: tuple[str, ...]) -> str:
    """The cell of the first of the columns that the row has."""
    return next((row[name].strip() for name in names if name in row), "")


def _region(row: Mapping[str, str]) -> Box | None:
    if not all(row.get(name) for name in _ROI):
        return None
    return Box(*(float(row[name]) for name in _ROI))


def _declared(row: Mapping[str, str]) -> tuple[int, int] | None:
    if not (row.get("width") and row.get("height")):
        return None
    return int(float(row["width"])), int(float(row["height"]))
