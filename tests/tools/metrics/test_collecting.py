"""A collector's own pages: what it counts, that it lives, and whether it is ready - truly."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from agent.errors import UsageError
from tools.broker import LocalBroker
from tools.metrics.serving import Serving


def page(port: int, path: str) -> tuple[int, str]:
    """Status and text; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def until(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_readiness_follows_postgresql_and_the_broker(
    own_postgres: Any, mosquitto: LocalBroker
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place = ["--store", own_postgres.url("fieldproof"), "--metrics", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "tools.collector", "--broker", mosquitto.url, *place]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: page(port, "/readyz") == (200, "ready\n"))
        assert "fieldproof_store_up 1.0" in page(port, "/metrics/fleet")[1]
        own_postgres.stop()
        assert until(lambda: page(port, "/readyz") == (503, "the store takes no rows\n"))
        assert page(port, "/healthz") == (200, "alive\n")
        assert "fieldproof_collector_ready 0.0" in page(port, "/metrics")[1]
        own_postgres.start()
        assert until(lambda: page(port, "/readyz") == (200, "ready\n"))
        mosquitto.kill()
        assert until(lambda: page(port, "/readyz") == (503, "the broker is not connected\n"))
        mosquitto.start()
        assert until(lambda: page(port, "/readyz") == (200, "ready\n"))
        status, text = page(port, "/metrics")
        assert status == 200
        _check(text)
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def _check(text: str) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        assert os.environ.get("CI") != "true", "promtool is not installed: apt install prometheus"
        return
    done = subprocess.run(
        [tool, "check", "metrics"], input=text, capture_output=True, timeout=60, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_no_other_path_is_answered() -> None:
    with Serving("127.0.0.1:0", lambda: b"a 1\n", lambda: "not yet") as serving:
        assert page(serving.port, "/metrics?x=1") == (200, "a 1\n")
        assert page(serving.port, "/readyz") == (503, "not yet\n")
        assert page(serving.port, "/etc/passwd")[0] == 404
    assert page(serving.port, "/healthz")[0] == 0, "it is closed"


@pytest.mark.parametrize("address", ["9464", "127.0.0.1:", "127.0.0.1:70000", ":x", "no.such:1"])
def test_an_address_that_cannot_be_is_refused_in_one_sentence(address: str) -> None:
    with pytest.raises(UsageError):
        Serving(address, lambda: b"", lambda: "")


def test_a_port_that_is_taken_is_refused_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UsageError, match="Nothing can listen"):
            Serving(address, lambda: b"", lambda: "")
