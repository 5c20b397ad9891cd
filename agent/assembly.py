"""From names to a working session: the only file that knows every room."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import platform
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from pydantic import ValidationError

from agent import __version__
from agent.cameras import Camera, Selection
from agent.cameras._open import open_camera
from agent.cameras._spec import parse_options
from agent.card import ModelCard
from agent.errors import ConfigError, DataError, FieldproofError, UsageError
from agent.evidence import Evidence
from agent.geometry.tracks import Tracker
from agent.models import Model
from agent.models._load import load_model
from agent.probes import family as probes
from agent.profile import Profile
from agent.record import SessionRecord
from agent.recorder import Recorder, Totals
from agent.session import Examination, Perturber, Session
from agent.strategies import Strategy
from agent.strategies import family as strategies
from agent.suite import Suite, load_suite
from agent.telemetry import Publisher
from agent.telemetry.link import Address
from agent.telemetry.mqtt import Mqtt
from agent.telemetry.outbox import Outbox
from agent.toml import said
from agent.values import Condition, Frame, Sensor
from agent.vocabulary import Joined, join

log = logging.getLogger(__name__)

CONNECT_S: Final = 5.0
"""How long a run waits for the broker's first answer before it starts without."""


@dataclass(frozen=True)
class Examiner:
    """What it takes to make a session, as plain values: any process can make the same one.

    ``card`` is the model card's path; ``aliases`` join the data's labels to the model's, before
    those of the card; ``strategy`` is a kind and its settings, such as
    ``breaking_point:tolerance=0.05``;
    ``checked`` says that the model file has passed its trial load already.
    """

    card: Path
    suite: str = "quick"
    strategy: str = "grid"
    seed: int = 0
    aliases: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    checked: bool = False
    sensor: Sensor = field(default_factory=Sensor)

    def open(self, labels: tuple[str, ...] | None) -> tuple[Session, Joined]:
        """Load the model and lay out the suite for data whose truth uses ``labels`` (None: none).

        Raises ``ModelError``, ``ConfigError``, ``UnknownKind``, and ``DataError`` where the
        data's labels and the model's do not meet.
        """
        # One thread: several would fight over the cores with other workers, and gain nothing
        # on frames of this size.
        cv2.setNumThreads(1)
        conditions = lay_out(load_suite(self.suite), self.seed)
        strategy = plan_with(self.strategy, conditions)
        card = ModelCard.read(self.card)
        model = load_model(card, threads=self.threads, checked=self.checked)
        joined = meet(labels, model, {**card.aliases, **self.aliases})
        return Session(model, strategy, self.seed, joined.mapping, self.sensor), joined


def plan_with(strategy: str, conditions: Sequence[Condition]) -> Strategy:
    """The strategy that a text such as ``sequential:claim=flip_rate<0.10@0.4`` asks for.

    Raises ``UsageError`` for settings that cannot be, ``UnknownKind``.
    """
    kind, _, settings = strategy.partition(":")
    member = strategies.load(kind)
    if settings and not member.Settings.model_fields:
        raise UsageError(f"The strategy {kind} has no settings, got {settings!r}.")
    return member(conditions, parse_options(f"strategy {kind}", settings, member.Settings))


def lay_out(suite: Suite, seed: int) -> tuple[Condition, ...]:
    """A suite's conditions, each knowing whether it lies on the object and what of it varies.

    Raises ``UnknownKind`` for a kind that does not exist, ``ConfigError`` for bad parameters.
    """
    perturber = Perturber()
    laid: list[Condition] = []
    for entry in suite.conditions:
        fixed = [part.severity is not None for part in entry.entries()]
        for condition in suite.model_copy(update={"conditions": (entry,)}).expand(seed):
            laid.append(_known(_held(condition, fixed), perturber, suite.name))
    return tuple(laid)


def _held(condition: Condition, fixed: Sequence[bool]) -> Condition:
    """A condition whose parts say whether the suite holds their severity."""
    parts = zip(condition.parts, fixed, strict=True)
    return dataclasses.replace(
        condition, parts=tuple(dataclasses.replace(part, fixed=held) for part, held in parts)
    )


