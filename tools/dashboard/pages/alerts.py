"""Alerts: what waits for somebody, what was seen, and what is over."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from tools.dashboard.access.forms import read_form, safe_place
from tools.dashboard.access.guard import Operator
from tools.dashboard.context import Context, Here
from tools.dashboard.devices import known_devices
from tools.dashboard.parameters import Number
from tools.dashboard.templating import page

router: Final = APIRouter(include_in_schema=False)

MOST: Final = 50
State = Literal["open", "acknowledged", "resolved"]
HEADINGS: Final = {"open": "Open", "acknowledged": "Acknowledged", "resolved": "History"}


@router.get("/alerts")
def show(
    request: Request,
    here: Here,
    state: Annotated[State, Query()] = "open",
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> HTMLResponse:
    """The alerts of a state, newest first."""
    found = list(here.store.alerts(state, MOST + 1, before))
    return page(
        request,
        "alerts",
        title=f"Alerts: {HEADINGS[state].lower()}",
        state=state,
        headings=HEADINGS,
        alerts=found[:MOST],
        older=found[MOST - 1]["id"] if len(found) > MOST else None,
        first=before is None,
        places=_places(here),
        ever=bool(found) or bool(list(here.store.alerts(limit=1))),
    )


@router.get("/alerts/{number}")
def one(request: Request, here: Here, number: Number) -> HTMLResponse:
    """One alert, with the rule that raised it and what that saw."""
    alert = _alert(here, number)
    return page(
        request, "alert", title=alert["summary"], alert=alert, places=_places(here),
        details=_flat(alert["details"]),
    )  # fmt: skip


@router.post("/alerts/{number}/acknowledge")
async def acknowledge(request: Request, here: Here, number: Number, person: Operator) -> Response:
    """Say that somebody has seen it."""
    fields = await read_form(request)
    await run_in_threadpool(_alert, here, number)
    await run_in_threadpool(here.store.acknowledge_alert, number, person.name, here.now_ms)
    return RedirectResponse(safe_place(fields.get("next", "/alerts")), 303)


def _alert(here: Context, number: int) -> dict[str, Any]:
    for alert in here.store.alerts(limit=1, before=min(number, 2**53) + 1):
        if alert["id"] == number:
            return alert
    raise HTTPException(404, "There is no such alert, or no longer.")


def _places(here: Context) -> set[str]:
    """Subjects that have a page of their own."""
    return {f"{row['site']}/{row['device']}" for row in known_devices(here)}


def _flat(details: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Details as (name, value) in words; what lies within another is named after both."""
    found: list[tuple[str, str]] = []
    for name, value in details.items():
        whole = f"{before}{name}".replace("_", " ")
        if isinstance(value, dict):
            found += _flat(value, f"{whole}: ")
        elif isinstance(value, float):
            found.append((whole, f"{value:.4g}"))
        elif isinstance(value, list):
            found.append((whole, ", ".join(map(str, value))))
        else:
            found.append((whole, "–" if value is None else str(value)))
    return found
