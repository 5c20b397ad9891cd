"""The agent on a camera: from a plan to records that are examined, kept and sent."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from agent.assembly import Examiner, versions
from agent.cameras import Camera, Selection
from agent.cameras._open import open_camera
from agent.card import ModelCard
from agent.errors import FieldproofError
from agent.evidence import Evidence
from agent.geometry.tracks import Tracker
from agent.health import Health
from agent.models._loaded import LoadedFile
from agent.orders import Orders
from agent.pace import Pace, limits_of
from agent.probes import family as probes
from agent.probes._watch import Watch
from agent.profile import Profile
from agent.record import SessionRecord
from agent.recorder import Recorder, Totals
from agent.service.commands import Intake, Memory, Speaker
from agent.service.lifeline import Lifeline
from agent.service.watchdog import Kept
from agent.session import Examination, Interrupted, Session
from agent.telemetry import Publisher
from agent.telemetry._identity import device_name
from agent.telemetry.link import Address
from agent.telemetry.mqtt import Mqtt
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
        self.told: dict[str, float] = {}

    def go(self, watch: Callable[[Run, Frame, Examination], None] | None = None) -> RunReport:
        """Run to the end. Raises what opening camera, model, suite and outbox raise."""
        plan = self.plan
        with open_camera(plan.camera, Selection(plan.names, plan.frames or None)) as camera:
            session, _ = plan.examiner.open(camera.labels)
            self._file = LoadedFile(ModelCard.read(plan.examiner.card).file, session.model.sha256)
            budgets = plan.profile.budgets
            outbox = Outbox(
                plan.state / "outbox",
                max_bytes=budgets.outbox_bytes,
                max_age_s=budgets.outbox_days * 86_400,
            )
            with outbox:
                self.lifeline.kept = lambda: Kept(outbox.last_committed, outbox.uncommitted)
                self.orders = self._orders(outbox)
                camera.heed(self.stop)
                frames, totals = camera.frames(), Totals()
                while True:
                    report = self._run_session(camera, frames, session, outbox, watch)
                    totals.add(report.totals)
                    if self.orders.change is None or self.stop.is_set():
                        return dataclasses.replace(report, totals=totals)
                    session = self._renewed(session)

    def _run_session(
        self,
        camera: Camera,
        frames: Iterator[Frame],
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
            self.recorder = recorder = Recorder(outbox.put, self._start(session, camera))
            self.orders.changed()
            try:
                why = self._loop(camera, frames, session, recorder, watch)
            except FieldproofError as error:
                # What was found before the camera was lost must arrive, and its end be known.
                recorder.end(error.message, len(camera.rejected))
                self.orders.end()
                publisher.drain(self.plan.drain_s, self.stop)
                raise
            recorder.end(why, len(camera.rejected))
            drained = self._settle(publisher)
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

    def _settle(self, publisher: Publisher) -> bool:
        """Let what was found arrive, as far as time allows; whether it did."""
        if self.orders.change is not None and not self.stop.is_set():
            return False  # the next session sends it
        self.orders.end()
        if not self.stop.is_set() and publisher.drain(self.plan.drain_s, self.stop):
            return True
        return publisher.drain(HURRIED_S) if self.stop.is_set() else False

    def _loop(
        self,
        camera: Camera,
        frames: Iterator[Frame],
        session: Session,
        recorder: Recorder,
        watch: Callable[[Run, Frame, Examination], None] | None,
    ) -> str:
        """Examine frame after frame; why it ended."""
        plan, lifeline, orders = self.plan, self.lifeline, self.orders
        health = Health(plan.profile.telemetry.health_s)
        evidence = Evidence(
            plan.profile.evidence, session, self.session_id, self.publisher.outbox.put
        )
        queries = session.model.queries

        def duty() -> None:
            """What goes on while the loop waits on purpose: called about once a second.

            Raises ``Interrupted`` where a command wants another session.
            """
            nonlocal queries
            orders.look()
            pace.governor.ordered = orders.paused
            if pace.governor.cause:
                lifeline.paused(pace.governor.cause)
            elif session.model.queries > queries:
                lifeline.working()
            queries = session.model.queries
            if health.due:
                told = {**health.readings(), **vitals.latest(), **pace.readings()}
                telemetry = telemetry_readings(self.publisher)
                told["model_replaced"] = float(self._file.look())
                self.told = {**told, **camera.readings(), **telemetry}
                recorder.health(self.told)
            if orders.change is not None:
                raise Interrupted

        try:
            with Watch(probe() for probe in probes) as vitals:
                pace = self._pace(session, camera, vitals)
                pace.governor.ordered = orders.paused
                pace.duty, session.between = duty, pace.between
                for frame in frames:
                    lifeline.ready()
                    examination = None if frame.fault else self._examine(frame, session, pace)
                    lifeline.frame(good=examination is not None)
                    if examination is not None:
                        health.add(examination, pace.throttled)
                        recorder.add(examination)
                        evidence.offer(frame, examination)
                        if orders.wants_evidence and any(i.trials for i in examination.inferences):
                            orders.evidence(evidence.take(frame, examination))
                        if watch is not None:
                            watch(self, frame, examination)
                    duty()
                    if plan.frames and recorder.totals.frames >= plan.frames:
                        return "frame limit"
                    pace.rest()
        except Interrupted:
            if orders.change is not None and not self.stop.is_set():
                return f"by command: {orders.change.command.name}"
        return "stopped" if self.stop.is_set() else "camera ended"

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
        return change.examiner.lay_out_anew(session)

    def _pace(self, session: Session, camera: Camera, vitals: Watch) -> Pace:
        plan = self.plan
        limits = limits_of(plan.profile)
        self.pace = Pace(
            limits,
            session.strategy,
            self.stop,
            vitals.latest,
            live=camera.live,
            seed=plan.examiner.seed,
        )
        return self.pace

    def _examine(self, frame: Frame, session: Session, pace: Pace) -> Examination:
        """One frame, when and as far as the limits allow. Raises ``Interrupted``."""
        pace.begin()
        examination = session.examine(frame)
        pace.end()
        return examination

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
