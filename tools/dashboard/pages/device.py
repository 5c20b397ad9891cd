"""One device: what became of it over time, where it breaks, and what it lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from tools.dashboard.breaking import Breaking
from tools.dashboard.context import Context, Here
from tools.dashboard.devices import known_devices, place_of, state_of
from tools.dashboard.drawing import Scheme
from tools.dashboard.figures import Chart, Plotter, weakest
from tools.dashboard.headers import PICTURE_POLICY
from tools.dashboard.history import bins_of, ends_of, readings_of
from tools.dashboard.parameters import AskedSpan, AskedText, Identity
from tools.dashboard.rates import joined, merged
from tools.dashboard.spans import WORDS, Window, window
from tools.dashboard.templating import page
from tools.stores import Scope

router: Final = APIRouter(include_in_schema=False)

MOST_SESSIONS: Final = 12
MOST_GAPS: Final = 20
MOST_LETTERS: Final = 20
LETTERS_READ: Final = 500
MOST_CURVES: Final = 24

# Reading, title, what it is, unit.
READINGS: Final = (
    ("frames_per_s", "Frames a second", "As the agent examines them", ""),
    ("temperature_c", "Temperature", "Mean, and the band from lowest to highest", " °C"),
    ("throttled", "Throttled", "Share of the readings in which the device was throttled", ""),
    ("outbox_rows", "Outbox", "Rows that wait on the device", ""),
)
NAMES: Final = tuple(name for name, *_ in READINGS)


@router.get("/devices/{site}/{device}")
def show(
    request: Request, here: Here, site: Identity, device: Identity, span: AskedSpan = "24h"
) -> HTMLResponse:
    """The page."""
    row = _known(here, site, device)
    chosen = window(span, here.now_ms)
    bins = bins_of(here, site, device, chosen)
    kinds = weakest(bins)
    charts, curves = _all_charts(here, site, device, chosen)
    return page(
        request,
        "device",
        title=place_of(here, site, device).name or device,
        row=row,
        place=place_of(here, site, device),
        state=state_of(row, here.now_ms),
        window=chosen,
        spans=WORDS,
        counts=joined(
            merged(counts for levels in found.values() for counts in levels.values())
            for found in bins.values()
        ),
        kinds=kinds,
        charts=charts,
        curves=curves,
        sessions=_sessions(here, site, device),
        readings=sorted((row["readings"] or {}).items()),
        gaps=_gaps(here, site, device),
        letters=_letters(here, site, device),
        asked={"span": "" if span == "24h" else span},
    )


@router.get("/charts/{site}/{device}/{name}.svg")
def chart(
    request: Request,
    here: Here,
    site: Identity,
    device: Identity,
    name: str,
    span: AskedSpan = "24h",
    condition: AskedText = "",
    scheme: Annotated[Scheme, Query()] = "light",
) -> Response:
    """One of the page's charts, as an SVG file."""
    _known(here, site, device)
    found = _chart(here, site, device, window(span, here.now_ms), name, condition)
    if found is None:
        raise HTTPException(404, "There is no such chart, or nothing to draw.")
    headers = {
        "ETag": f'"{found.drawing.tag}-{scheme}"',
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": PICTURE_POLICY,
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    svg = here.drawings.svg(found.drawing, scheme)
    return Response(svg, media_type="image/svg+xml", headers=headers)


def _known(here: Context, site: str, device: str) -> Mapping[str, Any]:
    for row in known_devices(here):
        if (row["site"], row["device"]) == (site, device):
            return row
    raise HTTPException(404, f"No device {site}/{device} has sent anything to this store.")


def _plotter(here: Context, site: str, device: str, chosen: Window) -> Plotter:
    bins = bins_of(here, site, device, chosen)
    readings = readings_of(here, site, device, chosen, NAMES)
    return Plotter(site, device, chosen, ends_of(here, chosen, bins, readings))


def _charts(
    here: Context, site: str, device: str, chosen: Window, kinds: list[Breaking]
) -> Iterator[Chart]:
    """What there is to draw over time."""
    bins = bins_of(here, site, device, chosen)
    readings = readings_of(here, site, device, chosen, NAMES)
    plotter = _plotter(here, site, device, chosen)
    drawn = [
        plotter.robust(bins),
        plotter.flips(bins, [kind.kind for kind in kinds]),
        plotter.clean(bins),
        plotter.confidence(bins),
        *(plotter.reading(*words, readings) for words in READINGS),
    ]
    return (one for one in drawn if one is not None)


def _all_charts(
    here: Context, site: str, device: str, chosen: Window
) -> tuple[list[Chart], list[Chart]]:
    """What the page shows over time and by severity."""

    def make() -> tuple[list[Chart], list[Chart]]:
        kinds = weakest(bins_of(here, site, device, chosen))
        plotter = _plotter(here, site, device, chosen)
        curves = [plotter.curve(kind) for kind in kinds[:MOST_CURVES]]
        return list(_charts(here, site, device, chosen, kinds)), curves

    return here.cache.get(("charts", site, device, chosen), make)


def _chart(
    here: Context, site: str, device: str, chosen: Window, name: str, condition: str
) -> Chart | None:
    charts, curves = _all_charts(here, site, device, chosen)
    wanted = f"curve-{condition}" if name == "curve" else name
    return next((one for one in [*charts, *curves] if one.id == wanted), None)


def _sessions(here: Context, site: str, device: str) -> list[dict[str, Any]]:
    """The newest first."""

    def read() -> list[dict[str, Any]]:
        return list(here.store.sessions(Scope(site, device)))[::-1]

    return here.cache.get(("sessions", site, device), read)[:MOST_SESSIONS]


def _gaps(here: Context, site: str, device: str) -> list[dict[str, Any]]:
    return here.cache.get(
        ("gaps", site, device),
        lambda: list(here.store.gaps(Scope(site, device), limit=MOST_GAPS)),
    )


def _letters(here: Context, site: str, device: str) -> list[dict[str, Any]]:
    """Dead letters on the device's own topics; anybody who may publish there can have sent them."""
    own = re.compile(rf"^fieldproof/v\d+/{re.escape(site)}/{re.escape(device)}/")
    newest = here.cache.get("letters", lambda: list(here.store.letters(limit=LETTERS_READ)))
    return [letter for letter in newest if own.match(letter["topic"])][:MOST_LETTERS]
