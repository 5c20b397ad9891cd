"""Results, trials and exhibits as small or as hostile as a test wants them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from agent.metrics.counters import Cell, CellKey, Tally
from agent.values import Box, Condition, Part, Sighting, Target, Trial
from tools.evaluate.figures import clean_figures, condition_figures, summarise
from tools.evaluate.results import DataFacts, ModelFacts, Results
from tools.evaluate.trials import TrialRow, row_of
from tools.report.exhibit import Exhibit

SEEN = Sighting(True, "stop sign", 0.9, 0.8, Box(42, 32, 78, 68))
REGION = Box(40, 30, 80, 70)
LOST = Sighting(False, None, 0.0, 0.0)

STAGES = {"sticker": "on_object", "fog": "in_scene", "droplets": "on_lens", "noise": "in_sensor"}


@pytest.fixture
def make_results() -> Callable[..., Results]:
    """Results of a model with ``survivors[kind]`` of ``n`` targets still seen per severity."""

    def make(
        survivors: dict[str, Sequence[int]] | None = None,
        *,
        n: int = 40,
        clean: int | None = None,
        phantoms: int = 0,
        detects: bool = True,
        name: str = "stop sign model",
        data: DataFacts | None = None,
    ) -> Results:
        clean = n if clean is None else clean
        tally = Tally()
        tally.add_clean(Cell(n, clean, clean, frames=n, phantoms=phantoms))
        units: dict[CellKey, str] = {}
        conditions = []
        for kind, counts in (survivors or {}).items():
            steps = [(i + 1) / len(counts) for i in range(len(counts))]
            for severity, seen in zip(steps, counts, strict=True):
                key = CellKey(kind, severity, None)
                units[key] = f"{severity * 80:g} cm²"
                cell = Cell(n, seen, clean, clean - seen, 0, n, phantoms)
                tally.add(key, cell)
                conditions.append(
                    condition_figures(key, cell, units[key], STAGES.get(kind, "in_scene"))
                )
            for number in range(clean):
                tally.add_losses((kind, s, number < k) for s, k in zip(steps, counts, strict=True))
        return Results(
            model=ModelFacts(
                name=name, kind="ssd", sha256="ab" * 32, targets=["stop sign"], detects=detects
            ),
            data=data or DataFacts(source="photos", frames=n, targets=n),
            suite="quick",
            seed=7,
            clean=clean_figures(tally.clean),
            conditions=conditions,
            summary=summarise(tally, units),
            environment={"python": "3.11"},
            timing={"seconds": 1.5},
        )

    return make


@pytest.fixture
def make_exhibit() -> Callable[..., Exhibit]:
    """An exhibit on noise, the hardest picture to compress."""

    def make(
        *,
        kind: str = "fog",
        severity: float = 0.5,
        clean: Sighting = SEEN,
        perturbed: Sighting = LOST,
        size: tuple[int, int] = (90, 120),
        region: Box | None = REGION,
        label: str = "stop sign",
        caption: str = "one.png",
        units: str = "visibility 80 m",
        seed: int = 0,
    ) -> Exhibit:
        pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
        pixels.flags.writeable = False
        return Exhibit(
            kind, severity, units, label, caption, pixels, pixels, clean, perturbed, region
        )

    return make


@pytest.fixture
def drive() -> list[TrialRow]:
    """Trials of an approach from 40 m to 1 m: seen clean from 30 m, under fog from 10 m."""
    rows = []
    for index in range(40):
        distance = 40.0 - index
        target = Target(index, 0, "stop sign", Box(0, 0, 9, 9), track="1", distance_m=distance)
        clean = SEEN if distance <= 30 else LOST
        for severity, reach in ((0.5, 20), (1.0, 10)):
            condition = Condition((Part("fog", severity),))
            perturbed = SEEN if distance <= reach else LOST
            rows.append(row_of(Trial(index, "pass", target, condition, clean, perturbed)))
    return rows
