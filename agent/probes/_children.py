"""What the agent has started: the capture process, and what that has started in turn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")


class Child(NamedTuple):
    """A running descendant; ``reaped_s`` is the CPU time of its own children that have ended."""

    pid: int
    reaped_s: float


def descendants(of: int | None = None, proc: Path = PROC) -> tuple[Child, ...]:
    """All processes below one, this one by itself.

    Looks at every process of the machine: some milliseconds. The kernel's own list of children is
    not in every kernel.
    """
    children: dict[int, list[Child]] = {}
    for parent, child in _all(proc):
        children.setdefault(parent, []).append(child)
    found: list[Child] = []
    below = children.get(os.getpid() if of is None else of, [])
    while below:
        found += below
        below = [child for parent in below for child in children.get(parent.pid, [])]
    return tuple(found)


def _all(proc: Path) -> Iterator[tuple[int, Child]]:
    tick = os.sysconf("SC_CLK_TCK")
    for folder in os.listdir(proc):
        if not folder.isdecimal():
            continue
        try:
            text = (proc / folder / "stat").read_bytes()
        except OSError:
            continue
        # The name, in brackets, may hold anything; after it: state, parent, ... cutime, cstime.
        fields = text[text.rindex(b")") + 2 :].split()
        yield int(fields[1]), Child(int(folder), (int(fields[13]) + int(fields[14])) / tick)
