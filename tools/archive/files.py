"""Parquet and CSV files, written in groups of rows so that memory stays bounded."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from agent.errors import MissingExtra, UsageError
from tools.archive.tables import Kind

GROUP: Final = 10_000
"""Rows in memory, and in one group of a Parquet file."""
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes text that begins with one of these for a formula."""


class _Sink(Protocol):
    def write(self, rows: Sequence[Sequence[Any]]) -> None: ...
    def close(self) -> None: ...


def write_rows(
    path: Path, columns: Mapping[str, Kind], rows: Iterable[Mapping[str, Any]]
) -> Iterator[int]:
    """Write rows to a ``.parquet`` or ``.csv`` file; yields how many were written so far.

    The file gets its name when it is whole. In CSV, times are numbers, None is empty, and text
    that a spreadsheet would take for a formula begins with an apostrophe.
    """
    source = iter(rows)
    done = 0
    with _part(path, columns) as sink:
        while group := list(islice(source, GROUP)):
            sink.write([[_plain(row[name], columns[name]) for name in columns] for row in group])
            done += len(group)
            yield done


@contextmanager
def _part(path: Path, columns: Mapping[str, Kind]) -> Iterator[_Sink]:
    """A file beside its name, moved there at the end; nothing is left of one that is not whole."""
    part = path.with_name(path.name + ".part")
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(
            f"{path.name} is neither .parquet nor .csv.", remedy="Give --out such a name."
        )
    sink = kind(part, columns)
    try:
        yield sink
        sink.close()
        part.replace(path)
    finally:
        if part.exists():
            sink.close()
            part.unlink()


def _plain(value: Any, kind: Kind) -> Any:
    """A value as its column's kind: a store may hold truths as numbers, boxes as lists."""
    if value is None or type(value) is kind:
        return value
    return str(value) if kind is str else kind(value)


class _Csv:
    def __init__(self, path: Path, columns: Mapping[str, Kind]) -> None:
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(columns)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self._writer.writerows([_harmless(value) for value in row] for row in rows)

    def close(self) -> None:
        self._file.close()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


class _Parquet:
    def __init__(self, path: Path, columns: Mapping[str, Kind]) -> None:
        # Imported by name: pyarrow's own hints are partial, and differ between its versions.
        try:
            pa: Any = importlib.import_module("pyarrow")
            pq: Any = importlib.import_module("pyarrow.parquet")
        except ImportError:
            raise MissingExtra("pyarrow", "parquet", "Export to Parquet") from None
        kinds = {int: pa.int64(), str: pa.string(), float: pa.float64(), bool: pa.bool_()}
        self._schema = pa.schema([(name, kinds[kind]) for name, kind in columns.items()])
        self._table = pa.Table
        self._writer = pq.ParquetWriter(path, self._schema)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        columns = dict(zip(self._schema.names, map(list, zip(*rows, strict=True)), strict=True))
        self._writer.write_table(self._table.from_pydict(columns, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


_KINDS: Final[Mapping[str, Callable[[Path, Mapping[str, Kind]], _Sink]]] = {
    ".csv": _Csv,
    ".parquet": _Parquet,
}
