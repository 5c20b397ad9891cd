"""Commands as they come in from the network: what is not allowed, known or fresh is refused here.

``Intake.hear`` runs in the publisher's thread and never raises: whatever bytes come, the answer is
a reply or silence. What passes waits for the loop, which takes it between two frames.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from agent.errors import ConfigError
from agent.record import Command, PayloadError, Reply, Stamp, decode_command

log = logging.getLogger(__name__)

NAMES: Final = ("pause", "resume", "suite", "budget", "evidence", "report")
MOST_WAITING: Final = 8
REMEMBERED: Final = 64
"""Commands whose ids are known. Who sends so many knows better than to repeat an old one."""

Outcome = Literal["done", "refused", "failed"]


def check_names(names: Collection[str]) -> frozenset[str]:
    """The commands that a device is to obey. Raises ``ConfigError`` for one that does not exist."""
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise ConfigError(
            f"There is no command {unknown[0]!r} that could be allowed.",
            remedy=f"Allow some of {', '.join(NAMES)}.",
        )
    return frozenset(names)


@dataclass(frozen=True)
class Speaker:
    """Who replies. ``session`` is asked each time, for it may change."""

    site: str
    device: str
    session: Callable[[], str]
    clock: Callable[[], Stamp]

    def reply(
        self, command: Command, outcome: Outcome, said: str, figures: dict[str, float] | None = None
    ) -> Reply:
        return Reply(
            site=self.site,
            device=self.device,
            session=self.session(),
            id=command.id,
            name=command.name,
            outcome=outcome,
            said=said[:256],
            figures=figures or {},
            wall_ms=self.clock().wall_ms,
        )


class Memory:
    """The ids of the last commands and what was replied, kept in a file over restarts.

    A command is noted before it is done: after a crash in between it is not done again. A file
    that cannot be read counts as none.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: OrderedDict[str, Reply | None] = OrderedDict(_read(file))
        self._cut_off = {name for name, reply in self._known.items() if reply is None}
        self._lock = threading.Lock()

    def knows(self, name: str) -> bool:
        return name in self._known

    def cut_off(self, name: str) -> bool:
        """Whether an agent before this one took a command and ended before it replied."""
        return name in self._cut_off

    def reply(self, name: str) -> Reply | None:
        """What was replied to a command that is known; None while nothing was."""
        return self._known.get(name)

    def note(self, name: str, reply: Reply | None) -> bool:
        """Remember a command, or its reply; False where that cannot be written."""
        with self._lock:
            self._known[name] = reply
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            try:
                self._write()
            except OSError as error:
                log.warning("The file %s cannot be written: %s.", self._file, error.strerror)
                if reply is None:
                    del self._known[name]
                return False
            return True

    def _write(self) -> None:
        told = [
            [name, None if reply is None else reply.model_dump(mode="json", by_alias=True)]
            for name, reply in self._known.items()
        ]
        draft = self._file.with_name(self._file.name + ".new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(told, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file)


def _read(file: Path) -> list[tuple[str, Reply | None]]:
    try:
        told: Any = json.loads(file.read_text(encoding="utf-8"))
        return [
            (str(name), None if reply is None else Reply.model_validate(reply))
            for name, reply in told[-REMEMBERED:]
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        log.warning("The file %s cannot be read; it is begun anew.", file)
        return []


class Intake:
    """Hears commands and lets the allowed ones wait, at most ``MOST_WAITING``, in order."""

    def __init__(self, speaker: Speaker, allowed: frozenset[str], memory: Memory) -> None:
        self.speaker, self.allowed = speaker, allowed
        self._memory = memory
        self._waiting: deque[Command] = deque()

    def hear(self, payload: bytes, retained: bool) -> Reply | None:
        """Take a message in; what is to be replied at once."""
        try:
            command = decode_command(payload)
        except PayloadError as error:
            log.warning("A command cannot be read: %s", error.message)
            return None
        if command.device != self.speaker.device:
            return None
        if retained:
            # It would be done again upon each connection, long after it was meant.
            log.warning("The command %s was retained by the broker: ignored.", command.name)
            return None
        if self._memory.cut_off(command.id):
            why = "The agent ended while it obeyed; whether it was done is not known."
            return self.speaker.reply(command, "failed", why)
        if self._memory.knows(command.id):
            return self._memory.reply(command.id)
        why = self._unfit(command)
        if not why and not self._memory.note(command.id, None):
            why = "It cannot be remembered, so it might be done twice: the disk takes nothing."
        if why:
            log.warning("The command %s is refused: %s", command.name, why)
            return self.speaker.reply(command, "refused", why)
        self._waiting.append(command)
        return None

    def take(self) -> Command | None:
        """The next command to obey; the caller replies by ``done``."""
        return self._waiting.popleft() if self._waiting else None

    def done(
        self,
        command: Command,
        outcome: Outcome,
        said: str,
        figures: dict[str, float] | None = None,
    ) -> Reply:
        """The reply to a command that was taken, remembered for whoever sends it again."""
        log.log(
            logging.INFO if outcome == "done" else logging.WARNING,
            "The command %s is %s: %s",
            command.name,
            outcome,
            said,
        )
        reply = self.speaker.reply(command, outcome, said, figures)
        self._memory.note(command.id, reply)
        return reply

    def _unfit(self, command: Command) -> str:
        """Why a command that is new is not obeyed; empty where it is."""
        if command.name not in NAMES:
            return f"There is no command {command.name}. There are {', '.join(NAMES)}."
        if command.name not in self.allowed:
            return (
                f"This device does not obey {command.name}. Allow it by --commands "
                f"{command.name}, or in [service] commands."
            )
        now = self.speaker.clock()
        if now.synced and command.expires_ms is not None and now.wall_ms > command.expires_ms:
            late = (now.wall_ms - command.expires_ms) / 1000
            return f"It has expired {late:.0f} s ago."
        if len(self._waiting) >= MOST_WAITING:
            return f"{MOST_WAITING} commands wait already."
        return ""
