"""The agent on a camera: from a plan to records that are examined, kept and sent."""

from __future__ import annotations

import hashlib
import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from agent.assembly import Examiner, versions
from agent.cameras import Camera, Selection
from agent.cameras._open import open_camera
from agent.errors import FieldproofError
from agent.evidence import Evidence
from agent.geometry.tracks import Tracker
from agent.health import Health
from agent.pace import Pace, limits_of
from agent.probes import family as probes
from agent.probes._watch import Watch
from agent.profile import Profile
from agent.record import SessionRecord
from agent.recorder import Recorder, Totals
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
        health = Health(self.plan.profile.telemetry.health_s)
        evidence = Evidence(
            self.plan.profile.evidence, session, self.session_id, self.publisher.outbox.put
        )

        def duty() -> None:
            """What goes on while the loop waits on purpose: called about once a second."""
            if health.due:
                told = {**health.readings(), **vitals.latest(), **pace.readings()}
                telemetry = telemetry_readings(self.publisher)
                recorder.health({**told, **camera.readings(), **telemetry})

        camera.heed(self.stop)
        with Watch(probe() for probe in probes) as vitals:
            pace = self._pace(session, camera, vitals)
            pace.duty, session.between = duty, pace.between
            for frame in camera.frames():
                try:
                    examination = None if frame.fault else self._examine(frame, session, pace)
                except Interrupted:
                    return "stopped"
                if examination is not None:
                    health.add(examination, pace.throttled)
                    recorder.add(examination)
                    evidence.offer(frame, examination)
                    if watch is not None:
                        watch(self, frame, examination)
                duty()
                if self.plan.frames and recorder.totals.frames >= self.plan.frames:
                    return "frame limit"
                pace.rest()
        return "stopped" if self.stop.is_set() else "camera ended"

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
