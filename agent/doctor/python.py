"""The Python that runs the agent, and whether its packages have wheels for it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from agent.doctor import Check, Finding, Host, Plan

OLDEST: Final = (3, 10)
NEWEST: Final = (3, 13)
LITERT_FROM: Final = (3, 12)
"""From here on there is no wheel of tflite-runtime."""

GLIBC_ARM: Final = (2, 34)
"""The wheels of tflite-runtime for Arm need it: Debian 12, Raspberry Pi OS Bookworm."""

_NEW_SYSTEM: Final = "Install a 64-bit Raspberry Pi OS Bookworm or Debian 12, or newer."
_OTHER: Final = "Install Fieldproof anew, into the environment of one: python3.11 -m venv .venv"


class Python(Check):
    """Version, word size and C library."""

    place: ClassVar[int] = 10

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        yield self.judge(
            tuple(sys.version_info[:2]),
            platform.machine(),
            64 if sys.maxsize > 2**32 else 32,
            libc(),
        )

    def judge(
        self, version: tuple[int, ...], machine: str, bits: int, glibc: tuple[int, ...]
    ) -> Finding:
        """The verdict on a Python; an empty ``glibc`` means another C library."""
        full, libc = platform.python_version(), ".".join(map(str, glibc)) or "none"
        said = f"{full}, {bits} bit, {machine}, glibc {libc}"
        if not OLDEST <= version <= NEWEST:
            span = f"{_dotted(OLDEST)} to {_dotted(NEWEST)}"
            said = f"{_dotted(version)} is not among {span}"
            return self.failure("python", said, _OTHER)
        if bits == 32:
            return self._narrow(said, version, machine)
        if not glibc:
            said += ": the wheels of numpy, OpenCV and the TFLite runtimes need glibc"
            return self.failure("python", said, _NEW_SYSTEM)
        if machine == "aarch64" and glibc < GLIBC_ARM:
            said += f": the Arm wheels need glibc {_dotted(GLIBC_ARM)}"
            return self.failure("python", said, _NEW_SYSTEM)
        return self.ok("python", said, executable=sys.executable, version=full)

    def _narrow(self, said: str, version: tuple[int, ...], machine: str) -> Finding:
        """32 bits: there is tflite-runtime up to 3.11, and no wheel of LiteRT, numpy or OpenCV."""
        if version >= LITERT_FROM:
            said += ": no TFLite runtime is to be had"
            return self.failure("python", said, _NEW_SYSTEM)
        kernel = " on a 64-bit kernel" if machine in ("aarch64", "x86_64") else ""
        said += f": 32 bits{kernel}, for which PyPI has neither numpy nor OpenCV"
        return self.warning("python", said, _NEW_SYSTEM)


def libc() -> tuple[int, ...]:
    """The version of glibc; empty where the C library is another one."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (OSError, ValueError):
        return ()
    return tuple(int(part) for part in version.split(".")) if name == "glibc" else ()


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
