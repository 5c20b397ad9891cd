"""One session: what it counted and what was stored, where it breaks, and the report on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from agent.errors import FieldproofError
from tools.dashboard.breaking import breakings
from tools.dashboard.context import Context, Here
from tools.dashboard.parameters import Identity
from tools.dashboard.rates import Counts, merged
from tools.dashboard.templating import page
from tools.stores import Scope

router: Final = APIRouter(include_in_schema=False)

REPORT_POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox"
)
"""A report is one file: its styles and pictures lie within it. It runs no script, and is kept from
being anything to the dashboard: the sandbox gives it an origin of its own."""


@router.get("/sessions/{site}/{device}/{session}")
def show(
    request: Request, here: Here, site: Identity, device: Identity, session: Identity
) -> HTMLResponse:
    """The page."""
    row = _session(here, site, device, session)
    kinds = here.cache.get(
        ("session", site, device, session), lambda: _kinds(here, Scope(site, device, session))
    )
    return page(
        request,
        "session",
        title=f"Session {session}",
        row=row,
        kinds=breakings(kinds),
        counts=merged(counts for levels in kinds.values() for counts in levels.values()),
        versions=json.loads(row["versions"] or "{}"),
    )


@router.get("/sessions/{site}/{device}/{session}/report")
def report(
    request: Request, here: Here, site: Identity, device: Identity, session: Identity
) -> Response:
    """The verdict report, as ``fieldproof report`` writes it."""
    row = _session(here, site, device, session)
    key = site, device, session
    try:
        made = here.reports.get(key, (row["trials_stored"], row["trials_counted"]))
    except FieldproofError as error:
        raise HTTPException(503, error.message, {"Retry-After": "30"}) from None
    if made is None:
        return page(
            request, "making", 202, {"Refresh": "2"}, title="The report is being made", row=row
        )
    return HTMLResponse(made, headers={"Content-Security-Policy": REPORT_POLICY})


def _session(here: Context, site: str, device: str, session: str) -> Mapping[str, Any]:
    for row in list(here.store.sessions(Scope(site, device, session)))[-1:]:
        return row
    raise HTTPException(404, f"The store holds no session {session} of {site}/{device}.")


def _kinds(here: Context, scope: Scope) -> dict[str, dict[float, Counts]]:
    kinds: dict[str, dict[float, Counts]] = {}
    for row in here.store.sums(scope, ("condition", "severity")):
        counts = Counts()
        counts.add(row)
        kinds.setdefault(row["condition"], {})[row["severity"]] = counts
    return kinds
