"""The loop of a run: frame after frame is examined and recorded, and the duties between are done.

It outlives the sessions of its run: a command that begins another neither refills an allowance nor
makes it forget heat and debt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.cameras import Camera
from agent.evidence import Bucket, Evidence
from agent.health import Health
from agent.models._loaded import LoadedFile
from agent.orders import Orders
from agent.pace import Pace
from agent.probes._watch import Watch
from agent.profile import Profile
from agent.recorder import Recorder
from agent.service.lifeline import Lifeline
from agent.session import Examination, Interrupted, Session
from agent.telemetry import Publisher
from agent.values import Frame


@dataclass(frozen=True)
class Sitting:
    """What one session brings: its name, its profile, and where its records go."""

    name: str
    profile: Profile
    session: Session
    recorder: Recorder
    publisher: Publisher


class Rounds:
    """Takes a camera's frames. ``most`` is how many a session examines at most, 0: all."""

    def __init__(
        self,
        camera: Camera,
        pace: Pace,
        vitals: Watch,
        profile: Profile,
        orders: Orders,
        lifeline: Lifeline,
        loaded: LoadedFile,
        most: int = 0,
    ) -> None:
        self.pace = pace
        self._camera, self._frames = camera, camera.frames()
        self._vitals, self._orders, self._lifeline = vitals, orders, lifeline
        self._loaded, self._most = loaded, most
        self._health = Health(profile.telemetry.health_s)
        per_hour = profile.evidence.per_hour
        self._bucket = Bucket(per_hour) if per_hour else None

    def go(self, sitting: Sitting, watch: Callable[[Frame, Examination], None]) -> str:
        """Examine until the frames end, a command wants another session, or ``stop`` is set.

        ``frame limit`` where it ended for that, else empty. Raises what examining raises.
        """
        self._sitting = sitting
        self._evidence = Evidence(
            sitting.profile.evidence,
            sitting.session,
            sitting.name,
            sitting.publisher.outbox.put,
            self._bucket,
        )
        self.pace.duty, sitting.session.between = self._duty, self.pace.between
        try:
            for frame in self._frames:
                self._lifeline.ready()
                examination = None if frame.fault else self._examine(frame)
                self._lifeline.frame(frame.fault)
                if examination is not None:
                    self._record(frame, examination)
                    watch(frame, examination)
                self._duty()
                if self._most and sitting.recorder.totals.frames >= self._most:
                    return "frame limit"
                self.pace.rest()
        except Interrupted:
            pass  # the frame is given up; whoever called knows why
        return ""

    def _examine(self, frame: Frame) -> Examination:
        """One frame, when and as far as the limits allow. Raises ``Interrupted``."""
        self.pace.begin()
        examination = self._sitting.session.examine(frame)
        self.pace.end()
        return examination

    def _record(self, frame: Frame, seen: Examination) -> None:
        self._health.add(seen, self.pace.throttled)
        self._sitting.recorder.add(seen)
        self._evidence.offer(frame, seen)
        if self._orders.wants_evidence and any(made.trials for made in seen.inferences):
            self._orders.evidence(self._evidence.take(frame, seen))

    def _duty(self) -> None:
        """What goes on while it waits on purpose too: called about once a second.

        Raises ``Interrupted`` where a command wants another session.
        """
        self._orders.look()
        self.pace.governor.ordered = self._orders.paused
        self._lifeline.turn(self.pace.governor.cause)
        if self._health.due:
            self._tell_health()
        if self._orders.change is not None:
            raise Interrupted

    def _tell_health(self) -> None:
        told = {**self._health.readings(), **self._vitals.latest(), **self.pace.readings()}
        told["model_replaced"] = float(self._loaded.look())
        telemetry = telemetry_readings(self._sitting.publisher)
        self._sitting.recorder.health({**told, **self._camera.readings(), **telemetry})


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
