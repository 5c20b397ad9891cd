"""The file of users and API tokens: ``fieldproof.users/1``, TOML, readable by its owner alone."""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.errors import ConfigError, UsageError
from agent.toml import read
from tools.files import SECRET, alone, replace, stamp

log = logging.getLogger(__name__)

SCHEMA: Final = "fieldproof.users/1"
PREFIX: Final = "fpt_"
"""What a token begins with, so that a scanner for leaked secrets can know it."""

Role = Literal["viewer", "operator"]
UserName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{1,64}$")]


class User(BaseModel):
    """Somebody who may sign in: ``hash`` is argon2id's text form."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    role: Role
    hash: Annotated[str, Field(pattern=r"^\$argon2id\$[A-Za-z0-9$=,+/]{20,300}$")]


class Token(BaseModel):
    """A program that may read the API: the SHA-256 of its token, which is random and long."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Roll(BaseModel):
    """All of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    schema_: Literal["fieldproof.users/1"] = Field(alias="schema")
    users: dict[UserName, User] = Field(default_factory=dict)
    tokens: dict[UserName, Token] = Field(default_factory=dict)


def empty() -> Roll:
    """A roll without anybody."""
    return Roll(schema=SCHEMA)


class RollFile:
    """The file as it is now: read anew whenever it has changed.

    A file that cannot be used lets nobody in until it is mended; the log says why.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, ...] | None = None
        self._roll = empty()

    def now(self) -> Roll:
        """Users and tokens at this moment; nobody where the file cannot be used."""
        with self._lock:
            now = stamp(self.path)
            if now != self._stamp:
                self._stamp = now
                try:
                    self._roll = read(self.path, Roll)
                except ConfigError as error:
                    log.error("%s Nobody is let in until it is mended.", error.message)
                    self._roll = empty()
            return self._roll


def digest(token: str) -> str:
    """What of a token is kept."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def bearer(roll: Roll, token: str) -> str | None:
    """The name of the program that holds a token; None for none that is known."""
    given = digest(token)
    found = [
        name for name, kept in roll.tokens.items() if secrets.compare_digest(kept.sha256, given)
    ]
    return found[0] if found else None


@contextmanager
def editing(path: Path) -> Iterator[tuple[dict[str, User], dict[str, Token]]]:
    """Users and tokens to change; written in one step at the end, one process at a time."""
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    with alone(path.parent):
        roll = read(path, Roll) if path.exists() else empty()
        users, tokens = dict(roll.users), dict(roll.tokens)
        yield users, tokens
        checked = Roll.model_validate({"schema": SCHEMA, "users": users, "tokens": tokens})
        replace(path, _text(checked).encode(), SECRET)


def new_token() -> str:
    """A token of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def check_user_name(name: str) -> None:
    """Raises ``UsageError`` for a name that the file cannot hold."""
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-")
    if not 0 < len(name) <= 64 or not set(name) <= allowed:
        raise UsageError(
            f"{name!r} cannot be a name here.",
            remedy="Use 1 to 64 letters, digits, dots, hyphens, underscores and @.",
        )


def _text(roll: Roll) -> str:
    """The roll as TOML: names and values hold no quote and no backslash."""
    lines = [f'schema = "{SCHEMA}"']
    for name, user in sorted(roll.users.items()):
        lines += ["", f'[users."{name}"]', f'role = "{user.role}"', f'hash = "{user.hash}"']
    for name, token in sorted(roll.tokens.items()):
        lines += ["", f'[tokens."{name}"]', f'sha256 = "{token.sha256}"']
    return "\n".join(lines) + "\n"
