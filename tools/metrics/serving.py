"""``/metrics``, ``/healthz`` and ``/readyz`` on a small web server in threads of its own.

``/metrics/fleet`` is what the store knows. For a network that is trusted to read them; it answers
GET and HEAD, to these paths only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import ClassVar, Final

from agent.errors import UsageError

TEXT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
PATIENCE_S: Final = 10.0


class Serving:
    """Serves until it is closed. ``trouble`` gives "" where all is ready.

    ``address`` is ``HOST:PORT``, port 0 for any that is free (see ``port``). Raises ``UsageError``
    where it cannot be listened at.
    """

    def __init__(
        self,
        address: str,
        metrics: Callable[[], bytes],
        trouble: Callable[[], str],
        fleet: Callable[[], bytes] = bytes,
    ) -> None:
        host, port = _parsed(address)

        class Answering(_Answering):
            pages: ClassVar = {
                "/metrics": lambda: (200, metrics()),
                "/metrics/fleet": lambda: (200, fleet()),
                "/healthz": lambda: (200, b"alive\n"),
                "/readyz": lambda: _readiness(trouble()),
            }

        try:
            self._server = _Server((host, port), Answering)
        except OSError as error:
            raise UsageError(
                f"Nothing can listen at {address}: {error.strerror or error}.",
                remedy="Give --metrics an address of this machine and a free port.",
            ) from None
        self.port: int = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name="metrics", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Serving:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # whoever reads slowly must not hold up the end


class _Answering(BaseHTTPRequestHandler):
    timeout = PATIENCE_S
    pages: ClassVar[Mapping[str, Callable[[], tuple[int, bytes]]]] = {}

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        status, body = page() if page is not None else (404, b"not here\n")
        self.send_response(status)
        self.send_header("Content-Type", TEXT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        return "fieldproof"

    def log_message(self, *_: object) -> None:
        """Say nothing: it is asked every few seconds."""


def _readiness(trouble: str) -> tuple[int, bytes]:
    return (503, f"{trouble}\n".encode()) if trouble else (200, b"ready\n")


def _parsed(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError(
            f"{address!r} is no address to listen at.", remedy="Give HOST:PORT, as 127.0.0.1:9464."
        )
    return host.strip("[]"), int(port)
