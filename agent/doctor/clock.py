"""The wall clock: certificates and the age of records hang on it."""

from __future__ import annotations

import ctypes
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

import agent
from agent.doctor import Check, Finding, Host, Plan
from agent.doctor._lines import as_root

_TIME_ERROR: Final = 5
_TIMEX_BYTES: Final = 512
_DAY_S: Final = 86_400.0
_SET: Final = "timedatectl set-ntp true"
_ELSEWHERE: Final = "Run an NTP client (chrony, systemd-timesyncd); for a container, on its host"


class Clock(Check):
    """Synchronised, not in the past, kept over a power cut."""

    place: ClassVar[int] = 80

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        installed = Path(agent.__file__).stat().st_mtime
        rtc = any((host.sys / "class" / "rtc").glob("rtc*"))
        yield self.judge(time.time(), installed, kernel_synced(), rtc)

    def judge(self, now: float, installed: float, synced: bool | None, rtc: bool) -> Finding:
        """``installed``: when the agent's files were made, in s since 1970; ``synced``: None where
        the kernel does not tell."""
        said = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
        kept = "" if rtc else "; no clock chip: after a power cut it waits for the network"
        if now < installed - _DAY_S:
            text = f"{said} is before the day on which the agent was installed"
            text += ": certificates of the broker do not count yet"
            mend = as_root(f"{_SET}, or: date -s '2026-01-31 12:00'")
            return self.failure("clock", text, mend)
        if synced is None:
            return self.not_checked("clock", f"{said}; the kernel does not tell whether it is set")
        if not synced:
            mend = as_root(_SET) if shutil.which("timedatectl") else _ELSEWHERE
            return self.warning("clock", f"{said}, not synchronised{kept}", mend)
        return self.ok("clock", f"{said}, synchronised{kept}")


def kernel_synced() -> bool | None:
    """Whether the kernel calls its clock synchronised; None where it does not tell.

    The telemetry's own question (``agent.telemetry.outbox``), asked where pydantic is missing too.
    """
    try:
        # A struct timex of zeros only asks; it is 208 bytes on 64-bit machines.
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state < _TIME_ERROR
