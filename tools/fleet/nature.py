"""What simulated models see: a logistic curve over severity for each kind of condition."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.values import derived_seed

CANARY_CLEAN: Final = 0.97
"""Share of targets seen clean where a fall of robustness is planted: it stays the same."""


@dataclass(frozen=True)
class Model:
    """A model by name; another ``build`` of one name is another file.

    ``strength`` moves all its curves, in units of severity.
    """

    name: str
    kind: str = "ssd"
    labels: tuple[str, ...] = ("stop sign",)
    runtime: str = "ai-edge-litert 2.1.0"
    clean: float = 0.95
    strength: float = 0.0
    build: int = 1

    @property
    def sha256(self) -> str:
        return hashlib.sha256(f"{self.name}/{self.build}".encode()).hexdigest()

    def curve(self, kind: str) -> tuple[float, float]:
        """At which severity half of the targets are lost under a kind, and how wide the fall is.

        Above 1: most are never lost.
        """
        # By name, not by build: another build of a model is only a little different.
        chance = np.random.default_rng(derived_seed("curve", self.name, kind))
        half = chance.uniform(0.45, 1.35) + self.strength
        own = np.random.default_rng(derived_seed("curve", self.name, kind, self.build))
        return float(half + own.normal(0, 0.02)), float(chance.uniform(0.06, 0.2))


@dataclass(frozen=True)
class Fall:
    """A share of targets lost, whatever the condition: from ``before`` to ``after``.

    It changes where the share ``at`` of a device's trials is through.
    """

    before: float
    after: float
    at: float = 0.5

    def share(self, through: float) -> float:
        return self.after if through >= self.at else self.before


Floats = NDArray[np.float64]


def seen_below(luck: Floats, severity: Floats, half: Floats, width: Floats) -> NDArray[np.bool_]:
    """Whether targets are seen: each has its ``luck`` in (0, 1), which says how much it bears.

    The share seen at a severity is logistic: 1 / (1 + exp((severity - half) / width)).
    """
    bears = half + width * np.log(luck / (1 - luck))
    seen: NDArray[np.bool_] = severity < bears
    return seen


MODELS: Final = (
    Model("stop_sign_ssd-v3", clean=0.94),
    Model("stop_sign_ssd-v4", clean=0.96, strength=0.08),
    Model("signs_yolo-n", kind="yolo", labels=("stop sign", "yield", "speed limit 30"), clean=0.93),
    Model(
        "signs_classifier-q8",
        kind="classifier",
        labels=("stop sign", "yield", "no entry", "priority road"),
        runtime="tflite-runtime 2.14.0",
        clean=0.97,
        strength=-0.05,
    ),
)
