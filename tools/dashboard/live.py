"""Tells open pages that something was stored, by server-sent events; they look by themselves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from agent.errors import FieldproofError
from tools.dashboard.access.guard import session_cookie
from tools.dashboard.context import Context, Here

log = logging.getLogger(__name__)
router: Final = APIRouter(include_in_schema=False)

EVERY_S: Final = 1.0
MOST_LISTENERS: Final = 500


class Pulse:
    """Looks once a second whether the store has changed, for however many pages listen."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._beat = asyncio.Condition()
        self.version = ""
        self.trouble = ""
        self.listeners = 0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._look()
            await asyncio.sleep(EVERY_S)

    async def _look(self) -> None:
        try:
            self.version = repr(await run_in_threadpool(self._context.cache.look))
            self.trouble = ""
        except FieldproofError as error:
            self.trouble = error.message
        async with self._beat:
            self._beat.notify_all()

    async def wait(self) -> None:
        """Wait for the next look."""
        async with self._beat:
            await self._beat.wait()


@router.get("/live", response_class=EventSourceResponse)
async def live(request: Request, here: Here) -> AsyncIterator[ServerSentEvent]:
    """``change`` whenever something was stored, ``trouble`` while the store cannot be read, and
    ``bye`` when the session has ended."""
    pulse: Pulse = request.app.state.pulse
    if pulse.listeners >= MOST_LISTENERS:
        raise HTTPException(503, "Too many pages are open.")
    pulse.listeners += 1
    seen, trouble = None, ""
    try:
        yield ServerSentEvent(event="hello", data="", retry=5000)
        while True:
            await pulse.wait()
            if not _still_in(request, here):
                yield ServerSentEvent(event="bye", data="")
                return
            if pulse.trouble != trouble:
                trouble = pulse.trouble
                yield ServerSentEvent(event="trouble", data=trouble)
            if seen is not None and pulse.version != seen:
                yield ServerSentEvent(event="change", data="")
            seen = pulse.version
    finally:
        pulse.listeners -= 1


def _still_in(request: Request, here: Context) -> bool:
    if here.roll is None:
        return True
    identity = request.cookies.get(session_cookie(here), "")
    return bool(here.sessions.who(identity, here.roll.now(), here.steady(), use=False))
