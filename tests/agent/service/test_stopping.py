"""Signals: heard whatever the main thread does; a process that hangs is ended all the same."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BEGIN = """
import ctypes, sys, time
from agent.service.stopping import Stopped, Stopping
def told(): print("told", flush=True)
"""


def ended(body: str, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
    """The code with which a process ends upon a signal, and what it printed after ``go``."""
    with subprocess.Popen(
        [sys.executable, "-c", BEGIN + body],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "go\n"
        child.send_signal(number)
        said, _ = child.communicate(timeout=60)
        return child.returncode, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_loop_that_looks_ends_in_good_order(number: signal.Signals) -> None:
    code, said = ended(
        "with Stopping() as stopping:\n"
        " stopping.begun(); print('go', flush=True)\n"
        " stopping.event.wait(); print('ends', flush=True)\n",
        number,
    )
    assert (code, said) == (0, "ends\n")


def test_before_it_has_begun_it_is_interrupted_whatever_it_does() -> None:
    code, said = ended(
        "try:\n"
        " with Stopping() as stopping:\n"
        "  print('go', flush=True); time.sleep(600); stopping.begun()\n"
        "except Stopped: print('interrupted')\n"
    )
    assert (code, said) == (0, "interrupted\n")


def test_a_main_thread_that_is_stuck_in_c_is_ended_and_the_manager_told_before() -> None:
    # The C library's sleep goes on after a signal where Python's would hear it.
    code, said = ended(
        "with Stopping(told, within_s=0.3) as stopping:\n"
        " stopping.begun(); print('go', flush=True)\n"
        " libc = ctypes.CDLL(None)\n"
        " while True: libc.sleep(600)\n"
    )
    assert (code, said) == (70, "told\n")
