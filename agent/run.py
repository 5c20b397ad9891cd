"""The agent on a camera: from a plan to records that are examined, kept and sent."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from agent.assembly import Examiner, versions
from agent.cameras import Camera, Selection
from agent.cameras._open import open_camera
from agent.cameras._spec import without_secrets
from agent.card import ModelCard
from agent.errors import FieldproofError
from agent.geometry.tracks import Tracker
from agent.models._loaded import LoadedFile
from agent.orders import Orders
from agent.pace import TICK_S, Pace, limits_of
from agent.probes import family as probes
from agent.probes._watch import Watch
from agent.profile import Profile
from agent.record import Reply, SessionRecord
from agent.recorder import Recorder, Totals
from agent.rounds import Rounds, Sitting, telemetry_readings
from agent.service.commands import Intake, Memory, Speaker
from agent.service.lifeline import Lifeline
from agent.service.watchdog import Pulse
from agent.session import Examination, Session
from agent.telemetry import Publisher
from agent.telemetry._identity import device_name
from agent.telemetry.link import Address
from agent.telemetry.mqtt import MOST_REPLIES, Mqtt
from agent.telemetry.outbox import Outbox
from agent.values import Frame

log = logging.getLogger(__name__)

CONNECT_S: Final = 5.0
"""How long a run waits for the broker's first answer before it starts without."""

HURRIED_S: Final = 0.5
"""How long what was found may still arrive when the agent is told to stop."""


