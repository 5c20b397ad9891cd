"""Two models that are rules of thumb, and frames that they differ on."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pytest

from agent.assembly import lay_out
from agent.models import Model
from agent.session import Session
from agent.strategies.grid import Grid
from agent.suite import Suite
from agent.values import Frame, Pixels, Prediction, TrueObject, Truth
from tools.compare.duel import Duel


class Threshold(Model):
    """Names a picture ``stop`` where it is brighter than a limit."""

    detects: ClassVar[bool] = False

    def __init__(self, limit: float, labels: tuple[str, ...] = ("stop", "other")) -> None:
        super().__init__()
        self.labels = self.targets = labels
        self.name, self.sha256, self.runtime = f"over {limit:g}", f"{limit:064g}", "none"
        self.limit = limit

    def _predict(self, pixels: Pixels) -> Prediction:
        stop = float(pixels.mean() > self.limit)
        scores = np.array([stop, 1 - stop], np.float32)
        return Prediction(scores=scores, labels=self.labels)


@pytest.fixture
def make_duel() -> Callable[..., Duel]:
    """A duel of two thresholds under low light at two severities."""

    def make(a: float, b: float, **b_options: tuple[str, ...]) -> Duel:
        suite = Suite.model_validate(
            {
                "schema": "fieldproof.suite/1",
                "severities": [0.1, 0.9],
                "conditions": [{"kind": "exposure"}],
            }
        )
        conditions = lay_out(suite, 0)
        first = Session(Threshold(a), Grid(conditions))
        return Duel(first, Session(Threshold(b, **b_options), Grid(conditions)), {})

    return make


@pytest.fixture
def make_frame() -> Callable[..., Frame]:
    """A grey frame that is labelled ``stop`` unless told otherwise."""

    def make(index: int, grey: int, label: str | None = "stop", clip: str = "") -> Frame:
        pixels = np.full((12, 12, 3), grey, np.uint8)
        pixels.flags.writeable = False
        truth = None if label is None else Truth((TrueObject(label),))
        return Frame(pixels, index, clip or f"{index}.png", f"{index}.png", truth=truth)

    return make
