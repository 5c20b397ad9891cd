"""Results whose every count a test chooses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from agent.metrics.counters import Cell, CellKey, Tally
from tools.evaluate.figures import clean_figures, condition_figures, summarise
from tools.evaluate.results import DataFacts, ModelFacts, Results, to_json

UNITS = {0.25: "visibility 416 m", 0.5: "visibility 173 m", 0.75: "visibility 72 m"}


@pytest.fixture
def make_results() -> Callable[..., Results]:
    """``n`` targets, ``clean`` of them seen; ``seen[kind]`` of those still under .25, .5, ..."""

    def make(
        seen: Mapping[str, tuple[int, ...]] | None = None,
        *,
        n: int = 100,
        clean: int = 100,
        phantoms: int = 0,
        source: str = "photos",
        frames: int | None = None,
    ) -> Results:
        tally = Tally()
        frames = n if frames is None else frames
        tally.add_clean(Cell(n, clean, clean, frames=frames, phantoms=phantoms))
        conditions, units = [], {}
        for kind, counts in (seen or {}).items():
            steps = [(number + 1) / 4 for number in range(len(counts))]
            for severity, correct in zip(steps, counts, strict=True):
                key = CellKey(kind, severity, None)
                units[key] = UNITS.get(severity, "visibility 30 m")
                cell = Cell(n, correct, clean, max(0, clean - correct), 0, frames, phantoms)
                tally.add(key, cell)
                conditions.append(condition_figures(key, cell, units[key], "in_scene"))
            for number in range(clean):
                tally.add_losses((kind, s, number < k) for s, k in zip(steps, counts, strict=True))
        return Results(
            model=ModelFacts(
                name="m", kind="ssd", sha256="0" * 64, targets=["stop sign"], detects=True
            ),
            data=DataFacts(source=source, frames=frames, targets=n),
            suite="quick",
            seed=0,
            clean=clean_figures(tally.clean),
            conditions=conditions,
            summary=summarise(tally, units),
        )

    return make


@pytest.fixture
def write() -> Callable[[Path, Results], Path]:
    def put(folder: Path, results: Results) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.json").write_text(json.dumps(to_json(results)))
        return folder

    return put
