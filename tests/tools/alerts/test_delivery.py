"""Who is told when: in order, again after a failure, over restarts, and once."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tools.alerts import delivery as module


def rules(port: int) -> str:
    return f"""
    [sinks.duty]
    kind = "webhook"
    url = "http://127.0.0.1:{port}/"
    [[rules]]
    name = "hot"
    metric = "temperature_c"
    above = 80
    hold_down = "1s"
    sinks = ["duty"]
    """


class Listener:
    """A web server that comes and goes on one port."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.told: list[tuple[str, str]] = []
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Listener:
        listener = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                listener.told.append((body["event"], self.headers["Idempotency-Key"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Answering)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()


def at(station: Any, celsius: float, seconds: float = 30) -> None:
    station.health(temperature_c=celsius)
    station.look(seconds)


def test_an_alert_is_told_once_when_it_opens_and_once_when_it_is_over(station: Any) -> None:
    with Listener() as listener:
        station.watch(rules(listener.port), tell=True)
        for celsius in (90, 91, 90, 60, 60):
            at(station, celsius)
    assert [event for event, _ in listener.told] == ["opened", "resolved"]


def test_what_cannot_be_delivered_is_delivered_later_and_over_a_restart(station: Any) -> None:
    listener = Listener()
    station.watch(rules(listener.port), tell=True)
    at(station, 90)
    at(station, 60)
    assert station.states() == ["resolved"]
    station.watch(rules(listener.port), tell=True)
    with listener:
        station.look(1)
        assert listener.told == [], "it waits for its time, also after a restart"
        station.look(module.MOST_S)
        station.look(1)
    assert [event for event, _ in listener.told] == ["opened", "resolved"]


def test_an_evaluator_that_died_before_it_told_tells_after_its_restart(
    station: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    station.watch(rules(listener.port), tell=True)
    station.look()
    with monkeypatch.context() as patched:
        patched.setattr(module.Delivery, "deliver", _die)
        with pytest.raises(RuntimeError):
            at(station, 90)
    station.watch(rules(listener.port), tell=True)
    with listener:
        at(station, 90)
        at(station, 90)
    assert [event for event, _ in listener.told] == ["opened"]


def test_an_evaluator_that_died_after_it_told_tells_under_the_same_key(
    station: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener() as listener:
        station.watch(rules(listener.port), tell=True)
        station.look()
        with monkeypatch.context() as patched:
            patched.setattr(module, "within", _tell_and_die)
            with pytest.raises(RuntimeError):
                at(station, 90)
        station.watch(rules(listener.port), tell=True)
        at(station, 90)
    assert len(listener.told) == 2
    assert len(set(listener.told)) == 1


def test_a_sink_that_is_new_is_not_told_of_old_alerts(station: Any) -> None:
    listener = Listener()
    station.watch(rules(listener.port).replace('["duty"]', '["log"]'))
    at(station, 90)
    with listener:
        station.watch(rules(listener.port), tell=True)
        at(station, 90)
        assert listener.told == []
        at(station, 60)
        at(station, 90)
    assert [event for event, _ in listener.told] == ["opened"]


def test_the_queue_is_bounded(station: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    listener = Listener()
    station.watch(rules(listener.port), tell=True)
    for celsius in (90, 60, 90, 60, 90, 60):
        at(station, celsius)
    with listener:
        station.look(module.MOST_S)
    assert [event for event, _ in listener.told] == ["resolved", "opened", "resolved"]


def _die(*_: Any) -> None:
    raise RuntimeError("the power fails")


def _tell_and_die(seconds: float, call: Any, notice: Any) -> None:
    call(notice)
    raise RuntimeError("the power fails")
