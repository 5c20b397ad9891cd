"""The fleet in Prometheus' text format: signed in, or with a token as the API."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from tools.dashboard.context import Here
from tools.metrics.fleet import TEXT_TYPE

router: Final = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics(here: Here) -> Response:
    """The figures, a few seconds old at most."""
    return Response(here.metrics(), headers={"Content-Type": TEXT_TYPE})
