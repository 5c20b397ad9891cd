"""Whether what is installed can be imported: tried in a process for each, since some crash."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from agent.doctor import FAILURE, Check, Finding, Host, Plan
from agent.doctor._lines import apt, pip
from agent.doctor.packages import VARIABLE

SECONDS: Final = 8.0
_MARK: Final = "imported "
_IMPORTS: Final = {
    "numpy": "import numpy; print('imported numpy', numpy.__version__)",
    "opencv": "import cv2; print('imported OpenCV', cv2.__version__)",
    "runtime": (
        "from agent.models._runtime import find_runtime; print('imported', find_runtime().name)"
    ),
    "pydantic": "import pydantic; print('imported pydantic', pydantic.VERSION)",
    "paho-mqtt": (
        "import paho.mqtt, paho.mqtt.enums; print('imported paho-mqtt', paho.mqtt.__version__)"
    ),
}
_ON_NUMPY: Final = ("opencv", "runtime")
_FROM_APT: Final = {
    "libGL.so.1": ("libgl1", "libglib2.0-0"),
    "libEGL.so.1": ("libegl1",),
    "libgthread-2.0.so.0": ("libglib2.0-0",),
    "libglib-2.0.so.0": ("libglib2.0-0",),
    "libSM.so.6": ("libsm6",),
    "libICE.so.6": ("libice6",),
    "libX11.so.6": ("libx11-6",),
    "libXext.so.6": ("libxext6",),
    "libXrender.so.1": ("libxrender1",),
    "libxcb.so.1": ("libxcb1",),
    "libgomp.so.1": ("libgomp1",),
    "libatomic.so.1": ("libatomic1",),
    "libstdc++.so.6": ("libstdc++6",),
    "libopenblas.so.0": ("libopenblas0",),
    "libusb-1.0.so.0": ("libusb-1.0-0",),
}
"""A library that the loader does not find -> the Debian packages that have it."""


class Libraries(Check):
    """Imports all at once, each with a deadline."""

    place: ClassVar[int] = 30
    seconds: ClassVar[float] = SECONDS + 1

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        bad = {name for name in _IMPORTS if facts.get(name, {}).get("verdict") == FAILURE}
        children = {name: _start(code) for name, code in _IMPORTS.items() if name not in bad}
        end = time.monotonic() + SECONDS
        good = []
        for name, child in children.items():
            said, problem = _outcome(child, end)
            if problem and "numpy" in bad and name in _ON_NUMPY:
                yield self.not_checked(name, "needs what failed above: numpy")
            elif problem:
                bad.add(name)
                yield self.judge(name, problem)
            else:
                good.append(said)
        if good:
            yield self.ok("libraries", f"can be imported: {', '.join(good)}")

    def judge(self, name: str, problem: str) -> Finding:
        """The failure that an import's complaint means."""
        missing = re.search(r"(lib[\w.+-]+\.so[\d.]*): cannot open shared object", problem)
        if missing:
            packages = _FROM_APT.get(missing[1])
            find = f"Find its package: apt-file search {missing[1]}"
            text = f"{name} cannot be imported: {missing[1]} is missing"
            return self.failure(name, text, apt(*packages) if packages else find)
        newer = re.search(r"version `((?:GLIBC|GLIBCXX|CXXABI)_[\d.]+)' not found", problem)
        if newer:
            text = f"{name} cannot be imported: it needs {newer[1]}, newer than this system's"
            return self.failure(name, text, "Install a newer system: Debian 12 or later.")
        return self.failure(name, f"{name} cannot be imported: {problem}", _again(name))


def _start(code: str) -> subprocess.Popen[str]:
    # The agent's folder is on this process's path, and must be on the other's.
    path = os.pathsep.join(filter(None, (sys.path[0], os.environ.get("PYTHONPATH", ""))))
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONPATH": path},
    )


def _outcome(child: subprocess.Popen[str], end: float) -> tuple[str, str]:
    """What an import says, and what is wrong with it: one of the two is empty."""
    try:
        out, errors = child.communicate(timeout=max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        child.kill()
        return "", f"it did not end within {SECONDS:g} s"
    said = [line for line in out.splitlines() if line.startswith(_MARK)]
    if child.returncode == 0 and said:
        return said[-1][len(_MARK) :], ""
    if child.returncode < 0:
        return "", f"it crashed ({_signal(-child.returncode)})"
    return "", (errors.strip().splitlines() or [f"status {child.returncode}"])[-1]


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _again(name: str) -> str:
    """Install a package anew, whatever is wrong with it."""
    if name == "runtime":
        return f"Look at what it says; then: {pip('ai-edge-litert')}; {VARIABLE} chooses one"
    package = {"opencv": "opencv-python-headless"}.get(name, name)
    return pip("--force-reinstall", "--no-deps", package)
