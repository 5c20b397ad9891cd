"""Heat and power: what slows the processor down, and when the agent would pause."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from agent.doctor import Check, Finding, Host, Plan
from agent.probes.thermal import Thermal

PAUSE_C: Final = 80.0
"""Where no profile says it."""

NEAR_C: Final = 5.0

_COOL: Final = "Give it a heat sink, a fan or a shadier place"
_POWER: Final = "Use the supply that its maker sells (5 V, 3 A or more) and a short cable"
_NOW: Final = {
    0: ("its voltage is too low", _POWER),
    1: ("its clock is held down", _COOL),
    2: ("it is throttled", _COOL),
    3: ("it is near its limit of heat", _COOL),
}
_SINCE_BOOT: Final = 16
"""The same facts, as far as they held at any time since the start, are so many bits further up."""


class Temperature(Check):
    """The hottest zone against the profile's limit, and the Raspberry Pi's word on throttling."""

    place: ClassVar[int] = 90

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        readings = Thermal(host.sys / "class" / "thermal").read()
        if "temperature_c" in readings:
            limit = float(facts.get("profile", {}).get("pause_c", PAUSE_C))
            yield self.judge(readings["temperature_c"], limit)
        else:
            yield self.not_checked("temperature", "the kernel has no thermal zone")
        word = throttled(host)
        if word is not None:
            yield self.throttling(word)

    def judge(self, now_c: float, pause_c: float) -> Finding:
        said = f"{now_c:.1f} degrees C, the agent pauses at {pause_c:g}"
        if now_c >= pause_c - NEAR_C:
            return self.warning("temperature", said, _COOL, temperature_c=now_c)
        return self.ok("temperature", said, temperature_c=now_c)

    def throttling(self, word: int) -> Finding:
        """The verdict on ``get_throttled``: bits 0 to 3 now, 16 to 19 since the start."""
        now = [fact for bit, fact in _NOW.items() if word >> bit & 1]
        before = [fact for bit, fact in _NOW.items() if word >> (bit + _SINCE_BOOT) & 1]
        if now:
            said = f"{' and '.join(text for text, _ in now)} (0x{word:x})"
            return self.warning("throttling", said, now[0][1], word=word)
        if before:
            said = f"since the start: {', '.join(text for text, _ in before)} (0x{word:x})"
            return self.warning("throttling", said, before[0][1], word=word)
        return self.ok("throttling", "none since the start", word=word)


def throttled(host: Host) -> int | None:
    """The Raspberry Pi's ``get_throttled``, from sysfs or else its tool; None on other devices."""
    file = host.sys / "devices/platform/soc/soc:firmware/get_throttled"
    try:
        return int(file.read_text().strip(), 16)
    except (OSError, ValueError):
        pass
    tool = shutil.which("vcgencmd")
    if tool is None:
        return None
    try:
        done = subprocess.run([tool, "get_throttled"], capture_output=True, text=True, timeout=2)
        return int(done.stdout.strip().partition("=")[2], 16)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
