"""Runs the dashboard until SIGTERM or SIGINT, by uvicorn."""

from __future__ import annotations

import ipaddress
import logging
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn

from agent.errors import ConfigError, OutputError, UsageError
from agent.toml import read
from tools.dashboard.access.roll import Roll
from tools.dashboard.app import make_app
from tools.dashboard.context import Context, Settings
from tools.stores import open_store

log = logging.getLogger("dashboard")

NAMES: Final = ("localhost",)


@dataclass(frozen=True)
class Address:
    """Where to listen, and how it is encrypted. ``proxy`` is the address of the one proxy whose
    X-Forwarded headers are believed, empty for none."""

    host: str
    port: int
    cert: Path | None = None
    key: Path | None = None
    proxy: str = ""

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by HTTPS."""
        return self.cert is not None or bool(self.proxy)

    @property
    def loopback(self) -> bool:
        """Whether nobody but this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host in NAMES


def check(address: Address, users: Path | None) -> list[str]:
    """What to warn of. Raises ``UsageError`` and ``ConfigError`` for what must not be served."""
    if (address.cert is None) != (address.key is None):
        raise UsageError("--tls-cert and --tls-key are given together or not at all.")
    for file in filter(None, (address.cert, address.key)):
        if not file.is_file():
            raise ConfigError(f"There is no file {file}.", remedy="Check --tls-cert and --tls-key.")
    if users is None:
        if not address.loopback or address.proxy:
            raise UsageError(
                f"Without --users the dashboard at {address.host} would be open to everybody who "
                "can reach it.",
                remedy="Make a user with `fieldproof dashboard user add NAME --role operator "
                "--users FILE` and give --users FILE, or leave --host at 127.0.0.1.",
            )
        return []
    found = read(users, Roll)
    warnings = [] if found.users else [f"{users} has no users: nobody can sign in yet."]
    if not address.secure and not address.loopback:
        warnings.append(
            "Passwords cross the network unencrypted: give --tls-cert and --tls-key, or put it "
            "behind a proxy that has them and say --behind-proxy ADDRESS."
        )
    return warnings


def serve(settings: Settings, address: Address) -> None:
    """Serve until told to stop. Raises ``OutputError`` where the address is taken."""
    for warning in check(address, settings.users):
        log.warning("%s", warning)
    with open_store(settings.store, create=False) as store:
        server = uvicorn.Server(_configuration(make_app(Context(settings, store)), address))
        scheme = "https" if address.cert else "http"
        host = f"[{address.host}]" if ":" in address.host else address.host
        log.info("the dashboard is at %s://%s:%d", scheme, host, address.port)
        # uvicorn stops in good order by handlers of its own, and then raises the signal again.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        try:
            server.run()
        except SystemExit:
            started = False
        else:
            started = server.started
        if not started:
            raise OutputError(
                f"The dashboard cannot listen at {address.host}:{address.port}.",
                remedy="Another program may be there: give another --port.",
            )


def _configuration(app: object, address: Address) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=address.host,
        port=address.port,
        ssl_certfile=address.cert,
        ssl_keyfile=address.key,
        proxy_headers=bool(address.proxy),
        forwarded_allow_ips=address.proxy or "",
        server_header=False,
        access_log=False,
        log_config=None,
        # Open pages hold a connection each: they need not be waited for.
        timeout_graceful_shutdown=1,
    )
