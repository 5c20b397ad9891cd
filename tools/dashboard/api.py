"""The same for programs: read-only JSON under ``/api/v1``, described by an OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any, Final, Literal, get_args

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from agent import __version__
from tools.dashboard.context import Here
from tools.dashboard.devices import known_devices, place_of, state_of
from tools.dashboard.parameters import (
    AskedBand,
    AskedIdentity,
    AskedSeverity,
    AskedText,
    bands_of,
)
from tools.stores import Place, Scope

MOST: Final = 5000
"""Rows to an answer."""
LAG_S: Final = 60.0
"""While rows come in, dear answers may be so old."""
Millis = Annotated[int | None, Query(ge=0, le=2**53)]
Limit = Annotated[int, Query(ge=1, le=MOST)]
By = Literal["hour", "site", "device", "session", "model", "condition", "severity", "level"]
BY: Final[tuple[str, ...]] = get_args(By)


class Problem(BaseModel):
    """What was wrong, in one sentence."""

    detail: str


class Row(BaseModel):
    """A row as the store keeps it: what is named here, and more."""

    model_config = ConfigDict(extra="allow")


class DeviceRow(Row):
    """A device. Times are ms since 1970, ``alive`` is what the dashboard calls its state."""

    site: str
    device: str
    alive: Literal["online", "silent", "offline", "stopped", "unknown"]
    name: str | None
    tags: list[str]
    state: str | None
    seen_ms: int | None
    model_sha256: str | None
    lost_rows: int


class SumsRow(Row):
    """Sums over trials; ``scenes`` are the evidence, trials of one scene resemble each other."""

    n: int
    clean_seen: int
    perturbed_seen: int
    flips: int
    scenes: int


class SessionRow(Row):
    """A session; ``trials_counted`` is the agent's own count, null while it runs."""

    site: str
    device: str
    session: str
    trials_stored: int
    trials_counted: int | None


class ReadingsRow(Row):
    """A reading's hour: how many there were, their sum, the lowest and the highest."""

    hour: int
    name: str
    n: int
    total: float
    low: float
    high: float


class FailureRow(Row):
    """Evidence without its pictures, which are below ``/pictures``; ``place`` goes on from it."""

    place: str
    site: str
    device: str
    condition: str
    severity: float


class GapRow(Row):
    """Rows that a device gave up, and why."""

    site: str
    device: str
    rows: int
    trials: int
    why: str


class AlertRow(Row):
    """An alert; ``details`` say what its rule saw."""

    id: int
    rule: str
    subject: str
    state: Literal["open", "acknowledged", "resolved"]
    details: dict[str, Any]


class Many(BaseModel):
    """``more``: there were more rows than ``limit``."""

    more: bool = Field(description="There were more rows than the limit.")


class Devices(Many):
    devices: list[DeviceRow]


class Sums(Many):
    sums: list[SumsRow]


class Sessions(Many):
    sessions: list[SessionRow]


class AllReadings(Many):
    readings: list[ReadingsRow]


class Failures(Many):
    failures: list[FailureRow]
    next: str = Field(description="The place to go on before; empty where nothing is left.")


class Gaps(Many):
    gaps: list[GapRow]


class Alerts(Many):
    alerts: list[AlertRow]


def _scope(
    site: AskedIdentity = "",
    device: AskedIdentity = "",
    session: AskedIdentity = "",
    model: AskedText = "",
    condition: AskedText = "",
    since_ms: Millis = None,
    until_ms: Millis = None,
) -> Scope:
    """Times are cut to whole hours; empty restricts nothing."""
    return Scope(site, device, session, model, condition, since_ms, until_ms)


Asked = Annotated[Scope, Depends(_scope)]
WRONG: Final[dict[int | str, dict[str, Any]]] = {
    401: {"model": Problem, "description": "No token, or none that is known"},
    422: {"model": Problem, "description": "A parameter that cannot be"},
    503: {"model": Problem, "description": "The store cannot be read now"},
}


def _known(request: Request) -> None:
    """A parameter that is misspelt must not be taken for one that was left out."""
    paths = known_parameters(request.app)
    known = paths.get(request.scope["route"].path, paths.get(request.url.path))
    strange = [name for name in request.query_params if known is not None and name not in known]
    if strange:
        raise HTTPException(422, f"There is no parameter {strange[0][:64]!r} here.")


router: Final = APIRouter(
    prefix="/api/v1",
    responses=WRONG,
    tags=["fleet"],
    dependencies=[
        Depends(_known),
        Depends(HTTPBearer(auto_error=False, description="fieldproof dashboard token")),
    ],
)


@router.get("/devices")
def devices(
    here: Here, limit: Limit = 1000, offset: Annotated[int, Query(ge=0, le=10**6)] = 0
) -> Devices:
    """All devices, by site and name: what each said last, and what runs on it."""
    found = known_devices(here)
    rows = []
    for row in found[offset : offset + limit]:
        place = place_of(here, row["site"], row["device"])
        known = {
            "alive": state_of(row, here.now_ms).name,
            "name": place.name,
            "tags": [*place.tags],
        }
        rows.append(DeviceRow.model_validate({**row, **known}))
    return Devices(devices=rows, more=len(found) > offset + limit)


