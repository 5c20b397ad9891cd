"""Signing in and out."""

from __future__ import annotations

import ipaddress
import math
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from tools.dashboard.access.forms import read_form, safe_place
from tools.dashboard.access.guard import cookie, form_cookie, session_cookie
from tools.dashboard.access.passwords import matches
from tools.dashboard.context import Context, Here
from tools.dashboard.templating import page

router: Final = APIRouter(include_in_schema=False)

WRONG: Final = "The name or the password is wrong."


@router.get("/sign-in")
def show(request: Request, next: Annotated[str, Query(max_length=2000)] = "/") -> HTMLResponse:
    """The form."""
    return page(request, "sign_in", title="Sign in", wrong="", name="", next=safe_place(next))


@router.post("/sign-in")
async def sign_in(request: Request, here: Here) -> Response:
    """Let somebody in, or say that it was not right; it does not say what."""
    fields = await read_form(request)
    name, wanted = fields.get("name", "")[:64], safe_place(fields.get("next", "/"))
    address, now = _network(request), here.steady()
    wait = max(here.address_waits.left(address, now), here.name_waits.left(name, now))
    if wait:
        return _too_many(request, name, wanted, wait)
    # Counted before the password is looked at: many tries at the same time are still many.
    here.address_waits.failed(address, now)
    here.name_waits.failed(name, now)
    if here.roll is None:
        return RedirectResponse(wanted, 303)
    user = here.roll.now().users.get(name)
    kept = user.hash if user else None
    if not await run_in_threadpool(matches, fields.get("password", ""), kept):
        return page(request, "sign_in", 403, title="Sign in", wrong=WRONG, name=name, next=wanted)
    here.address_waits.forgive(address)
    here.name_waits.succeeded(name)
    return _let_in(request, here, name, wanted)


@router.post("/sign-out")
async def sign_out(request: Request, here: Here) -> Response:
    """End the session."""
    await read_form(request)
    here.sessions.end(request.cookies.get(session_cookie(here), ""))
    answer = RedirectResponse("/sign-in", 303)
    for name in (session_cookie(here), form_cookie(here)):
        answer.headers.append("Set-Cookie", cookie(here, name, ""))
    # What the browser has kept of our pages goes too.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _let_in(request: Request, here: Context, name: str, wanted: str) -> Response:
    """A new id, whatever the browser brought: one that somebody planted is worth nothing."""
    here.sessions.end(request.cookies.get(session_cookie(here), ""))
    assert here.roll is not None
    identity = here.sessions.begin(name, here.roll.now(), here.steady())
    answer = RedirectResponse(wanted, 303)
    answer.headers.append("Set-Cookie", cookie(here, session_cookie(here), identity))
    answer.headers.append("Set-Cookie", cookie(here, form_cookie(here), ""))
    return answer


def _too_many(request: Request, name: str, wanted: str, wait: float) -> HTMLResponse:
    seconds = math.ceil(wait)
    said = f"There were too many attempts. Try again in {seconds} s."
    return page(
        request, "sign_in", 429, {"Retry-After": str(seconds)},
        title="Sign in", wrong=said, name=name, next=wanted,
    )  # fmt: skip


def _network(request: Request) -> str:
    """Whose attempts are counted together: one IPv4 address, or one IPv6 network of 64 bits."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
