"""Physical kinds as they would be reckoned in floating point, without regard to time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from agent.perturbations import Moment
from agent.values import Pixels

Exact = Callable[[Pixels, float, Moment], Pixels]

EXACT: Final[Mapping[str, Exact]] = {}
