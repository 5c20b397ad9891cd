"""Parameters that several pages and the API take, with their limits."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from tools.dashboard.spans import Span

# The wire contract's identifiers: what is no identifier names nothing here.
Identity = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
AskedIdentity = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{0,64}$")]
AskedText = Annotated[str, Query(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]
AskedSpan = Annotated[Span, Query()]
AskedSeverity = Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False)]
Number = Annotated[int, Path(ge=0, le=2**63 - 1)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