def _known(condition: Condition, perturber: Perturber, suite: str) -> Condition:
    """A condition that says what its perturbations know: the stage, and whether harm grows."""
    try:
        stages = {member.stage() for member, _ in perturber.ordered(condition)}
        monotone = all(perturber.member(p).monotone for p in condition.parts if not p.fixed)
    except ValidationError as error:
        raise ConfigError(
            f"Suite {suite}, condition {condition.kind}: {said(error)}.",
            remedy="`fieldproof perturbations` lists the kinds and their parameters.",
        ) from None
    return dataclasses.replace(condition, per_target="on_object" in stages, monotone=monotone)


def meet(labels: tuple[str, ...] | None, model: Model, aliases: Mapping[str, str]) -> Joined:
    """Join the data's labels to the model's. Raises ``DataError`` where none is a target.

    Data without any label holds nothing that must be seen: only phantoms are counted on it.
    """
    if not labels:
        return Joined({}, ())
    joined = join(labels, model.labels, aliases)
    if not set(joined.mapping.values()) & set(model.targets):
        raise DataError(
            f"None of the data's labels is a target of the model: data {', '.join(labels[:12])}; "
            f"targets {', '.join(model.targets[:12])}.",
            remedy='Join them with --alias "data label=model label", or set targets in the card.',
        )
    return joined


@dataclass(frozen=True)
class RunPlan:
    """What ``run`` needs. ``state`` is the folder of the outbox; ``drain_s`` how long to wait at
    the end for the collector's receipts; ``frames`` 0 means until the camera ends.
    """

    examiner: Examiner
    profile: Profile
    camera: str
    broker: Address
    state: Path
    site: str = "default"
    device: str = ""
    ack: Literal["collector", "broker"] = "collector"
    frames: int = 0
    drain_s: float = 30.0
    names: Path | None = None


@dataclass(frozen=True)
class RunReport:
    """What a run did. ``waiting`` rows stay in the outbox; ``trouble`` says why they wait."""

    session: str
    totals: Totals
    rejected: Mapping[str, str]
    waiting: int
    trouble: str
    stopped: bool


class Run:
    """The agent on a camera: examine, record, publish, until the camera ends or ``stop`` is set.

    ``go`` may be watched: the function is called after each frame.
    """

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self.stop = threading.Event()
        self.session_id = uuid.uuid4().hex
        self.device = plan.device or device_name()

    def go(self, watch: Callable[[Run, Frame, Examination], None] | None = None) -> RunReport:
        """Run to the end. Raises what opening camera, model, suite and outbox raise."""
        plan = self.plan
        with open_camera(plan.camera, Selection(plan.names, plan.frames or None)) as camera:
            session, _ = plan.examiner.open(camera.labels)
            self.session = session
            session.tracker = Tracker()
            budgets = plan.profile.budgets
            outbox = Outbox(
                plan.state / "outbox",
                max_bytes=budgets.outbox_bytes,
                max_age_s=budgets.outbox_days * 86_400,
            )
            with outbox, self._publisher(outbox, session) as publisher:
                self.publisher = publisher
                publisher.check(CONNECT_S)
                if publisher.last_error:
                    log.warning("Records wait in %s until the broker is there.", outbox.folder)
                self.recorder = recorder = Recorder(outbox.put, self._start(session, camera))
                try:
                    why = self._loop(camera, session, recorder, watch)
                except FieldproofError as error:
                    # What was found before the camera was lost must arrive, and its end be known.
                    recorder.end(error.message, len(camera.rejected))
                    publisher.drain(plan.drain_s)
                    raise
                recorder.end(why, len(camera.rejected))
                drained = publisher.drain(0.5 if self.stop.is_set() else plan.drain_s)
                trouble = "" if drained else publisher.last_error or "No receipt has come yet."
                waiting = publisher.undelivered
            return RunReport(
                self.session_id,
                recorder.totals,
                camera.rejected,
                waiting,
                trouble,
                self.stop.is_set(),
            )

    def _loop(
        self,
        camera: Camera,
        session: Session,
        recorder: Recorder,
        watch: Callable[[Run, Frame, Examination], None] | None,
    ) -> str:
        """Examine frame after frame; why it ended."""
        pace = _Pace(self.plan.profile.budgets.max_fps)
        health = _Health(self.plan.profile.telemetry.health_s)
        evidence = Evidence(
            self.plan.profile.evidence, session, self.session_id, self.publisher.outbox.put
        )
        camera.heed(self.stop)
        for frame in camera.frames():
            if self.stop.is_set():
                return "stopped"
            examination = None if frame.fault else session.examine(frame)
            if examination is not None:
                recorder.add(examination)
                evidence.offer(frame, examination)
                if watch is not None:
                    watch(self, frame, examination)
            readings = health.due(examination)
            if readings is not None:
                told = telemetry_readings(self.publisher)
                recorder.health({**readings, **camera.readings(), **told})
            if self.plan.frames and recorder.totals.frames >= self.plan.frames:
                return "frame limit"
            pace.wait(self.stop)
        return "stopped" if self.stop.is_set() else "camera ended"

    def _publisher(self, outbox: Outbox, session: Session) -> Mqtt:
        plan = self.plan
        return Mqtt(
            outbox,
            plan.broker,
            plan.site,
            self.device,
            self.session_id,
            hashes={"model": session.model.sha256[:16], "config": self._config_hash()[:16]},
            ack=plan.ack,
            batch_rows=plan.profile.telemetry.batch_records,
        )

    def _config_hash(self) -> str:
        """Tells apart runs of other settings; what says where and who is not among them."""
        plan = self.plan
        said = (plan.examiner, plan.profile.model_dump_json(), plan.camera)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def _start(self, session: Session, camera: Camera) -> SessionRecord:
        plan, model = self.plan, session.model
        return SessionRecord(
            session=self.session_id,
            model_name=model.name[-256:],
            model_sha256=model.sha256,
            model_kind=model.kind,
            model_labels=len(model.labels),
            model_runtime=model.runtime,
            profile=plan.profile.name,
            config_sha256=self._config_hash(),
            suite=plan.examiner.suite[-256:],
            strategy=plan.examiner.strategy[-256:],
            seed=plan.examiner.seed,
            camera=camera.kind,
            versions=versions(model.runtime),
        )


