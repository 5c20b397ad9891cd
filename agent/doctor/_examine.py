"""Every check in a process of its own: one that crashes or hangs does not stop the others."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import agent
from agent.doctor import FAILURE, Check, Finding, Host, Plan, family
from agent.family import kind_of

TOTAL_S: Final = 20.0
"""Seconds for all checks; each has its own share, and at most what is left."""

_LEAST_S: Final = 0.2
_BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]);from agent.doctor._child import main; main()"
)
_ROOT: Final = str(Path(agent.__file__).resolve().parent.parent)


def examine(plan: Plan, host: Host, total_s: float = TOTAL_S) -> Iterator[Finding]:
    """All findings, each as soon as it is made, within ``total_s`` seconds (20 by default).

    The time that each check has grows and shrinks with ``total_s``.
    """
    end = time.monotonic() + total_s
    facts: dict[str, Any] = {}
    failed: list[str] = []
    for check in in_order():
        seconds = min(check.seconds * total_s / TOTAL_S, end - time.monotonic())
        for finding in made(check, plan, host, facts, failed, seconds):
            facts[finding.name] = {**finding.facts, "verdict": finding.verdict}
            plan = replace(plan, **finding.facts.get("plan", {}))
            if finding.verdict == FAILURE:
                failed.append(finding.name)
            yield finding


def in_order() -> list[Check]:
    """All checks, what others depend on first."""
    return [kind() for kind in sorted(family, key=lambda kind: (kind.place, kind_of(kind)))]


def made(
    check: Check,
    plan: Plan,
    host: Host,
    facts: Mapping[str, Any],
    failed: list[str],
    seconds: float,
) -> Iterator[Finding]:
    """A check's findings, or the one that says why it was not made."""
    kind = kind_of(type(check))
    missing = [name for name in check.needs if name in failed]
    absent = check.absent(plan)
    if absent:
        yield check.not_checked(kind, "not given", absent)
    elif missing:
        yield check.not_checked(kind, f"needs what failed above: {', '.join(missing)}")
    elif seconds < _LEAST_S:
        yield check.not_checked(kind, "no time was left", "Give it more: --timeout 60")
    else:
        yield from _run(check, kind, _asked(kind, plan, host, facts), seconds)


def _asked(kind: str, plan: Plan, host: Host, facts: Mapping[str, Any]) -> bytes:
    places = {name: str(path) for name, path in asdict(host).items()}
    asked = {"check": kind, "plan": asdict(plan), "host": places, "facts": facts}
    return json.dumps(asked).encode()


def _run(check: Check, kind: str, asked: bytes, seconds: float) -> Iterator[Finding]:
    """The findings of a process that is given so many seconds."""
    end = time.monotonic() + seconds
    child = subprocess.Popen(
        [sys.executable, "-c", _BOOT, _ROOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # what it starts ends with it
    )
    assert child.stdin is not None
    with suppress(BrokenPipeError):
        child.stdin.write(asked)
        child.stdin.close()
    try:
        pipes = _Pipes(child)
        for line in pipes.lines(end):
            yield Finding(**json.loads(line))
        ended = _ended(child, end)
        if ended is None:
            text = f"did not end within {seconds:.1f} s"
            yield check.failure(kind, text, check.late)
        elif ended:
            yield check.failure(kind, _crash(ended, pipes.errors), check.crashed)
    finally:
        _kill(child)


class _Pipes:
    """Reads a child's answers line by line, and its complaints beside them."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        assert child.stderr is not None
        self._answers, self._complaints = child.stdout.fileno(), child.stderr.fileno()
        self.errors = b""

    def lines(self, end: float) -> Iterator[bytes]:
        """Whole lines until the child closes its output, or a monotonic time."""
        rest, open_ = b"", [self._answers, self._complaints]
        while self._answers in open_ and time.monotonic() < end:
            ready, _, _ = select.select(open_, [], [], max(0.0, end - time.monotonic()))
            for pipe in ready:
                data = os.read(pipe, 65536)
                if not data:
                    open_.remove(pipe)
                elif pipe == self._answers:
                    *whole, rest = (rest + data).split(b"\n")
                    yield from whole
                else:
                    self.errors = (self.errors + data)[-4096:]


def _ended(child: subprocess.Popen[bytes], end: float) -> int | None:
    try:
        return child.wait(max(0.0, end - time.monotonic()) + 0.1)
    except subprocess.TimeoutExpired:
        return None


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End a child and what it started. One that is stuck in a driver is left behind."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        child.wait(0.5)
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


def _crash(status: int, errors: bytes) -> str:
    """How a process ended that did not end well."""
    said = errors.decode(errors="replace").strip().splitlines()
    last = f": {said[-1]}" if said else ""
    if status > 0:
        return f"the process that looked at it ended with status {status}{last}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"the process that looked at it crashed ({name}){last}"
