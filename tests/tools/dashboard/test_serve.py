"""The dashboard as a process: over TLS, behind a proxy, started and stopped."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.tools.dashboard.desk import HASH, PASSWORD, form_of
from tools.dashboard.access.roll import User, editing
from tools.deploy.deployment import Deployment
from tools.stores import open_store

ROOT = Path(__file__).resolve().parents[3]
Start = Callable[..., int]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a dashboard over an empty store; its port. At the end it must stop in good order."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    open_store(url).close()
    running: list[subprocess.Popen[bytes]] = []

    def begin(*options: object) -> int:
        port = free_port()
        command = [sys.executable, "-m", "tools.cli", "dashboard", "--store", url]
        command += ["--port", str(port), *map(str, options)]
        log = tmp_path / "log"
        with log.open("w") as file:
            running.append(subprocess.Popen(command, cwd=ROOT, stderr=file))
        end = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return port
            except OSError:
                assert running[-1].poll() is None, log.read_text()
                assert time.monotonic() < end
                time.sleep(0.05)

    yield begin
    for process in running:
        process.terminate()
        assert process.wait(30) == 0, (tmp_path / "log").read_text()


@pytest.fixture
def users(tmp_path: Path) -> Path:
    with editing(tmp_path / "users.toml") as (people, _):
        people["ada"] = User(role="operator", hash=HASH)
    return tmp_path / "users.toml"


def sign_in(connection: HTTPConnection, **headers: str) -> tuple[int, list[str]]:
    """The status and the cookies of a sign-in."""
    connection.request("GET", "/sign-in", headers=headers)
    answer = connection.getresponse()
    form = form_of(answer.read().decode())
    kept = answer.headers["Set-Cookie"].split(";")[0]
    body = urlencode({"form": form, "name": "ada", "password": PASSWORD})
    connection.request("POST", "/sign-in", body, {**headers, "Cookie": kept})
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.headers.get_all("Set-Cookie") or []


def test_it_is_alive_and_ready_and_says_no_more_to_strangers(start: Start, users: Path) -> None:
    connection = HTTPConnection("127.0.0.1", start("--users", users))
    for path, said in (("/healthz", b"alive\n"), ("/readyz", b"ready\n")):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, said)
        assert answer.headers["Server"] is None


def test_over_tls_cookies_are_secure(start: Start, users: Path, tmp_path: Path) -> None:
    Deployment.create(tmp_path / "site", ["127.0.0.1"])
    folder = tmp_path / "site" / "broker"
    port = start(
        "--users", users, "--tls-cert", folder / "broker.pem", "--tls-key", folder / "broker.pem"
    )
    trust = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    status, cookies = sign_in(HTTPSConnection("127.0.0.1", port, context=trust))
    assert status == 303
    assert cookies[0].startswith(f"__Host-fieldproof-{port}=")
    assert all("; Secure" in cookie for cookie in cookies)


def test_only_the_proxy_is_believed(start: Start, users: Path) -> None:
    """A stranger who reaches the port past the proxy cannot say that it came by HTTPS."""
    own = {"Host": "cameras.example", "Origin": "https://cameras.example"}
    port = start("--users", users, "--behind-proxy", "127.0.0.1")
    told = {**own, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    status, cookies = sign_in(HTTPConnection("127.0.0.1", port), **told)
    assert status == 303
    assert "; Secure" in cookies[0]
    port = start("--users", users, "--behind-proxy", "192.0.2.1")
    status, _ = sign_in(HTTPConnection("127.0.0.1", port), **told)
    assert status == 403


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--host", "0.0.0.0"), 2, "open to everybody"),
        (("--store", "sqlite:///nowhere/none.db"), 65, "There is no store"),
        (("--users", "none.toml"), 78, "none.toml cannot be read"),
    ],
)
def test_what_cannot_be_served_is_said_and_ends_with_its_code(
    tmp_path: Path, options: tuple[str, str], code: int, said: str
) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    open_store(url).close()
    done = subprocess.run(
        [sys.executable, "-m", "tools.cli", "dashboard", "--store", url, *options],
        cwd=ROOT, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert said in " ".join(done.stderr.split())


def test_a_port_that_is_taken_is_said(start: Start, tmp_path: Path) -> None:
    port = start()
    done = subprocess.run(
        [sys.executable, "-m", "tools.cli", "dashboard", "--port", str(port), "--store",
         f"sqlite:///{tmp_path / 'store.db'}"],
        cwd=ROOT, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 73
    assert "cannot listen at 127.0.0.1" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
