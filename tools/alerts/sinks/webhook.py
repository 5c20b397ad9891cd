"""Alerts as JSON to an HTTP address, signed.

Each request has ``Idempotency-Key``, the same at each attempt, ``Fieldproof-Timestamp`` (s since
1970) and, where there is a secret, ``Fieldproof-Signature: v1=HEX``: the HMAC-SHA256 over the
timestamp, a full stop, and the body. The receiver should refuse old timestamps.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
import time
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import field_validator

from agent.errors import ConfigError
from tools.alerts.sinks import TIMEOUT_S, DeliveryError, Notice, RefusedError, SecretSettings, Sink

FOR_GOOD: Final = frozenset({400, 404, 405, 410, 411, 413, 414, 415, 422, 431})
"""Answers that the same request would get again."""


class WebhookSettings(SecretSettings):
    kind: Literal["webhook"] = "webhook"
    url: str
    ca_file: Path | None = None

    @field_validator("url")
    @classmethod
    def _http(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            fine = False
        if not fine or not url.isascii() or not url.isprintable() or " " in url:
            raise ValueError("a webhook's address reads https://host[:port]/path, or http://...")
        if parts.username or parts.password:
            raise ValueError("a webhook's address holds no user: sign with secret_file")
        return url


class Webhook(Sink):
    """POSTs; any 2xx is taken for done. Redirections are not followed."""

    Settings = WebhookSettings

    def __init__(self, settings: WebhookSettings) -> None:
        self._parts: SplitResult = urlsplit(settings.url)
        self._secret = settings.secret()
        self._tls: ssl.SSLContext | None = None
        if self._parts.scheme == "https":
            try:
                self._tls = ssl.create_default_context(
                    cafile=str(settings.ca_file) if settings.ca_file else None
                )
            except (OSError, ssl.SSLError) as error:
                raise ConfigError(f"ca_file {settings.ca_file}: {error}.") from None

    def deliver(self, notice: Notice) -> None:
        body = json.dumps(notice.body(), allow_nan=False).encode()
        connection = self._connection()
        try:
            connection.request("POST", self._path, body, self._headers(notice.key, body))
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            said = getattr(error, "strerror", None) or error or type(error).__name__
            raise DeliveryError(f"{self._parts.hostname} does not take it: {said}.") from None
        finally:
            connection.close()
        if not 200 <= status < 300:
            kind = RefusedError if status in FOR_GOOD else DeliveryError
            raise kind(f"{self._parts.hostname} answers {status}.")

    @property
    def _path(self) -> str:
        query = f"?{self._parts.query}" if self._parts.query else ""
        return f"{self._parts.path or '/'}{query}"

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)

    def _headers(self, key: str, body: bytes) -> dict[str, str]:
        at = str(int(time.time()))
        headers: dict[str, Any] = {
            "Content-Type": "application/json",
            "User-Agent": "fieldproof",
            "Idempotency-Key": key,
            "Fieldproof-Timestamp": at,
        }
        if self._secret:
            headers["Fieldproof-Signature"] = f"v1={signature(self._secret, at, body)}"
        return headers


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The HMAC-SHA256 over ``timestamp``, a full stop, and ``body``; in hex."""
    signed = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
