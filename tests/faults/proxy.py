"""A bad network on loopback: what comes in at its port goes to another, or does not."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Literal

Mode = Literal["pass", "stall", "delay", "halve", "reset", "refuse"]
POLL_S = 0.05
CHUNK = 4096


class Proxy:
    """Forwards TCP to ``127.0.0.1:target``, as ``mode`` says.

    ``stall`` holds all bytes back until the mode changes; ``delay`` holds each chunk back up to
    0.3 s; ``halve`` forwards half of the next chunk and then breaks the connection; ``reset``
    breaks all connections once; ``refuse`` breaks each new one as well.
    """

    def __init__(self, target: int, rng: random.Random) -> None:
        self.target, self._rng = target, rng
        self.mode: Mode = "pass"
        self._breaks = 0
        self._closed = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(POLL_S)
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, mode: Mode) -> None:
        self.mode = "pass" if mode == "reset" else mode
        if mode in ("reset", "refuse"):
            self._breaks += 1

    def close(self) -> None:
        self._closed.set()

    def _accept(self) -> None:
        with self._server:
            while not self._closed.is_set():
                try:
                    near, _ = self._server.accept()
                except OSError:
                    continue
                try:
                    if self.mode == "refuse":
                        raise OSError
                    far = socket.create_connection(("127.0.0.1", self.target), timeout=2)
                except OSError:
                    _break(near)
                    continue
                for end in (near, far):
                    end.settimeout(POLL_S)
                pair = _Pair(near, far)
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(
                        target=self._pump, args=(pair, source, sink, self._breaks), daemon=True
                    ).start()

    def _pump(self, pair: _Pair, source: socket.socket, sink: socket.socket, breaks: int) -> None:
        while not pair.broken.is_set():
            if self._closed.is_set() or self._breaks != breaks:
                break
            try:
                data = source.recv(CHUNK)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data or not self._forward(data, sink, breaks):
                break
        pair.end()

    def _forward(self, data: bytes, sink: socket.socket, breaks: int) -> bool:
        while self.mode == "stall" and self._breaks == breaks and not self._closed.is_set():
            time.sleep(POLL_S / 5)
        if self.mode == "delay":
            time.sleep(self._rng.uniform(0, 0.3))
        halved = self.mode == "halve"
        rest = memoryview(data[: len(data) // 2] if halved else data)
        while rest and self._breaks == breaks and not self._closed.is_set():
            try:
                rest = rest[sink.send(rest) :]
            except TimeoutError:
                continue
            except OSError:
                return False
        return not halved


class _Pair:
    """Two ends that break together, with a reset."""

    def __init__(self, *ends: socket.socket) -> None:
        self.ends = ends
        self.broken = threading.Event()
        self._lock = threading.Lock()

    def end(self) -> None:
        with self._lock:
            if not self.broken.is_set():
                self.broken.set()
                for end in self.ends:
                    _break(end)


def _break(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
