"""Memory goes back to the system, and signs that pass by leave nothing behind."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from typing import Any

import pytest

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that is set")

_PRELUDE = """
import gc, json, sys
def told(name):
    with open("/proc/self/status") as status:
        return next(int(l.split()[1]) / 1024 for l in status if l.startswith(name + ":"))
"""

_PICTURES = """
import numpy as np
from agent.memory import bound
if {bounded}:
    bound()
np.ones(30 << 20, np.uint8)  # freed: glibc takes this for a usual size from now on
before = told("RssAnon")
pictures = [np.ones(1 << 20, np.uint8) for _ in range(40)]
held = told("RssAnon") - before
del pictures
print(json.dumps([held, told("RssAnon") - before]))
"""

_SETTLED = """
import cv2, numpy as np
from agent.memory import settle
picture = np.arange(30_000, dtype=np.uint8).reshape(100, 100, 3)
first = cv2.GaussianBlur(picture, (0, 0), 2.0)
before = told("RssFile")
settle()
after = told("RssFile")
again = cv2.GaussianBlur(picture, (0, 0), 2.0)
print(json.dumps([before, after, bool((first == again).all())]))
"""

_PASSING = """
import numpy as np
from agent.memory import bound
from agent.perturbations import Moment, family
from agent.values import Box
bound()
kinds = [family.load(kind)() for kind in ("sticker", "occluder", "cast_shadow", "rain", "droplets")]
pixels = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
def passes(first, last):
    for seed in range(first, last):
        for kind in kinds:
            kind.apply(pixels, 0.6, Moment(seed=seed, region=Box(50, 30, 90, 70)))
    gc.collect()
    return told("RssAnon"), sys.getallocatedblocks()
passes(0, 60)
mb, blocks = passes(60, 80)
later_mb, later_blocks = passes(80, 140)
print(json.dumps([later_mb - mb, later_blocks / blocks]))
"""


def run(code: str) -> Any:
    child = subprocess.run(
        [sys.executable, "-c", _PRELUDE + code], capture_output=True, text=True, check=True
    )
    return json.loads(child.stdout)


@glibc
def test_what_is_freed_goes_back_to_the_system_once_that_is_bounded() -> None:
    held, kept = run(_PICTURES.format(bounded=False))
    assert held > 35
    assert kept > 30, "without a bound glibc keeps it: this test would tell nothing"
    held, kept = run(_PICTURES.format(bounded=True))
    assert held > 35
    assert kept < 10


def test_code_that_only_loading_needed_is_let_go_of_and_all_goes_on() -> None:
    before, after, same = run(_SETTLED)
    assert after < 0.75 * before
    assert same


def test_signs_that_pass_by_leave_nothing_behind() -> None:
    grown_mb, blocks = run(_PASSING)
    assert grown_mb < 1.5
    assert blocks < 1.01
