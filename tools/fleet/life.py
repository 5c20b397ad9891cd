"""A device's life: its records in their order, each with its time; one seed, one life."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from agent.record import (
    EvidenceRecord,
    HealthRecord,
    PhantomRecord,
    Record,
    SessionEndRecord,
    SessionRecord,
    TrialRecord,
)
from agent.values import derived_seed
from tools.fleet.nature import Model
from tools.fleet.plan import HOSTILE, HOUR_MS, UPGRADE_AT, Device, Plan
from tools.fleet.scene import Eyes, Looks, conditions_of

HEALTH_MS: Final = 300_000
TRIALS_A_HEALTH: Final = 20
"""At least so many trials to a health record."""
LIVE_TRIALS_A_HEALTH: Final = 2_000
TRIALS_A_PICTURE: Final = 1_000
SCENES_A_PHANTOM: Final = 60
SESSION_HOURS: Final = 9.0
DOWN: Final = 0.08
"""The share of a session's time before it begins."""
FRAME_MS: Final = 200

Gallery = Mapping[tuple[str, str, float], Sequence[Mapping[str, Any]]]
"""(suite, kind, severity) -> pictures to choose from, as fields of an ``EvidenceRecord``."""


class Made(NamedTuple):
    """A record, and when it was made in ms since 1970; None: now."""

    record: Record
    at_ms: int | None


@dataclass
class Counts:
    """What a device has recorded so far."""

    rows: int = 0
    sessions: int = 0
    trials: int = 0
    flips: int = 0
    clean_seen: int = 0
    perturbed_seen: int = 0
    phantoms: int = 0
    evidence: int = 0
    health: int = 0


