"""Style sheets, the script and the icon: read once, and known to browsers by their content."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

router: Final = APIRouter(include_in_schema=False)


class _File(NamedTuple):
    content: bytes
    kind: str
    tag: str


def _file(package: str, name: str, kind: str) -> _File:
    content = files(package).joinpath(name).read_bytes()
    return _File(content, kind, f'"{hashlib.sha256(content).hexdigest()[:16]}"')


# The report's own style comes first, so that report and dashboard are of one look.
FILES: Final = {
    "report.css": _file("tools.report", "page.css", "text/css"),
    "dashboard.css": _file("tools.dashboard.static", "dashboard.css", "text/css"),
    "live.js": _file("tools.dashboard.static", "live.js", "text/javascript"),
    "icon.svg": _file("tools.dashboard.static", "icon.svg", "image/svg+xml"),
}


@router.get("/static/{name}")
async def static(request: Request, name: str) -> Response:
    """One of the files; there is no way to any other."""
    file = FILES.get(name)
    if file is None:
        raise HTTPException(404)
    headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.kind, headers=headers)
