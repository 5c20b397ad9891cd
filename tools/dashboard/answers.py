"""What is answered where something is wrong: one sentence, as a page or, to programs, as JSON."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from agent.errors import FieldproofError
from tools.dashboard.access.guard import PROGRAMS
from tools.dashboard.templating import page
from tools.stores._errors import StoreError

log = logging.getLogger(__name__)

TITLES: Final = {
    400: "That cannot be asked",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible",
    422: "That cannot be asked",
    503: "The store cannot be read now",
}
SAID: Final = {404: "There is no such page, or no longer.", 405: "That cannot be done here."}


def install(app: FastAPI) -> None:
    """Answer errors in our way."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(FieldproofError, _known)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    plain = error.detail if error.detail not in ("Not Found", "Method Not Allowed") else ""
    said = plain or SAID.get(error.status_code, "That did not work.")
    return _answer(request, error.status_code, said, error.headers)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(step) for step in first["loc"][1:]) or "the request"
    message = str(first["msg"])
    return _answer(request, 422, f"{where}: {message[:1].lower()}{message[1:]}.")


def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, FieldproofError)
    if isinstance(error, StoreError):
        log.error("%s", error.message)
        said = "The store cannot be read at this moment; the log of the dashboard says why."
        return _answer(request, 503, said, {"Retry-After": "5"})
    return _answer(request, 400, str(error))


def _answer(
    request: Request, status: int, said: str, headers: Mapping[str, str] | None = None
) -> Response:
    if request.url.path.startswith(PROGRAMS):
        return JSONResponse({"detail": said}, status, dict(headers or {}))
    title = TITLES.get(status, "That did not work")
    return page(request, "problem", status, headers, title=title, said=said)
