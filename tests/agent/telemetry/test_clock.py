"""Stamps, and whether the kernel calls its clock synchronised."""

from __future__ import annotations

import ctypes
import time
from types import SimpleNamespace

import pytest

from agent.telemetry.outbox import clock_synced
from agent.telemetry.outbox._clock import Clock


@pytest.mark.parametrize(
    ("state", "synced"), [(0, True), (1, True), (4, True), (5, False), (-1, False)]
)
def test_the_kernels_word_on_its_clock_is_taken(
    state: int, synced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    libc = SimpleNamespace(adjtimex=lambda timex: state)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: libc)
    assert clock_synced() is synced


def test_where_the_kernel_cannot_be_asked_the_clock_is_not_synchronised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    assert clock_synced() is False


def test_this_kernel_can_be_asked_without_setting_anything() -> None:
    before = time.time() - time.monotonic()
    timex = ctypes.create_string_buffer(512)
    state = ctypes.CDLL(None).adjtimex(timex)
    assert clock_synced() is (0 <= state < 5)
    assert abs(time.time() - time.monotonic() - before) < 1


def test_a_stamp_has_both_clocks_and_the_boot() -> None:
    first, second = Clock().stamp(), Clock().stamp()
    assert first.boot == second.boot != ""
    assert first.monotonic_ms <= second.monotonic_ms
    assert abs(first.wall_ms / 1000 - time.time()) < 60
