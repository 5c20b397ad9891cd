"""A small file that says when the agent last got on, for whoever watches it from outside.

Times are the monotonic clock's, which all processes of a machine share: a wall clock that is set
back a year makes nothing look dead. The boot's id keeps a beat from before a restart from counting.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.errors import OutputError

SELDOM_S: Final = 30.0
"""Seconds between two beats on what may be a card: about 3,000 small writes a day."""
OFTEN_S: Final = 5.0
MOST_BYTES: Final = 4096
MOST_SAID: Final = 200
"""Characters of a trouble that are told."""
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_MOUNTS: Final = Path("/proc/self/mounts")


@dataclass(frozen=True, slots=True)
class Beat:
    """``age_s`` seconds ago the agent was ``state``, after so many ``frames``.

    It had been in ``trouble`` (empty: in none) for ``trouble_s`` seconds then.
    """

    age_s: float
    state: str
    frames: int
    trouble: str = ""
    trouble_s: float = 0.0


class Heartbeat:
    """Writes the file, at most every 30 s; every 5 s in memory (tmpfs), where nothing wears.

    Raises ``OutputError`` at once where the file cannot be written; later a missing beat says it.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.every_s = OFTEN_S if in_memory(file) else SELDOM_S
        self._due = float("-inf")
        self._boot = boot_id()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._draft.touch()
            file.unlink(missing_ok=True)  # of an agent before this one
        except OSError as error:
            raise OutputError(
                f"The heartbeat file {file} cannot be written: {error.strerror}.",
                remedy="Give --heartbeat a file in a folder that this user may write.",
            ) from None

    def is_due(self, now: float) -> bool:
        return now >= self._due

    def write(
        self, state: str, frames: int, now: float, trouble: str = "", trouble_s: float = 0.0
    ) -> None:
        self._due = now + self.every_s
        said = {"boot": self._boot, "monotonic_s": now, "state": state, "frames": frames}
        if trouble:
            said |= {"trouble": trouble[:MOST_SAID], "trouble_s": trouble_s}
        try:
            self._draft.write_text(json.dumps(said), encoding="ascii")
            self._draft.chmod(0o644)  # for whoever asks: it holds no secret
            self._draft.replace(self.file)
        except OSError:
            return  # a full disk, where it lies on one: an old beat tells it

    def end(self) -> None:
        """The agent ends in good order: there is no beat any more."""
        for file in (self._draft, self.file):
            try:
                file.unlink(missing_ok=True)
            except OSError:
                return

    @property
    def _draft(self) -> Path:
        return self.file.with_name(self.file.name + ".new")


def last_beat(file: Path, now: float | None = None) -> Beat | None:
    """What the file says; None where there is none of since this machine started."""
    try:
        with file.open("rb") as opened:
            said: Any = json.loads(opened.read(MOST_BYTES))
        if said["boot"] != boot_id():
            return None
        age = (time.monotonic() if now is None else now) - float(said["monotonic_s"])
        if age < 0:
            return None
        trouble = str(said.get("trouble", ""))[:MOST_SAID], float(said.get("trouble_s", 0.0))
        return Beat(age, str(said["state"])[:40], int(said["frames"]), *trouble)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None


def boot_id() -> str:
    """This boot's name, as the kernel has it; empty where it says none."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def in_memory(file: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether a file lies, or would lie, in memory and on no disk."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    whole = Path(os.path.realpath(file))
    kinds = {Path(words[1]): words[2] for words in map(str.split, lines) if len(words) > 2}
    found = [at for at in kinds if at in whole.parents]
    return bool(found) and kinds[max(found, key=lambda at: len(at.parts))] in ("tmpfs", "ramfs")
