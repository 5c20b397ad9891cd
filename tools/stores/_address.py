"""Where a PostgreSQL store is: a URL as libpq reads it, without a password in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from agent.errors import UsageError
from tools.stores._driver import psycopg

REMEDY: Final = (
    "Give it as postgresql://user@host/database, with ?passfile=FILE (as libpq has it) or"
    " ?password_file=FILE (the password alone) for the password."
)
DEFAULTS: Final[dict[str, Any]] = {
    "application_name": "fieldproof",
    "connect_timeout": 5,
    # A server that is gone without a word is noticed within a minute.
    "keepalives_idle": 10,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
SETTINGS: Final = "-c synchronous_commit=on -c jit=off"
"""Committed is on the disk; compiling a page's queries takes longer than they do."""


@dataclass(frozen=True, slots=True)
class Address:
    """``parameters`` are those of a connection, a password among them where a file holds one."""

    name: str
    parameters: dict[str, Any]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read a URL. Raises ``UsageError``, which never shows a password."""
        url, file = _without_file(url)
        try:
            given = psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:  # whose text may hold a part of a password
            raise UsageError("The URL of the store is none.", remedy=REMEDY) from None
        if "password" in given:
            raise UsageError(
                "A password on the command line can be read by everybody on the machine.",
                remedy=REMEDY,
            )
        options = f"{given.pop('options', '')} {SETTINGS}".strip()
        secret = {} if file is None else {"password": _password(file)}
        return cls(_name(given), {**DEFAULTS, **given, **secret, "options": options})


def _without_file(url: str) -> tuple[str, Path | None]:
    """A URL without ``password_file``, which libpq does not know, and what it says."""
    base, found, query = url.partition("?")
    words = query.split("&") if found else []
    files = [word.partition("=")[2] for word in words if word.startswith("password_file=")]
    rest = "&".join(word for word in words if not word.startswith("password_file="))
    return base + (f"?{rest}" if rest else ""), Path(unquote(files[-1])) if files else None


def _password(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"The password file {file} cannot be read: {getattr(error, 'strerror', error)}.",
            remedy="Check the path in --store, and who may read it.",
        ) from None


def _name(given: dict[str, Any]) -> str:
    """How messages call it: the service, or user, host, port and database."""
    if "service" in given:
        return f"postgresql:///?service={given['service']}"
    user = f"{given['user']}@" if "user" in given else ""
    port = f":{given['port']}" if "port" in given else ""
    return f"postgresql://{user}{given.get('host', '')}{port}/{given.get('dbname', '')}"