class Life:
    """What one device of a plan records. ``counts`` grow as ``records`` is read."""

    def __init__(self, device: Device, plan: Plan, gallery: Gallery) -> None:
        self.device, self.gallery = device, gallery
        self.counts = Counts()
        self._conditions = conditions_of(device.suite)
        self._chance = np.random.default_rng(derived_seed(device.seed, "life"))
        self._span_ms = plan.hours * HOUR_MS * device.until
        self._start_ms = plan.until_ms - plan.hours * HOUR_MS
        wanted = max(2, math.ceil(plan.hours / SESSION_HOURS))
        self._sessions = max(1, min(wanted, device.trials // 100))
        fewest = self._span_ms * TRIALS_A_HEALTH / max(1, device.trials)
        self._health_ms = max(HEALTH_MS, fewest)
        self._health_due = 0.0
        self._scenes = 0

    def records(self) -> Iterator[Made]:
        """All of them, in the order in which the device makes them."""
        for number in range(self._sessions):
            for made in self._session(number):
                self.counts.rows += 1
                yield made

    @property
    def model(self) -> Model:
        """The model that runs now."""
        device = self.device
        later = device.later is not None and self._through >= UPGRADE_AT
        return device.later if later and device.later else device.model

    @property
    def _through(self) -> float:
        return self.counts.trials / max(1, self.device.trials)

    def _at(self, through: float) -> int | None:
        """When a share of the trials was through."""
        if not self._span_ms:
            return None
        session, within = divmod(min(through, 1.0) * self._sessions, 1.0)
        if through >= 1.0:
            session, within = self._sessions - 1.0, 1.0
        share = (session + DOWN + (1 - DOWN) * within) / self._sessions
        return int(self._start_ms + self._span_ms * share)

    def _session(self, number: int) -> Iterator[Made]:
        device, counts = self.device, self.counts
        last = device.trials * (number + 1) // self._sessions
        seeds = (derived_seed(device.seed, number, half) for half in "ab")
        self._name = "".join(f"{seed:016x}" for seed in seeds)
        before = Counts(**vars(counts))
        counts.sessions += 1
        self._eyes = Eyes(self.model, self._conditions, device.fall, device.truth)
        begun = self._at(self._through)
        self._health_due = max(self._health_due, begun or 0)  # it told nothing while it was down
        yield Made(self._begin(), begun)
        self._frame = 0
        while counts.trials < last:
            yield from self._scene(last - counts.trials)
        if not device.silent or number + 1 < self._sessions:
            end = self._at(self._through) if number + 1 == self._sessions else self._last_ms
            yield Made(self._end(before), end)

    def _begin(self) -> SessionRecord:
        device, model = self.device, self._eyes.model
        return SessionRecord(
            session=self._name,
            model_name=model.name[:256],
            model_sha256=model.sha256,
            model_kind=model.kind,
            model_labels=len(model.labels),
            model_runtime=model.runtime,
            profile=device.profile,
            config_sha256=f"{derived_seed(device.seed, 'config'):016x}" * 4,
            suite=device.suite,
            strategy="grid",
            seed=device.number,
            camera=HOSTILE if device.hostile else "v4l2",
            versions={"fieldproof": "0.1.0", "python": "3.11.2", "runtime": model.runtime},
        )

    def _end(self, before: Counts) -> SessionEndRecord:
        now = self.counts
        trials = now.trials - before.trials
        return SessionEndRecord(
            session=self._name,
            frames=self._frame,
            inferences=self._frame + trials,
            trials=trials,
            flips=now.flips - before.flips,
            phantoms=now.phantoms - before.phantoms,
            why="stopped",
        )

    def _scene(self, most: int) -> Iterator[Made]:
        """A target's approach, and the device's readings where they are due before it."""
        start, chance = self._at(self._through), self._chance
        yield from self._health(start)
        night = start is not None and not 6 <= start // HOUR_MS % 24 < 20
        looks = self._eyes.look(chance, 2 * self._scenes, most, self._through, night)
        label = self._eyes.model.labels[int(chance.integers(len(self._eyes.model.labels)))]
        picture = self._pictured(looks)
        frames = looks.frame[-1] + 1
        end = self._at(self._through + len(looks.frame) / self.device.trials)
        step = 0.0 if start is None or end is None else min(FRAME_MS, (end - start) / frames)
        for number, trial in enumerate(self._trials(looks, label)):
            at = None if start is None else int(start + step * looks.frame[number])
            self._last_ms = at
            yield Made(trial, at)
            if number == picture:
                yield Made(self._evidence(trial), at)
        if chance.random() < 1 / SCENES_A_PHANTOM:
            yield Made(self._phantom(), self._last_ms)
        self._frame += frames
        self._scenes += 1

    def _trials(self, looks: Looks, label: str) -> Iterator[TrialRecord]:
        counts, hostile = self.counts, self.device.hostile
        target = HOSTILE if hostile else label
        width = 0.76 * 320
        detects = self._eyes.model.kind != "classifier"
        alike = TrialRecord(
            session=self._name,
            frame=0,
            clip=f"../../{HOSTILE}" if hostile else "v4l2",
            target=target,
            track=f"{HOSTILE}{self._scenes}" if hostile else str(self._scenes),
            from_truth=self.device.truth,
            condition="",
            severity=0,
            clean_seen=True,
            perturbed_seen=True,
            flip=False,
        )
        for frame, row, distance, clean, clean_sure, seen, sure, iou, elsewhere in zip(
            *vars(looks).values(), strict=True
        ):
            condition = self._conditions.made[row]
            flip = clean and not seen
            counts.trials += 1
            counts.clean_seen += clean
            counts.perturbed_seen += seen
            counts.flips += flip
            yield alike.model_copy(
                update={
                    "frame": self._frame + frame,
                    "distance_m": distance if self.device.truth else None,
                    "width_px": round(width / distance, 1),
                    "condition": f"{condition.kind} {HOSTILE}" if hostile else condition.kind,
                    "severity": round(condition.severity, 6),
                    "level": condition.level,
                    "clean_seen": clean,
                    "clean_label": target if clean else None,
                    "clean_confidence": clean_sure,
                    "perturbed_seen": seen,
                    "perturbed_label": target if seen else "billboard" if elsewhere else None,
                    "perturbed_confidence": sure,
                    "iou": iou if detects else None,
                    "flip": flip,
                }
            )

    def _pictured(self, looks: Looks) -> int | None:
        """Which of a scene's trials is sent with pictures: the flip of least severity, now and
        then."""
        if self._chance.random() >= len(looks.frame) / TRIALS_A_PICTURE:
            return None
        lost = [n for n, seen in enumerate(looks.seen) if looks.clean_seen[n] and not seen]
        severity = self._conditions.severity
        return min(lost, key=lambda n: float(severity[looks.condition[n]]), default=None)

    def _evidence(self, trial: TrialRecord) -> EvidenceRecord:
        self.counts.evidence += 1
        kind = trial.condition.removesuffix(f" {HOSTILE}")
        choice = self.gallery[self.device.suite, kind, trial.severity]
        return EvidenceRecord(
            session=trial.session,
            frame=trial.frame,
            clip=trial.clip,
            target=trial.target,
            number=trial.number,
            condition=trial.condition,
            severity=trial.severity,
            **choice[int(self._chance.integers(len(choice)))],
        )

    def _phantom(self) -> PhantomRecord:
        row = int(self._chance.integers(len(self._conditions.made) + 1))
        self.counts.phantoms += 1
        clean = PhantomRecord(session=self._name, frame=self._frame, clip="v4l2", count=1)
        if row == len(self._conditions.made):
            return clean
        condition = self._conditions.made[row]
        where = {"condition": condition.kind, "severity": round(condition.severity, 6)}
        return clean.model_copy(update={**where, "level": condition.level})

    def _health(self, now: int | None) -> Iterator[Made]:
        """Readings that are due by now."""
        if now is None:
            if self.counts.trials >= self._health_due:
                self._health_due += LIVE_TRIALS_A_HEALTH
                yield self._readings(None)
            return
        while self._health_due <= now:
            yield self._readings(int(self._health_due))
            self._health_due += self._health_ms

    def _readings(self, at: int | None) -> Made:
        self.counts.health += 1
        return Made(HealthRecord(session=self._name, readings=self._told(at)), at)

    def _told(self, at: int | None) -> dict[str, float]:
        """What an agent tells, by the names that its probes and its loop use."""
        chance, device = self._chance, self.device
        hour = 12.0 if at is None else at / HOUR_MS % 24
        warmth = math.sin((hour - 9) / 24 * 2 * math.pi)
        heat = 52 + device.seed % 17 + 11 * warmth + float(chance.normal(0, 1.5))
        hot = heat > 76
        predict = (18 + device.seed % 23) * (1.6 if hot else 1.0)
        return {
            "frames_per_s": round(1000 / (9 * predict), 3),
            "predict_ms": round(predict, 3),
            "predict_p95_ms": round(predict * 1.35, 3),
            "predictions": 270.0,
            "temperature_c": round(heat, 1),
            "throttled": float(hot),
            "under_voltage": float(device.number % 40 == 7 and chance.random() < 0.1),
            "load_1min": round(0.8 + float(chance.random()), 2),
            "cpu_mhz": 1200.0 if hot else 1800.0,
            "cpu_share": round(0.24 + 0.02 * float(chance.random()), 4),
            "pause_ms": round(predict * 1.1, 4),
            "paused": 0.0,
            "paused_heat_s": 30.0 if hot else 0.0,
            "kinds_share": 0.2,
            "resident_mb": round(148 + 4 * float(chance.random()), 2),
            "camera_dropped": float(chance.integers(5)),
            "model_replaced": float(device.number == 5 and self._through >= UPGRADE_AT),
            "outbox_rows": float(chance.integers(120) * (30 if device.gap else 1)),
            "outbox_rows_dropped": 0.0,
            "outbox_rows_quarantined": 0.0,
            "link_connects": float(1 + self.counts.sessions),
            "link_takeovers": 0.0,
        }
