"""Stands before everything: nobody gets further who has not signed in, but for a few open doors."""

from __future__ import annotations

import secrets
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tools.dashboard.access.forms import form_token, from_ourselves
from tools.dashboard.access.roll import bearer
from tools.dashboard.access.sessions import Person
from tools.dashboard.context import Context

OPEN: Final = ("/sign-in", "/healthz", "/readyz")
OPEN_BELOW: Final = "/static/"
PROGRAMS: Final = ("/api/", "/metrics")
"""Where a program may show a token in place of a session."""
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
SAFE: Final = ("GET", "HEAD", "OPTIONS")
LIVE: Final = "x-fieldproof-live"
"""Sent by a page that looks by itself: that is no use that keeps a session from ending."""


class Guard:
    """Puts ``person`` (who is it) and ``identity`` (what forms are bound to) into the state."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app, self._context = app, context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        request = Request(scope)
        refusal = await run_in_threadpool(self._refusal, request)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, self._with_cookie(request, send))

    def _refusal(self, request: Request) -> Response | None:
        """What to answer in place of the page; None where it may be seen."""
        host = request.headers.get("host", "")
        # By its own name another site could reach an open dashboard through a visitor's browser.
        if self._context.roll is None and _name(host) not in LOOPBACK:
            return PlainTextResponse("This dashboard answers to loopback names only.", 421)
        own = f"{request.url.scheme}://{host}"
        if request.method not in SAFE and not from_ourselves(request.headers, own):
            return PlainTextResponse("This form comes from another site.", 403)
        request.state.person = self._person(request)
        request.state.identity, request.state.fresh = self._identity(request)
        path = request.url.path
        open_door = path in OPEN or path.startswith(OPEN_BELOW)
        if request.state.person is None and not open_door:
            return _ask(request)
        return None

    def _person(self, request: Request) -> Person | None:
        context = self._context
        if context.roll is None:
            return Person("this computer", "operator")
        roll = context.roll.now()
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and request.url.path.startswith(PROGRAMS):
            name = bearer(roll, token.strip())
            return Person(name, "viewer") if name else None
        identity = request.cookies.get(session_cookie(context))
        if not identity:
            return None
        use = LIVE not in request.headers and request.url.path != "/live"
        return context.sessions.who(identity, roll, context.steady(), use=use)

    def _identity(self, request: Request) -> tuple[str, bool]:
        """What forms are bound to, a session or else a random cookie; and whether it is new."""
        session = request.cookies.get(session_cookie(self._context))
        if session and request.state.person is not None:
            return session, False
        kept = request.cookies.get(form_cookie(self._context))
        return (kept, False) if kept else (secrets.token_urlsafe(32), True)

    def _with_cookie(self, request: Request, send: Send) -> Send:
        if not request.state.fresh or request.url.path.startswith((OPEN_BELOW, *PROGRAMS)):
            return send

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                value = cookie(self._context, form_cookie(self._context), request.state.identity)
                MutableHeaders(scope=message).append("Set-Cookie", value)
            await send(message)

        return send_with


def cookie(context: Context, name: str, value: str) -> str:
    """A cookie that no script reads and no other site's link sends; an empty one is taken back."""
    secure = "; Secure" if context.settings.secure else ""
    ended = "" if value else "; Max-Age=0"
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{ended}"


def session_cookie(context: Context) -> str:
    """Its name: with the port, as browsers send cookies to all ports of a host."""
    prefix = "__Host-" if context.settings.secure else ""
    return f"{prefix}fieldproof-{context.settings.port}"


def form_cookie(context: Context) -> str:
    """The name of the cookie that forms are bound to before there is a session."""
    return f"{session_cookie(context)}-form"


def form_of(request: Request) -> str:
    """The token for the forms of a page that answers this request."""
    return form_token(request.state.identity)


def _operator(request: Request) -> Person:
    person: Person | None = request.state.person
    if person is None or person.role != "operator":
        raise HTTPException(403, "Only operators may do this, and you are signed in as a viewer.")
    return person


Operator = Annotated[Person, Depends(_operator)]
"""Who acts, for the parameters of a route that is for operators only."""


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _ask(request: Request) -> Response:
    """Show the way to the sign-in, or say to a program that it needs a token."""
    path = request.url.path
    if path.startswith(PROGRAMS):
        return JSONResponse(
            {"detail": "Give a token that is known here: Authorization: Bearer fpt_..."},
            401,
            {"WWW-Authenticate": "Bearer"},
        )
    if request.method not in SAFE or path == "/live" or LIVE in request.headers:
        return PlainTextResponse("You are not signed in any more.", 401)
    place = path + (f"?{request.url.query}" if request.url.query else "")
    wanted = "" if place == "/" else f"?next={quote(place, safe='')}"
    return RedirectResponse(f"/sign-in{wanted}", 303)
