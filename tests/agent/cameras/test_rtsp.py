"""RTSP, against GStreamer's server in a process of its own, and against a small one in here.

The small one serves an MPEG transport stream over RTP, interleaved in the RTSP connection (RFC
2326, 2250), and can end or hang where it is told to.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.cameras import Selection
from agent.cameras.rtsp import Rtsp, shown
from agent.errors import CameraError, UsageError
from agent.values import Frame

TS_PACKET = 188
SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=t\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 33\r\n"
)


class Server:
    """Serves one transport stream to each client; ``hang`` stops sending but stays connected."""

    def __init__(self, stream: bytes, pace_s: float) -> None:
        self.stream, self.pace_s, self.hang = stream, pace_s, threading.Event()
        self.clients = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as lines:
            while True:
                request = lines.readline().decode().split()
                if not request:
                    return
                headers = {}
                while line := lines.readline().decode().strip():
                    key, _, value = line.partition(":")
                    headers[key.lower()] = value.strip()
                answer = f"RTSP/1.0 200 OK\r\nCSeq: {headers.get('cseq', '0')}\r\n"
                body = ""
                if request[0] == "DESCRIBE":
                    body = SDP
                    answer += f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
                elif request[0] == "SETUP":
                    answer += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
                elif request[0] == "OPTIONS":
                    answer += "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
                client.sendall(f"{answer}\r\n{body}".encode())
                if request[0] == "PLAY":
                    self.clients += 1
                    self._send(client)
                    return

    def _send(self, client: socket.socket) -> None:
        step = 7 * TS_PACKET
        for number, at in enumerate(range(0, len(self.stream), step)):
            header = struct.pack(">BBHII", 0x80, 33, number & 0xFFFF, number * 900, 1)
            packet = header + self.stream[at : at + step]
            try:
                client.sendall(b"$\x00" + struct.pack(">H", len(packet)) + packet)
            except OSError:
                return
            time.sleep(self.pace_s)
        while self.hang.is_set():
            time.sleep(0.05)


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """100 frames of a moving bar as a transport stream."""
    path = tmp_path_factory.mktemp("stream") / "clip.ts"
    writer = cv2.VideoWriter(
        str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), 25, (160, 120)
    )
    if not writer.isOpened():
        if os.environ.get("CI") == "true":
            pytest.fail("this OpenCV cannot write a transport stream")
        pytest.skip("this OpenCV cannot write a transport stream")
    chance = np.random.default_rng(0)
    for number in range(100):
        picture = chance.integers(100, 120, (120, 160, 3), np.uint8)
        picture[:, number : number + 20] = 250
        writer.write(picture)
    writer.release()
    return path.read_bytes()


@pytest.fixture
def server(stream: bytes) -> Iterator[Server]:
    server = Server(stream, pace_s=0.004)
    yield server
    server.hang.clear()
    server.close()


class RealServer:
    """GStreamer's RTSP server, which can be killed and started again on the same port."""

    def __init__(self) -> None:
        self.port = 0
        self.start()

    def start(self) -> None:
        script = Path(__file__).parent / "rtsp_server.py"
        self._process = subprocess.Popen(
            ["/usr/bin/python3", str(script), str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        listening = self._process.stdout.readline()
        if not listening:
            reason = self._process.stderr.read()[-300:]
            if os.environ.get("CI") == "true":
                pytest.fail(f"GStreamer's RTSP server does not run: {reason}")
            pytest.skip(f"GStreamer's RTSP server does not run here: {reason}")
        self.port = int(listening)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def real_server() -> Iterator[RealServer]:
    if not Path("/usr/bin/python3").exists():
        if os.environ.get("CI") == "true":
            pytest.fail("this system has no Python of its own: apt install python3-gi")
        pytest.skip("this system has no Python of its own")
    server = RealServer()
    yield server
    server.kill()


def test_a_real_server_that_is_killed_is_lost_and_comes_back(
    real_server: RealServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.cameras._live.FIRST_PAUSE_S", 0.05)
    address = f"rtsp://127.0.0.1:{real_server.port}/live#deadline=10"
    seen: list[Frame] = []
    back = threading.Timer(1.0, real_server.start)
    with Rtsp.open(address, Selection()) as camera:
        for frame in camera.frames():
            seen.append(frame)
            if len(seen) == 5:
                real_server.kill()
                back.start()
            if camera.connections == 2:
                break
    back.join()
    assert seen[0].pixels.shape == (240, 320, 3)
    assert seen[0].pixels.max() > 200, "the ball"
    assert camera.faults["ended"] >= 1
    assert not seen[-1].fault


def test_frames_arrive_and_a_lost_connection_is_made_anew(server: Server) -> None:
    with Rtsp(f"rtsp://127.0.0.1:{server.port}/live", "deadline=8") as camera:
        frames = []
        for frame in camera.frames():
            frames.append(frame)
            if camera.connections >= 2 and len(frames) > 5:
                break
    assert server.clients >= 2
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert frames[0].pixels.shape == (120, 160, 3)
    assert frames[0].pixels.max() > 200
    assert not frames[0].pixels.flags.writeable
    times = [frame.monotonic for frame in frames]
    assert times == sorted(times)
    assert frames[0].wall > 1.6e9


def test_a_slow_consumer_gets_the_latest_frame_and_the_drops_are_counted(server: Server) -> None:
    with Rtsp(f"rtsp://127.0.0.1:{server.port}/live", "deadline=8") as camera:
        frames = camera.frames()
        next(frames)
        time.sleep(1.0)
        before = time.monotonic()
        late = next(frames)
        assert before - late.monotonic < 0.9
        assert camera.dropped > 0


def test_a_camera_that_hangs_ends_at_the_deadline(stream: bytes) -> None:
    server = Server(stream[: len(stream) // 2], pace_s=0.001)
    server.hang.set()
    camera = Rtsp(f"rtsp://127.0.0.1:{server.port}/live", "give_up=1.5,deadline=8")
    frames: deque[Frame] = deque(maxlen=1)
    with pytest.raises(CameraError, match=r"No frame .* for 1\.\d s"):
        frames.extend(frame for frame in camera.frames() if not frame.fault)
    assert 1.4 < time.monotonic() - frames[0].monotonic < 5
    server.hang.clear()
    server.close()


def test_an_address_where_nobody_listens_ends_without_its_password(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    camera = Rtsp(f"rtsp://root:hunter2@127.0.0.1:{port}/live?password=hunter2", "deadline=1")
    with pytest.raises(CameraError, match=f"rtsp://127.0.0.1:{port}/live") as caught:
        next(camera.frames())
    printed = capfd.readouterr()
    assert "hunter2" not in str(caught.value) + repr(camera.name) + printed.out + printed.err


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("rtsp://user:p@ss@host:554/a/b", "rtsp://host:554/a/b"),
        (
            "rtsp://host/user=admin&password=secret&channel=1",
            "rtsp://host/user=admin&password=***&channel=1",
        ),
        ("rtsp://host/a?token=secret", "rtsp://host/a"),
        ("user:secret@host/a", "host/a"),
    ],
)
def test_secrets_are_not_shown(address: str, expected: str) -> None:
    assert shown(address) == expected


def test_what_is_no_address_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no address"):
        Rtsp.open("camera one", Selection())
