"""Puts the dashboard together: its pages, its API, and what stands before them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from tools.dashboard import answers, api, assets, live, metrics, probes
from tools.dashboard.access.guard import Guard
from tools.dashboard.cache import OneLook
from tools.dashboard.context import Context
from tools.dashboard.headers import Headers
from tools.dashboard.live import Pulse
from tools.dashboard.pages import alerts, compare, device, failures, fleet, session, sign_in

ROUTERS: Final[tuple[APIRouter, ...]] = (
    probes.router,
    assets.router,
    live.router,
    sign_in.router,
    fleet.router,
    device.router,
    session.router,
    failures.router,
    compare.router,
    alerts.router,
    api.router,
    metrics.router,
)


def make_app(context: Context) -> FastAPI:
    """The dashboard as an ASGI application; the context's store stays its maker's to close."""

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        app.state.pulse = Pulse(context)
        looking = asyncio.create_task(app.state.pulse.run())
        yield
        looking.cancel()
        context.reports.close()
        context.cache.close()
        with suppress(asyncio.CancelledError):
            await looking

    app = FastAPI(
        title="Fieldproof",
        lifespan=running,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        middleware=[
            Middleware(Headers, secure=context.settings.secure),
            Middleware(Guard, context=context),
            Middleware(OneLook),
        ],
    )
    app.state.context = context
    answers.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
