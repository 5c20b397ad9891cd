"""Parameters that several pages and the API take, with their limits."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import Path, Query

from tools.dashboard.spans import Span

# The wire contract's identifiers: what is no identifier names nothing here.
Identity = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
AskedIdentity = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{0,64}$")]
AskedText = Annotated[str, Query(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]
AskedSpan = Annotated[Span, Query()]
AskedSeverity = Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False)]
AskedBand = Annotated[str, Query(pattern=r"^([0-9]{1,6}-[0-9]{0,6})?$", examples=["16-32", "256-"])]
Number = Annotated[int, Path(ge=0, le=2**63 - 1)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]


def bands_of(size: str, distance: str) -> dict[str, tuple[float, float]]:
    """What a store is asked for where a target's width in px or its distance in m is ``16-32``,
    from 16 to below 32, or ``256-``, 256 and more; empty ones restrict nothing."""
    found = {}
    for name, band in (("size_px", size), ("distance_m", distance)):
        least, dash, below = band.partition("-")
        if dash:
            found[name] = (float(least), float(below) if below else math.inf)
    return found
