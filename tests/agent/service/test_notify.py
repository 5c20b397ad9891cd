"""Words to systemd, heard at real datagram sockets."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

import pytest

from agent.service.notify import Notifier, watchdog_s


def listening(address: str) -> socket.socket:
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(address)
    heard.settimeout(5)
    return heard


def test_words_go_to_a_socket_in_the_file_system(tmp_path: Path) -> None:
    with listening(str(tmp_path / "notify")) as heard:
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert notifier.tell(READY="1", STATUS="two\nlines")
        assert heard.recv(100) == b"READY=1\nSTATUS=two lines"


def test_words_go_to_an_abstract_socket() -> None:
    name = f"fieldproof-{uuid.uuid4().hex}"
    with listening(f"\0{name}") as heard:
        assert Notifier({"NOTIFY_SOCKET": f"@{name}"}).tell(WATCHDOG="1")
        assert heard.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", ["", "vsock:2:1", "/nowhere/at/all"])
def test_without_a_listener_nothing_happens(address: str) -> None:
    assert not Notifier({"NOTIFY_SOCKET": address}).tell(READY="1")


def test_a_listener_that_reads_nothing_holds_nobody_up(tmp_path: Path) -> None:
    with listening(str(tmp_path / "notify")):
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        while notifier.tell(STATUS="x" * 1000):
            pass


def test_the_watchdogs_limit_is_for_the_process_that_is_meant() -> None:
    assert watchdog_s({"WATCHDOG_USEC": "2500000"}) == 2.5
    assert watchdog_s({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid())}) == 1.0
    assert watchdog_s({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}) == 0.0
    assert watchdog_s({}) == watchdog_s({"WATCHDOG_USEC": "soon"}) == 0.0
