"""Compare: two devices, models or spans of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from tools.dashboard.comparing import Cells, compare, summary
from tools.dashboard.context import Context, Here
from tools.dashboard.devices import LAG_S, cells_of, known_devices
from tools.dashboard.parameters import AskedText
from tools.dashboard.rates import Counts, joined
from tools.dashboard.spans import WORDS, Window, before, window
from tools.dashboard.templating import page
from tools.stores import Scope

router: Final = APIRouter(include_in_schema=False)

Span = Literal["6h", "24h", "7d", "30d", "all", "24h-before", "7d-before", "30d-before"]
SPANS: Final[Mapping[str, str]] = {
    **WORDS,
    "24h-before": "the 24 hours before those",
    "7d-before": "the 7 days before those",
    "30d-before": "the 30 days before those",
}


@dataclass(frozen=True)
class Choice:
    """One side: of which device and model (empty: of all), and of when."""

    device: str
    model: str
    span: str

    @property
    def scope_names(self) -> tuple[str, str]:
        site, _, device = self.device.partition("/")
        return site, device

    def words(self, models: Mapping[str, str]) -> str:
        """The choice as a table's head has it."""
        model = models.get(self.model, self.model[:8])
        return " · ".join(filter(None, [self.device or "all devices", model, SPANS[self.span]]))


@router.get("/compare")
def show(
    request: Request,
    here: Here,
    a_device: AskedText = "",
    a_model: AskedText = "",
    a_span: Annotated[Span, Query()] = "24h-before",
    b_device: AskedText = "",
    b_model: AskedText = "",
    b_span: Annotated[Span, Query()] = "24h",
) -> HTMLResponse:
    """Both sides and how they differ; by default the last day against the one before."""
    a, b = Choice(a_device, a_model, a_span), Choice(b_device, b_model, b_span)
    devices = known_devices(here)
    models = {
        row["model_sha256"]: f"{row['model_name']} ({row['model_sha256'][:8]})"
        for row in devices
        if row["model_sha256"]
    }
    sides = [_cells(here, one) for one in (a, b)]
    rows = compare(*sides) if a != b else []
    return page(
        request,
        "compare",
        title="Compare",
        sides=[("a", "A", a), ("b", "B", b)],
        words=[a.words(models), b.words(models)],
        same=a == b,
        empty=[not cells for cells in sides],
        rows=rows,
        summary=summary(rows) if rows else "",
        devices=[(f"{row['site']}/{row['device']}",) * 2 for row in devices],
        models=sorted(models.items(), key=lambda pair: pair[1]),
        spans=SPANS,
    )


def _window(here: Context, span: str) -> Window:
    name, _, shifted = span.partition("-")
    found = window(name, here.now_ms)
    return (before(found) or found) if shifted else found


def _cells(here: Context, choice: Choice) -> Cells:
    when = _window(here, choice.span)
    site, device = choice.scope_names
    scope = Scope(site, device, model=choice.model, since_ms=when.since_ms, until_ms=when.until_ms)

    return here.cache.get(("side", choice, scope), lambda: _read(here, choice, when, scope), LAG_S)


def _read(here: Context, choice: Choice, when: Window, scope: Scope) -> Cells:
    if not choice.model and not choice.device:
        # What the fleet's page has read already.
        parts: dict[tuple[str, float], list[Counts]] = {}
        for cells in cells_of(here, when).values():
            for cell, counts in cells.items():
                parts.setdefault(cell, []).append(counts)
        return {cell: joined(found) for cell, found in parts.items()}
    found: dict[tuple[str, float], Counts] = {}
    for row in here.store.sums(scope, ("condition", "severity")):
        counts = Counts()
        counts.add(row)
        found[row["condition"], row["severity"]] = counts
    return found
