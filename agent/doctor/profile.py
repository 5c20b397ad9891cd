"""Settings and profile: whether they can be used, and whether the profile is this device's."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from agent import places
from agent.doctor import Check, Finding, Host, Plan

if TYPE_CHECKING:
    from agent.profile import Profile as DeviceProfile
    from agent.settings import Resolved

_WORDS: Final = tuple(word for word in asdict(Plan()) if word not in ("config", "profile"))
"""The settings of ``run`` that a plan has, but for the profile, which has a line of its own."""


class Profile(Check):
    """Settles the settings as ``run`` does. What is given fills in the plan of later checks, and
    the profile's limits are what they compare with.
    """

    place: ClassVar[int] = 40
    needs: ClassVar[tuple[str, ...]] = ("numpy", "pydantic", "tomli")

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        resolved = settled(plan, host)
        yield self._settings(resolved)
        why = resolved.origins["run.profile"]
        here = tuple(sys.version_info[:2])
        yield self.judge(resolved.profile, why, here, platform.machine())
        yield from self._delegate(resolved.profile)

    def _settings(self, resolved: Resolved) -> Finding:
        """What is given, and by whom."""
        origins = resolved.origins
        given = [word for word in _WORDS if origins[f"run.{word}"] != "default"]
        by: dict[str, list[str]] = {}
        for word in given:
            origin = origins[f"run.{word}"]
            by.setdefault("options" if origin.startswith("--") else origin, []).append(word)
        said = "; ".join(f"{', '.join(words)} from {origin}" for origin, words in by.items())
        plan = {word: str(getattr(resolved.run, word)) for word in given}
        return self.ok("settings", said or "none but the profile's", plan=plan)

    def judge(
        self, profile: DeviceProfile, why: str, version: tuple[int, ...], machine: str
    ) -> Finding:
        """Whether a profile is for a machine and a Python; ``why`` it was chosen."""
        first, last = profile.python_range()
        limits = {
            "threads": profile.runtime.threads,
            "execution": asdict(profile.runtime.value()),
            "pause_c": profile.thermal.pause_c,
            "latency_ms": profile.budgets.latency_ms,
            "outbox_bytes": profile.budgets.outbox_bytes,
        }
        if profile.machine != machine:
            text = f"{profile.name} is for {profile.machine}, and this machine is {machine}"
            mend = "Leave --profile out, or see which there are: fieldproof profiles"
            return self.warning("profile", text, mend, **limits)
        if not first <= version <= last:
            text = f"{profile.name} is for Python {profile.python}, and this is {_dotted(version)}"
            mend = f"Make the virtual environment with another: python{_dotted(last)} -m venv .venv"
            return self.warning("profile", text, mend, **limits)
        return self.ok("profile", f"{profile.name} ({why.rstrip('.')})", **limits)

    def _delegate(self, profile: DeviceProfile) -> Iterator[Finding]:
        library = profile.runtime.delegate_library
        if profile.runtime.delegate != "edgetpu" or not library:
            return
        try:
            ctypes.CDLL(library)
        except OSError:
            text = f"the Edge TPU's library {library} cannot be loaded"
            mend = profile.runtime.remedy or f"Install the package that has {library}."
            yield self.warning("delegate", text, mend)
        else:
            yield self.ok("delegate", f"the Edge TPU's library {library} is there")


def settled(plan: Plan, host: Host) -> Resolved:
    """The settings from the plan, the environment and a file. Raises as ``run`` does."""
    from agent.profile import fit
    from agent.settings import Given, resolve
    from agent.settings._sources import from_environment, from_file, from_options

    options = {word: text for word, text in asdict(plan).items() if text}
    file = places.find_file(Path(plan.config) if plan.config else None, os.environ)
    layers = [
        from_options(options),
        from_environment(os.environ),
        from_file(file) if file else {},
    ]
    if not any("run.profile" in layer for layer in layers):
        found = fit(host.proc / "device-tree" / "compatible")
        layers.append({"run.profile": Given(found.name, found.why)})
    return resolve(*layers)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
