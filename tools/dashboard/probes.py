"""For whoever watches over the dashboard: is it alive, and can it do its work."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from agent.errors import FieldproofError
from tools.dashboard.context import Here

router: Final = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> PlainTextResponse:
    """The process answers."""
    return PlainTextResponse("alive\n")


@router.get("/readyz")
def readyz(here: Here) -> PlainTextResponse:
    """The store can be read and written; 503 where not. Why is in the log, not for strangers."""
    try:
        here.store.ready()
    except FieldproofError:
        return PlainTextResponse("the store is not ready\n", 503)
    return PlainTextResponse("ready\n")