@dataclass(frozen=True)
class RunPlan:
    """What ``run`` needs. ``state`` is the folder of the outbox; ``drain_s`` how long to wait at
    the end for the collector's receipts; ``frames`` 0 means until the camera ends; ``commands``
    are those that the agent obeys when they come over MQTT; ``heartbeat`` is the file that says how
    it gets on, None for the usual place; ``metrics`` where Prometheus may ask, "" for nowhere.
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
    commands: frozenset[str] = frozenset()
    heartbeat: Path | None = None
    metrics: str = ""


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

    Commands may end its session and begin another on the same frames. ``go`` may be watched: the
    function is called after each frame. ``begun`` is called once, when all is open; ``lifeline``
    hears how it gets on. ``told`` are the readings of the newest health record.
    """

    def __init__(self, plan: RunPlan, lifeline: Lifeline | None = None) -> None:
        self.plan = plan
        self.stop = threading.Event()
        self.begun: Callable[[], None] = lambda: None
        self.lifeline = lifeline or Lifeline()
        self.session_id = uuid.uuid4().hex
        self.device = plan.device or device_name()
        self._replies = deque[Reply](maxlen=MOST_REPLIES)

    def go(self, watch: Callable[[Run, Frame, Examination], None] | None = None) -> RunReport:
        """Run to the end. Raises what opening camera, model, suite and outbox raise."""
        plan = self.plan
        with open_camera(plan.camera, Selection(plan.names, plan.frames or None)) as camera:
            session, _ = plan.examiner.open(camera.labels)
            budgets = plan.profile.budgets
            outbox = Outbox(
                plan.state / "outbox",
                max_bytes=budgets.outbox_bytes,
                max_age_s=budgets.outbox_days * 86_400,
            )
            with outbox, Watch(probe() for probe in probes) as vitals:
                self.orders = self._orders(outbox)
                camera.heed(self.stop, self.lifeline.waiting)
                rounds = self._rounds(camera, session, vitals)
                totals = Totals()
                while True:
                    report = self._run_session(camera, rounds, session, outbox, watch)
                    totals.add(report.totals)
                    if self.orders.change is None or self.stop.is_set():
                        return dataclasses.replace(report, totals=totals)
                    session = self._renewed(session)

    def _run_session(
        self,
        camera: Camera,
        rounds: Rounds,
        session: Session,
        outbox: Outbox,
        watch: Callable[[Run, Frame, Examination], None] | None,
    ) -> RunReport:
        """One session, from its record to its end's."""
        self.session = session
        session.tracker = Tracker()
        with self._publisher(outbox, session) as publisher:
            self.publisher = publisher
            if self.orders.change is None:
                publisher.check(CONNECT_S)
            if publisher.last_error:
                log.warning("Records wait in %s until the broker is there.", outbox.folder)
            self.begun()
            self.begun = lambda: None  # a session after the first begins nothing
            self._listen(outbox, publisher)
            self.recorder = recorder = Recorder(outbox.put, self._start(session, camera))
            self.orders.changed()
            sitting = Sitting(self.session_id, self.plan.profile, session, recorder, publisher)
            try:
                why = rounds.go(sitting, self._watched(watch)) or self._why()
            except FieldproofError as error:
                # What was found before the camera was lost must arrive, and its end be known.
                recorder.end(error.message, len(camera.rejected))
                self.orders.end()
                self._drain(self.plan.drain_s)
                raise
            recorder.end(why, len(camera.rejected))
            drained = self._settle()
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

    def _watched(
        self, watch: Callable[[Run, Frame, Examination], None] | None
    ) -> Callable[[Frame, Examination], None]:
        return lambda frame, seen: None if watch is None else watch(self, frame, seen)

    def _why(self) -> str:
        """Why a session ended that was to examine all frames."""
        if self.stop.is_set():
            return "stopped"
        change = self.orders.change
        return f"by command: {change.command.name}" if change is not None else "camera ended"

    def _listen(self, outbox: Outbox, publisher: Publisher) -> None:
        """Let the lifeline hear of what goes on beside the loop."""
        self.lifeline.pulse = lambda: Pulse(outbox.tries, outbox.uncommitted, publisher.turns)
        self.lifeline.failure = lambda: outbox.failure

    def _settle(self) -> bool:
        """Let what was found arrive, as far as time allows; whether it did."""
        if self.orders.change is not None and not self.stop.is_set():
            return False  # the next session sends it
        self.orders.end()
        if not self.stop.is_set() and self._drain(self.plan.drain_s):
            return True
        return self.publisher.drain(HURRIED_S) if self.stop.is_set() else False

    def _drain(self, seconds: float) -> bool:
        """Wait until all rows are confirmed, or ``stop`` is set; whether they are."""
        end = time.monotonic() + seconds
        while True:
            left = max(0.0, end - time.monotonic())
            drained = self.publisher.drain(min(left, TICK_S), self.stop)
            if drained or not left or self.stop.is_set():
                return drained
            self.lifeline.turn()

    def _rounds(self, camera: Camera, session: Session, vitals: Watch) -> Rounds:
        plan = self.plan
        self.pace = Pace(
            limits_of(plan.profile),
            session.strategy,
            self.stop,
            vitals.latest,
            live=camera.live,
            seed=plan.examiner.seed,
        )
        loaded = LoadedFile(ModelCard.read(plan.examiner.card).file, session.model.sha256)
        return Rounds(
            camera,
            self.pace,
            vitals,
            plan.profile,
            self.orders,
            self.lifeline,
            loaded,
            plan.frames,
        )

    def _orders(self, outbox: Outbox) -> Orders:
        plan = self.plan

        def figures() -> dict[str, float]:
            return {**vars(self.recorder.totals), **telemetry_readings(self.publisher)}

        speaker = Speaker(plan.site, self.device, lambda: self.session_id, outbox.stamp)
        intake = Intake(speaker, plan.commands, Memory(plan.state / "commands.json"))
        return Orders(
            intake, plan.examiner, plan.profile, lambda reply: self.publisher.say(reply), figures
        )

    def _renewed(self, session: Session) -> Session:
        """The session that a command wants, under a name of its own."""
        change = self.orders.change
        assert change is not None
        self.plan = dataclasses.replace(self.plan, examiner=change.examiner, profile=change.profile)
        self.session_id = uuid.uuid4().hex
        renewed = change.examiner.lay_out_anew(session)
        self.pace.renew(limits_of(change.profile), renewed.strategy)
        return renewed

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
            obey=self.orders.hear,
            replies=self._replies,
        )

    def _config_hash(self) -> str:
        """Tells apart runs of other settings; what says where and who is not among them."""
        plan = self.plan
        # Without passwords: they would make it a thing to guess them by.
        said = (plan.examiner, plan.profile.model_dump_json(), without_secrets(plan.camera))
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
