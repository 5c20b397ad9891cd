"""A small fleet, and pictures that take no time to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tools.fleet.life import Gallery
from tools.fleet.plan import Plan


class Blank(Mapping[tuple[str, str, float], Sequence[Mapping[str, Any]]]):
    """The same picture whatever is asked for."""

    def __getitem__(self, key: tuple[str, str, float]) -> Sequence[Mapping[str, Any]]:
        return [{"width_px": 1, "height_px": 1, "clean": "QQ==", "perturbed": "Qg=="}]

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


@pytest.fixture
def blank() -> Gallery:
    return Blank()


@pytest.fixture
def plan() -> Plan:
    """Five devices: a hostile one, one that falls silent, one with a wrong clock, one with a
    gap."""
    return Plan(devices=5, trials=3000, seed=1, sites=2, hours=24).begun()
