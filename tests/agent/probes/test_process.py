"""Memory and CPU time of this process and real children of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.probes import _cpu
from agent.probes._children import descendants
from agent.probes._cpu import CpuMeter, cores
from agent.probes.process import Process

BURNS = """
import sys, time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
"""
"""For a child: uses so many seconds of CPU."""


@contextmanager
def child(code: str) -> Iterator[subprocess.Popen[str]]:
    """A child that has said a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", BURNS + code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


WAITS = "print(flush=True); sys.stdin.read()"
PARENT = (
    "import subprocess; p = subprocess.Popen(['sleep', '99']);"
    "print(p.pid, flush=True); sys.stdin.read(); p.kill(); p.wait()"
)


def test_children_of_children_are_found_wherever_the_name_has_brackets() -> None:
    with child(PARENT) as process:
        found = {item.pid for item in descendants()}
        below = {item.pid for item in descendants(process.pid)}
        assert process.pid in found
        assert len(below) == 1
        assert below < found
        assert os.getpid() not in found
        process.communicate()


def test_resident_memory_is_this_process_and_what_children_have_for_themselves(
    tmp_path: Path,
) -> None:
    before = Process().read()
    with child("held = bytearray(50_000_000); " + WAITS):
        told = Process().read()
    assert told["resident_mb"] > 10
    assert told["children_mb"] - before["children_mb"] > 50
    assert Process(tmp_path).read() == {}


def test_cpu_time_of_a_child_counts_while_it_runs_and_after_it_has_ended() -> None:
    meter = CpuMeter()
    with child("burn(0.3); " + WAITS) as process:
        # It looks for children now and then; what they used before is not lost.
        meter._looked = float("-inf")
        running = meter.read()
        assert running >= 0.3
        process.communicate()
        ended = meter.read()
    assert running <= ended < running + 0.3, "neither lost nor counted twice"


def test_cpu_time_of_a_child_that_was_never_seen_counts_when_it_has_ended() -> None:
    meter = CpuMeter(look=lambda: ())
    subprocess.run([sys.executable, "-c", BURNS + "burn(0.2)"], check=True)
    assert meter.read() >= 0.2


def test_a_meter_follows_this_process_and_never_runs_backwards() -> None:
    meter = CpuMeter()
    before, own = meter.read(), time.process_time()
    sum(i * i for i in range(400_000))
    used = time.process_time() - own
    readings = [meter.read() for _ in range(100)]
    assert readings[0] - before >= used
    assert readings == sorted(readings)
    assert _cpu.LOOK_S > 1
    assert cores() >= 1
