"""One trial as a flat row: what ``trials.parquet`` holds, and what a report draws from."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, get_args, get_type_hints

from agent.values import Trial

GROUP: Final = 20_000
"""Rows written at a time: a Parquet row group of a good size, a few MB of memory."""


class TrialRow(NamedTuple):
    """A trial's columns. Boxes are pixels; ``distance_m`` None where it is not known.

    Only for a condition that lies on the object, ``placement`` says how its place was known,
    ``face`` what shape it was taken for, and ``remark`` why little of it could be seen.
    """

    frame: int
    clip: str
    target: int
    track: str
    label: str
    distance_m: float | None
    x0: float | None
    y0: float | None
    x1: float | None
    y1: float | None
    kind: str
    severity: float
    level: int | None
    seed: int
    clean_seen: bool
    clean_label: str | None
    clean_confidence: float
    seen: bool
    seen_label: str | None
    confidence: float
    iou: float | None
    flipped: bool
    placement: str = ""
    face: str = ""
    remark: str = ""


def row_of(trial: Trial) -> TrialRow:
    """Flatten a trial; confidences are rounded to millionths."""
    target, region = trial.target, trial.target.region
    return TrialRow(
        frame=trial.frame,
        clip=trial.clip,
        target=target.number,
        track=target.track,
        label=target.label or "",
        distance_m=None if target.distance_m is None else round(target.distance_m, 3),
        x0=None if region is None else round(region.x0, 2),
        y0=None if region is None else round(region.y0, 2),
        x1=None if region is None else round(region.x1, 2),
        y1=None if region is None else round(region.y1, 2),
        kind=trial.condition.kind,
        severity=trial.condition.severity,
        level=trial.condition.level,
        seed=trial.condition.seed,
        clean_seen=trial.clean.seen,
        clean_label=trial.clean.label,
        clean_confidence=round(trial.clean.confidence, 6),
        seen=trial.perturbed.seen,
        seen_label=trial.perturbed.label,
        confidence=round(trial.perturbed.confidence, 6),
        iou=None if trial.perturbed.iou is None else round(trial.perturbed.iou, 4),
        flipped=trial.flipped,
        placement=target.placement if trial.condition.per_target else "",
        face=target.face if trial.condition.per_target else "",
        remark=trial.remark,
    )


class TrialsFile:
    """Writes trial rows as they come: Parquet where pyarrow is installed, else CSV.

    The file is written beside its name and moved into place by ``close``, so that a file that
    bears the name is whole.
    """

    def __init__(self, folder: Path) -> None:
        parquet = _has_pyarrow()
        self.path = folder / ("trials.parquet" if parquet else "trials.csv")
        self._part = self.path.with_suffix(self.path.suffix + ".part")
        self._sink: _Parquet | _Csv = _Parquet(self._part) if parquet else _Csv(self._part)
        self._rows: list[TrialRow] = []

    def add(self, rows: Iterable[TrialRow]) -> None:
        """Append rows; they reach the disk in groups."""
        self._rows.extend(rows)
        if len(self._rows) >= GROUP:
            self._flush()

    def close(self) -> Path:
        """Write what is left and give the file its name."""
        self._flush()
        self._sink.close()
        self._part.replace(self.path)
        return self.path

    def __enter__(self) -> TrialsFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave nothing of a file that was not closed."""
        if self._part.exists():
            self._sink.close()
            self._part.unlink()

    def _flush(self) -> None:
        if self._rows:
            self._sink.write(self._rows)
            self._rows = []


def _has_pyarrow() -> bool:
    """Whether pyarrow loads; a recent one beside numpy 1 is installed, yet does not."""
    try:
        importlib.import_module("pyarrow")
    except ImportError:
        return False
    return True


class _Csv:
    def __init__(self, path: Path) -> None:
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(TrialRow._fields)

    def write(self, rows: list[TrialRow]) -> None:
        self._writer.writerows(rows)

    def close(self) -> None:
        self._file.close()


class _Parquet:
    def __init__(self, path: Path) -> None:
        # Imported by name: pyarrow's own hints are partial, and differ between its versions.
        pa: Any = importlib.import_module("pyarrow")
        pq: Any = importlib.import_module("pyarrow.parquet")
        kinds = {int: pa.int64(), str: pa.string(), float: pa.float64(), bool: pa.bool_()}
        hints = get_type_hints(TrialRow)
        # A hint is a type or "type | None"; the first member of the union is the type.
        columns = {name: (get_args(hint) or (hint,))[0] for name, hint in hints.items()}
        self._schema = pa.schema([(name, kinds[kind]) for name, kind in columns.items()])
        self._table = pa.Table
        self._writer = pq.ParquetWriter(path, self._schema)

    def write(self, rows: list[TrialRow]) -> None:
        columns = dict(zip(TrialRow._fields, map(list, zip(*rows, strict=True)), strict=True))
        self._writer.write_table(self._table.from_pydict(columns, schema=self._schema))

    def close(self) -> None:
        self._writer.close()
