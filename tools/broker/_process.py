"""A broker as a child process: start, wait until it listens, stop, kill."""

from __future__ import annotations

import socket
import subprocess
import time
from abc import ABC, abstractmethod

from agent.errors import BrokerError

START_S = 15.0
STOP_S = 5.0


class LocalBroker(ABC):
    """A broker on 127.0.0.1. ``name`` says which one, with its version."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def name(self) -> str: ...

    @abstractmethod
    def _command(self) -> list[str]: ...

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start it, on the same port each time. Raises ``BrokerError`` where it does not listen."""
        process = subprocess.Popen(
            self._command(),
            # The embedded broker ends with its parent: it watches for the end of its input.
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._process = process
        end = time.monotonic() + START_S
        while time.monotonic() < end and process.poll() is None:
            if self._listens():
                return
            time.sleep(0.02)
        self.stop()
        raise BrokerError(f"The broker {self.name} does not start on port {self.port}.")

    def stop(self) -> None:
        """End it in good order, by force after some seconds. May be called twice."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._reap()

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL."""
        if self._process is not None:
            self._process.kill()
        self._reap()

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process = None

    def _listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.5):
                return True
        except OSError:
            return False
