"""Our own forms: a token in each that another site cannot know, and where a request comes from."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

TOKEN: Final = "form"
LARGEST: Final = 16 << 10
_KEY: Final = secrets.token_bytes(32)


def form_token(identity: str) -> str:
    """The token of all forms shown to a browser that holds this id."""
    return hmac.new(_KEY, identity.encode(errors="replace"), hashlib.sha256).hexdigest()


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form of ours. Raises 403 without its token, 413 where it is too large."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise HTTPException(413, "The form is larger than any of ours.")
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=32))
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None
    expected = form_token(request.state.identity)
    if not hmac.compare_digest(fields.get(TOKEN, "").encode(), expected.encode()):
        raise HTTPException(403, "The form is out of date: open the page again, then repeat it.")
    return fields


def from_ourselves(headers: Mapping[str, str], own: str) -> bool:
    """Whether a request that changes something comes from one of our pages.

    ``own`` is our origin. Browsers say where from; what says nothing is no browser, and needs the
    form's token all the same.
    """
    origin = headers.get("origin")
    if origin is not None:
        return origin == own
    return headers.get("sec-fetch-site", "same-origin") == "same-origin"


def safe_place(wanted: str) -> str:
    """Where to go after signing in: a place of our own, or the first page.

    >>> safe_place("/alerts?state=open"), safe_place("//elsewhere"), safe_place("https://elsewhere")
    ('/alerts?state=open', '/', '/')
    """
    plain = wanted.isprintable() and "\\" not in wanted and len(wanted) <= 2000
    return wanted if plain and wanted.startswith("/") and not wanted.startswith("//") else "/"
