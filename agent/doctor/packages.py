"""Which packages are installed, told without importing any of them."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any, ClassVar, Final

from agent.doctor import Check, Finding, Host, Plan
from agent.doctor._lines import pip, unpip

VARIABLE: Final = "FIELDPROOF_RUNTIME"
"""As in ``agent.models._runtime``, which cannot be imported where numpy is amiss."""

LITERT: Final = "ai-edge-litert"
TFLITE: Final = "tflite-runtime"
WHOLE: Final = "opencv-python"
HEADLESS: Final = "opencv-python-headless"
OPENCVS: Final = (WHOLE, HEADLESS, "opencv-contrib-python", "opencv-contrib-python-headless")
LEAST: Final = {"numpy": "1.24", "pydantic": "2.8", "paho-mqtt": "2.1"}
"""The oldest versions that do."""

_MODULES: Final = {
    "numpy": "numpy",
    "pydantic": "pydantic",
    "paho-mqtt": "paho",
    WHOLE: "cv2",
    LITERT: "ai_edge_litert",
    TFLITE: "tflite_runtime",
    **({"tomli": "tomli"} if sys.version_info < (3, 11) else {}),
}
_NUMPY_2_CV: Final = "4.12"
"""The first OpenCV that asks for numpy 2."""


class Packages(Check):
    """What is missing, too old, or known not to go together."""

    place: ClassVar[int] = 20

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        yield from self.judge(installed(), os.environ.get(VARIABLE, ""))

    def judge(self, found: Mapping[str, str], forced: str = "") -> Iterator[Finding]:
        """``found``: package -> version, empty where it has none; ``forced``: the runtime's name
        in the environment."""
        bad = False
        for finding in (
            *self._missing(found),
            *self._old(found),
            *self._opencv(found),
            *self._runtime(found, forced),
        ):
            bad = True
            yield finding
        if not bad:
            said = ", ".join(f"{name} {version}".strip() for name, version in found.items())
            both = LITERT in found and TFLITE in found and not forced
            choice = ", unless the profile prefers the other" if both else ""
            runs = f"models run on {used(found, forced)}{choice}"
            yield self.ok("packages", f"{said}; {runs}", **found)

    def _missing(self, found: Mapping[str, str]) -> Iterator[Finding]:
        wanted = {name: (name,) for name in LEAST} | {
            "opencv": OPENCVS,
            "runtime": (LITERT, TFLITE),
        }
        if "tomli" in _MODULES:
            wanted["tomli"] = ("tomli",)
        for name, any_of in wanted.items():
            if not any(package in found for package in any_of):
                text = f"{' or '.join(any_of[:2])} is not installed"
                yield self.failure(name, text, pip(*_install(name)))

    def _old(self, found: Mapping[str, str]) -> Iterator[Finding]:
        for name, least in LEAST.items():
            version = found.get(name, "")
            if version and parts(version) < parts(least):
                text = f"{name} {version} is too old: {least} or newer is needed"
                yield self.failure(name, text, pip("--upgrade", *_install(name)))

    def _opencv(self, found: Mapping[str, str]) -> Iterator[Finding]:
        builds = [name for name in OPENCVS if name in found]
        if len(builds) > 1:
            keep = HEADLESS if HEADLESS in builds else builds[0]
            text = f"{' and '.join(builds)} are installed both, each over the other's files"
            mend = f"{unpip(*builds)} && {pip(_opencv_for(keep, found))}"
            yield self.warning("opencv", text, mend)
        version = found.get(builds[0], "") if builds else ""
        numpy = found.get("numpy", "")
        if version and numpy and parts(version) >= parts(_NUMPY_2_CV) and parts(numpy) < (2,):
            text = f"{builds[0]} {version} asks for numpy 2, and numpy {numpy} is installed"
            yield self.warning("opencv", text, pip(f"{builds[0]}<{_NUMPY_2_CV}"))

    def _runtime(self, found: Mapping[str, str], forced: str) -> Iterator[Finding]:
        if forced not in ("", "litert", "tflite"):
            text = f"{VARIABLE} is {forced!r}; it may be litert or tflite"
            yield self.failure("runtime", text, f"unset {VARIABLE}")
            return
        numpy = found.get("numpy", "")
        if used(found, forced).startswith(TFLITE) and numpy and parts(numpy) >= (2,):
            text = f"{TFLITE} is built for numpy 1, and numpy {numpy} is installed"
            yield self.failure("runtime", text, pip("numpy<2", _opencv_1(found)))


def installed() -> dict[str, str]:
    """The packages of the agent's that are there, with their versions.

    The version is empty where a module is there without a record, as from Debian's packages.
    """
    found = {}
    for name in sorted({*_MODULES, *OPENCVS}):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            if name in _MODULES and _there(_MODULES[name]):
                found[name] = ""
    if not found.get(WHOLE) and any(name in found for name in OPENCVS[1:]):
        found.pop(WHOLE, None)  # it is another build's module
    return found


def used(found: Mapping[str, str], forced: str = "") -> str:
    """The runtime that models will run on, with its version; empty where there is none."""
    order = {"litert": (LITERT,), "tflite": (TFLITE,)}.get(forced, (LITERT, TFLITE))
    return next((f"{name} {found[name]}".strip() for name in order if name in found), "")


def parts(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with: ``(1, 26, 4)``."""
    head = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in head[0].split(".")) if head else ()


def _there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _install(name: str) -> tuple[str, ...]:
    """What to give pip for something that is missing or too old, on this Python."""
    old = sys.version_info < (3, 12)
    if name == "numpy":
        return ("numpy<2" if old else "numpy>=2",)
    if name == "opencv":
        return (f"{HEADLESS}<{_NUMPY_2_CV}" if old else HEADLESS,)
    if name == "runtime":
        return (f"{TFLITE}==2.14.0", "numpy<2") if old else (LITERT,)
    return (f"{name}>={LEAST[name]}",) if name in LEAST else (name,)


def _opencv_for(build: str, found: Mapping[str, str]) -> str:
    numpy = found.get("numpy", "")
    return f"{build}<{_NUMPY_2_CV}" if numpy and parts(numpy) < (2,) else build


def _opencv_1(found: Mapping[str, str]) -> str:
    """The OpenCV for numpy 1, as the build that is installed."""
    build = next((name for name in OPENCVS if name in found), WHOLE)
    return f"{build}<{_NUMPY_2_CV}"