@router.get("/sums")
def sums(
    here: Here,
    scope: Asked,
    by: Annotated[list[By], Query(max_length=len(BY), description="Group by these")] = [],  # noqa: B006
    limit: Limit = 1000,
) -> Sums:
    """Sums over trials, from the hourly rollups."""
    names = tuple(dict.fromkeys(by))
    rows, more = here.cache.get(
        ("api sums", scope, names, limit),
        lambda: _some(here.store.sums(scope, names), limit),
        LAG_S,
    )
    return Sums(sums=[SumsRow.model_validate(row) for row in rows], more=more)


@router.get("/sessions")
def sessions(here: Here, scope: Asked, limit: Limit = 1000) -> Sessions:
    """Sessions in the order of their start."""
    rows, more = _some(here.store.sessions(scope), limit)
    return Sessions(sessions=[SessionRow.model_validate(row) for row in rows], more=more)


@router.get("/readings")
def readings(here: Here, scope: Asked, limit: Limit = 1000) -> AllReadings:
    """Health by the hour, oldest first; of the scope, site, device and times count."""
    rows, more = here.cache.get(
        ("api readings", scope, limit), lambda: _some(here.store.readings(scope), limit), LAG_S
    )
    return AllReadings(readings=[ReadingsRow.model_validate(row) for row in rows], more=more)


@router.get("/failures")
def failures(
    here: Here,
    scope: Asked,
    severity: AskedSeverity = None,
    target: AskedText = "",
    size: AskedBand = "",
    distance: AskedBand = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 60,
    before: Annotated[str, Query(pattern=r"^([0-9]{1,15}-[0-9]{1,12}-[0-9]{1,18})?$")] = "",
) -> Failures:
    """Evidence, newest first; go on with ``before`` what ``next`` says.

    ``size`` is the target's width in px, ``distance`` its distance in m, such as ``16-32``; with
    either only the next 2,000 pictures are looked through, so that a list may be empty and go on.
    """
    place = Place(*map(int, before.split("-"))) if before else None
    bands = bands_of(size, distance)
    found = here.store.evidence(scope, severity, limit + 1, place, target, bands)
    rows, more = _some(found, limit)
    for row in rows:
        row["place"] = Place(row["at_ms"], row["stream"], row["seq"]).name
    following = rows[-1]["place"] if more else ""
    if bands and not more:
        last = here.store.evidence_looked_to(scope, severity, place, target)
        following = last.name if last is not None else ""
    shown = [FailureRow.model_validate(row) for row in rows]
    return Failures(failures=shown, more=bool(following), next=following)


@router.get("/gaps")
def gaps(here: Here, scope: Asked, limit: Limit = 1000) -> Gaps:
    """Declared losses, newest first; of the scope, site, device and times count."""
    rows, more = _some(here.store.gaps(scope, limit=limit + 1), limit)
    return Gaps(gaps=[GapRow.model_validate(row) for row in rows], more=more)


@router.get("/alerts")
def alerts(
    here: Here,
    state: Annotated[Literal["", "open", "acknowledged", "resolved"], Query()] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
) -> Alerts:
    """Alerts, newest first; go on with ``before`` the last row's ``id``."""
    rows, more = _some(here.store.alerts(state, limit + 1, before), limit)
    return Alerts(alerts=[AlertRow.model_validate(row) for row in rows], more=more)


@router.get("/openapi.json", include_in_schema=False)
def document(request: Request) -> JSONResponse:
    """The OpenAPI document of this API."""
    return JSONResponse(describe(request.app))


@router.get("/{rest:path}", include_in_schema=False)
def nothing(rest: str) -> None:
    """All else below ``/api/v1``."""
    raise HTTPException(404, "There is no such thing in this API; see /api/v1/openapi.json.")


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document; of the app's routes only the API's are for programs."""
    return get_openapi(
        title="Fieldproof",
        version=__version__,
        description="What a store knows of a fleet. Read-only; times are ms since 1970.",
        routes=app.routes,
    )


def known_parameters(app: FastAPI) -> dict[str, frozenset[str]]:
    """The names of the parameters that each path of the API takes."""
    if not hasattr(app.state, "known_parameters"):
        app.state.known_parameters = {
            path: frozenset(one["name"] for one in item["get"].get("parameters", ()))
            for path, item in describe(app)["paths"].items()
        }
    found: dict[str, frozenset[str]] = app.state.known_parameters
    return found


def _some(rows: Iterable[dict[str, Any]], limit: int) -> tuple[list[dict[str, Any]], bool]:
    """The first rows, and whether there are more. Iterators of a store are read or closed."""
    found = iter(rows)
    some = list(islice(found, limit + 1))
    close = getattr(found, "close", None)
    if close is not None:
        close()
    return some[:limit], len(some) > limit
