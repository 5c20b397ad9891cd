"""An agent without camera and model: the real recorder, outbox and publisher, fed made-up trials.

Standard output is its ledger, which outlives its death in the pipe: ``? n`` before trial ``n`` is
handed over, ``+ n seq`` after, ``c seq`` when all up to ``seq`` is on the disk, ``e epoch`` when
that begins. Commands come on standard input, one a line (``pause``, ``feed``, ``state``,
``settle SECONDS``, ``stop SECONDS``); ``state`` and the last two answer with ``= JSON``.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import sys
import threading
import time
from pathlib import Path

from agent.record import Record, SessionRecord
from agent.recorder import Recorder
from agent.session import Examination, Inference
from agent.telemetry.link import Address
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
from agent.values import Box, Condition, Part, Sighting, Target, Trial

FOG = Condition((Part("fog", 0.5),), seed=3)
SEEN, LOST = Sighting(True, "stop sign", 0.91, 0.8), Sighting(False, None, 0.0, 0.0)
HEALTH_EVERY = 50


class Driver:
    """Feeds ``rate`` trials a second, numbered from ``first``, until it is told to stop."""

    def __init__(self, outbox: Outbox, publisher: Mqtt, first: int, rate: float) -> None:
        self.outbox, self.publisher = outbox, publisher
        self.number, self.rate = first, rate
        self.feeding = True
        self.taken_over = False
        self._committed = -1
        self._epoch = ""
        self._watch()
        self.recorder = Recorder(self._put, session(publisher.session))

    def run(self) -> int:
        commands: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(commands,), daemon=True).start()
        due = time.monotonic()
        while True:
            while not commands.empty():
                word, _, seconds = commands.get().partition(" ")
                if word == "stop" or not word:
                    return self._stop(float(seconds or 0))
                self._obey(word, float(seconds or 0))
                due = time.monotonic()
            if self.feeding and time.monotonic() >= due:
                self._feed()
                due = max(due + 1 / self.rate, time.monotonic() - 0.1)
            else:
                time.sleep(0.002)
            self._watch()

    def _obey(self, word: str, seconds: float) -> None:
        if word == "settle":
            self.publisher.drain(seconds)
            self._watch()
        if word in ("pause", "feed"):
            self.feeding = word == "feed"
        else:
            self._answer()

    def _stop(self, seconds: float) -> int:
        self.recorder.end("stopped")
        self.publisher.drain(seconds)
        self._watch()
        self._answer()
        return 0

    def _feed(self) -> None:
        target = Target(self.number, 0, "stop sign", Box(0, 0, 30, 30))
        trial = Trial(self.number, "drive", target, FOG, SEEN, LOST)
        say(f"? {self.number}")
        self.recorder.add(
            Examination(self.number, "drive", (target,), (SEEN,), 0, (Inference(FOG, (trial,), 0),))
        )
        self.number += 1
        if not self.number % HEALTH_EVERY:
            self.recorder.health({"temperature_c": 40.0})

    def _put(self, record: Record) -> None:
        seq = self.outbox.put(record)
        if record.kind == "trial":
            say(f"+ {self.number} {seq}")

    def _watch(self) -> None:
        if "uses the name" in self.publisher.last_error:
            self.taken_over = True
        if self.outbox.epoch != self._epoch:
            self._epoch = self.outbox.epoch
            say(f"e {self._epoch}")
        committed = self.outbox.last_committed
        if committed != self._committed:
            self._committed = committed
            say(f"c {committed}")

    def _answer(self) -> None:
        answer = {
            "waiting": self.publisher.undelivered,
            "failure": self.outbox.failure,
            "error": self.publisher.last_error,
            "taken_over": self.taken_over,
            "quarantined": self.outbox.quarantined,
        }
        say(f"= {json.dumps(answer)}")


def session(name: str) -> SessionRecord:
    return SessionRecord(
        session=name, model_name="m", model_sha256="0", model_kind="ssd", model_labels=2,
        profile="p", config_sha256="0", suite="faults", camera="driver",
    )  # fmt: skip


def say(line: str) -> None:
    """One write each: what is written when the process is killed is read whole."""
    os.write(1, f"{line}\n".encode())


def _listen(commands: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        commands.put(line.strip())
    commands.put("stop 0")


def _sleep(seconds: float) -> None:
    threading.Event().wait(seconds)


def main() -> int:
    if "FAKETIME_TIMESTAMP_FILE" in os.environ:
        # libfaketime 0.9.10 fails clock_nanosleep(), by which Python sleeps, with EINVAL.
        time.sleep = _sleep
    options = argparse.ArgumentParser()
    options.add_argument("--outbox", type=Path, required=True)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--first", type=int, required=True)
    options.add_argument("--rate", type=float, required=True)
    options.add_argument("--max-bytes", type=int, default=64 << 20)
    said = options.parse_args()
    with (
        Outbox(said.outbox, max_bytes=said.max_bytes, max_waiting=400) as outbox,
        Mqtt(
            outbox,
            Address("127.0.0.1", said.port),
            "lab",
            "dut",
            f"s{said.first}",
            batch_rows=20,
            receipt_s=1.0,
        ) as publisher,
    ):
        return Driver(outbox, publisher, said.first, said.rate).run()


if __name__ == "__main__":
    sys.exit(main())