class _Pace:
    """Keeps the frame rate at or below a limit, in frames per second; 0: no limit."""

    def __init__(self, most: float) -> None:
        self._period = 1 / most if most else 0.0
        self._next = time.monotonic()

    def wait(self, stop: threading.Event) -> None:
        self._next = max(self._next + self._period, time.monotonic())
        stop.wait(max(0.0, self._next - time.monotonic()))


class _Health:
    """Reads all probes every so many seconds, with the loop's own figures since the last time."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._probes = [probe() for probe in probes]
        self._since = time.monotonic()
        self._frames = 0
        self._pictures = 0
        self._predict_s = 0.0

    def due(self, seen: Examination | None) -> dict[str, float] | None:
        """The readings when it is time, else None. ``seen`` is None for a frame that is no use."""
        if seen is not None:
            self._frames += 1
            self._pictures += 1 + len(seen.inferences)
            self._predict_s += seen.predict_s
        elapsed = time.monotonic() - self._since
        if elapsed < self._period_s:
            return None
        readings = {
            "frames_per_s": round(self._frames / elapsed, 3),
            "predict_ms": round(1000 * self._predict_s / max(1, self._pictures), 3),
        }
        for probe in self._probes:
            readings.update(probe.read())
        self._since, self._frames, self._pictures, self._predict_s = time.monotonic(), 0, 0, 0.0
        return readings


def telemetry_readings(publisher: Publisher) -> dict[str, float]:
    """How telemetry itself fares, for the health record."""
    outbox, counts = publisher.outbox, publisher.statistics
    return {
        "outbox_rows": outbox.depth,
        "outbox_rows_dropped": outbox.dropped,
        "outbox_rows_quarantined": outbox.quarantined,
        "link_connects": counts.connects,
        "link_takeovers": counts.takeovers,
    }


def device_name() -> str:
    """This machine's name in the alphabet of topics."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname())[:64] or "device"


def versions(runtime: str) -> dict[str, str]:
    """Versions and machine, for whoever repeats a run."""
    return {
        "fieldproof": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.platform(),
        "runtime": runtime,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }
