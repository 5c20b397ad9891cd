"""A store as a small fleet leaves it: devices, sessions, trials, pictures, losses and alerts."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from agent.record import (
    Batch,
    Envelope,
    EvidenceRecord,
    GapRecord,
    HealthRecord,
    Record,
    Row,
    SessionEndRecord,
    SessionRecord,
    Stamp,
    Status,
    TrialRecord,
)
from tools.stores import Contact, Letter, Store

HOUR_MS = 3_600_000
NOW_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS + HOUR_MS // 2
"""The moment at which the tests' dashboards live."""

HALF_AT = {"sticker": 0.45, "fog": 0.7, "motion_blur": 0.85, "low_light": 1.4}
SEVERITIES = (0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass
class Camera:
    """A device and what it does. ``weak`` shifts where it breaks; ``hours`` of trials end now."""

    site: str
    device: str
    state: str = "online"
    seen_ago_ms: int = 20_000
    model: str = "stop_sign_v2"
    sha256: str = "ab" * 32
    weak: float = 0.0
    truth: bool = False
    hours: int = 3
    scenes: int = 3
    frames: int = 2
    celsius: float = 55.0
    lost: int = 0
    evidence: int = 2
    profile: str = "raspberry-pi-5"
    suite: str = "quick"
    target: str = "stop sign"
    kinds: dict[str, float] = field(default_factory=lambda: dict(HALF_AT))
    readings: dict[str, float] = field(default_factory=dict)

    @property
    def session(self) -> str:
        return f"s-{self.device}"


LAB = Camera("lab", "pi-1", truth=True)
YARD = Camera("yard", "gate", model="stop_sign_v1", sha256="cd" * 32, weak=0.2, celsius=83, lost=12)
SILENT = Camera("yard", "ramp", seen_ago_ms=47 * 60_000, evidence=0)
OFFLINE = Camera("north", "mast", state="offline", seen_ago_ms=3 * HOUR_MS, evidence=0)
FLEET = (LAB, YARD, SILENT, OFFLINE)


def seed(store: Store, cameras: Sequence[Camera] = FLEET, now_ms: int = NOW_MS) -> None:
    """Fill a store; the same every time."""
    for number, camera in enumerate(cameras):
        records = list(_records(camera, now_ms, np.random.default_rng(number)))
        rows = [
            Row.of(seq, Stamp("boot", seq, at_ms, True), record)
            for seq, (at_ms, record) in enumerate(records, 1)
        ]
        envelope = Envelope(
            site=camera.site, device=camera.device, epoch=f"epoch-{number}",
            after=0, floor=1, boot="boot", monotonic_ms=len(rows), wall_ms=now_ms,
        )  # fmt: skip
        seen = Contact(camera.site, camera.device, now_ms - camera.seen_ago_ms, 40 * number, True)
        store.store_all([Batch(envelope, tuple(rows))], [seen])
        store.status(status_of(camera, now_ms))
    store.bury([Letter("fieldproof/v1/lab/pi-1/rows", b"<b>junk</b>", "it is not JSON")])
    first = store.open_alert(
        "robustness_fell", "yard/gate", "critical",
        "Flip rate on yard/gate rose from 5 % to 21 %; clean accuracy is flat.",
        {"metric": "flip_rate", "baseline": 0.05, "now": 0.21, "scenes": 143}, now_ms - 900_000,
    )  # fmt: skip
    store.open_alert(
        "device_silent", "yard/ramp", "warning", "yard/ramp has said nothing for 47 min.",
        {"limit_s": 300}, now_ms - 2_500_000,
    )  # fmt: skip
    over = store.open_alert(
        "throttled", "yard/gate", "warning", "yard/gate was throttled.", {}, now_ms - 9_000_000
    )
    store.resolve_alert(over, now_ms - 8_000_000)
    assert first != over


def status_of(camera: Camera, now_ms: int) -> Status:
    """The device's last word."""
    online = Status(
        site=camera.site, device=camera.device, state="online", session=camera.session,
        version="0.1.0", wall_ms=now_ms - camera.seen_ago_ms,
    )  # fmt: skip
    return online.model_copy(update={"state": camera.state})


def _records(
    camera: Camera, now_ms: int, random: np.random.Generator
) -> Iterator[tuple[int, Record]]:
    last_ms = now_ms - camera.seen_ago_ms
    begin_ms = last_ms - camera.hours * HOUR_MS + HOUR_MS // 4
    yield begin_ms, _start(camera)
    frame, flips, trials = 0, 0, 0
    for scene in range(camera.hours * camera.scenes):
        at_ms = begin_ms + scene * HOUR_MS // camera.scenes
        yield at_ms, HealthRecord(session=camera.session, readings=_readings(camera, scene, random))
        for _ in range(camera.frames):
            frame += 1
            for kind, half in camera.kinds.items():
                for severity in SEVERITIES:
                    trial = _trial(camera, scene, frame, kind, severity, half, random)
                    flips, trials = flips + trial.flip, trials + 1
                    yield at_ms, trial
                    if trial.flip and flips % 40 == 1 and flips // 40 < camera.evidence:
                        yield at_ms, evidence_of(trial, random)
        frame += 60  # the scene is over
    if camera.lost:
        yield last_ms, GapRecord(
            epoch="epoch-0", first=5, last=5 + camera.lost, rows=camera.lost,
            trials=camera.lost, why="the outbox was full",
        )  # fmt: skip
    if camera.state == "stopped":
        yield last_ms, SessionEndRecord(
            session=camera.session, frames=frame, inferences=trials, trials=trials, flips=flips,
            phantoms=0, why="done",
        )  # fmt: skip


def _start(camera: Camera) -> SessionRecord:
    return SessionRecord(
        session=camera.session, model_name=camera.model, model_sha256=camera.sha256,
        model_kind="ssd", model_labels=2, model_runtime="litert", profile=camera.profile,
        config_sha256="ef" * 32, suite=camera.suite, camera="v4l2",
        versions={"fieldproof": "0.1.0"},
    )  # fmt: skip


def _readings(camera: Camera, scene: int, random: np.random.Generator) -> dict[str, float]:
    warm = camera.celsius + 4 * math.sin(scene / 3) + float(random.normal(0, 0.7))
    return {
        "temperature_c": round(warm, 1),
        "throttled": float(warm > 80),
        "frames_per_s": round(4.2 + float(random.normal(0, 0.3)), 2),
        "outbox_rows": float(random.integers(0, 40)),
        "cpu_share": 0.31,
        **camera.readings,
    }


def _trial(
    camera: Camera,
    scene: int,
    frame: int,
    kind: str,
    severity: float,
    half: float,
    random: np.random.Generator,
) -> TrialRecord:
    clean = bool(random.random() < 0.96)
    chance = 1 / (1 + math.exp(-(severity - half + camera.weak) / 0.09))
    lost = bool(random.random() < chance)
    seen = clean and not lost
    misread = not seen and random.random() < 0.3
    sure = round(float(random.uniform(0.8, 0.98)), 3)
    return TrialRecord(
        session=camera.session, frame=frame, clip="live", target=camera.target,
        track=f"t{scene}", from_truth=camera.truth, condition=kind, severity=severity,
        width_px=12.0 + 10 * (frame % 4), distance_m=24.0 - 6 * (frame % 4),
        clean_seen=clean, clean_label=camera.target if clean else None,
        clean_confidence=sure if clean else None, perturbed_seen=seen,
        perturbed_label=camera.target if seen else "speed limit" if misread else None,
        perturbed_confidence=round(sure * (1 - chance / 2), 3) if seen or misread else None,
        iou=0.8 if seen else None, flip=clean and not seen,
    )  # fmt: skip


def evidence_of(trial: TrialRecord, random: np.random.Generator) -> EvidenceRecord:
    """A picture of a red sign, and the same through haze."""
    pixels = np.full((120, 160, 3), (120, 140, 150), np.uint8)
    pixels[80:] = 90
    cv2.circle(pixels, (80, 52), 26, (40, 40, 190), -1)
    hazy = cv2.addWeighted(pixels, 0.4, np.full_like(pixels, 200), 0.6, 0)
    noise = random.integers(0, 12, pixels.shape, np.uint8)
    return EvidenceRecord(
        session=trial.session, frame=trial.frame, clip=trial.clip, target=trial.target,
        number=trial.number, condition=trial.condition, severity=trial.severity,
        width_px=160, height_px=120, clean=_jpeg(pixels), perturbed=_jpeg(hazy + noise),
        clean_box=(0.33, 0.2, 0.67, 0.66), target_box=(0.34, 0.22, 0.66, 0.65),
        perturbed_box=(0.4, 0.3, 0.7, 0.6) if trial.perturbed_label else None,
    )  # type: ignore[call-arg, unused-ignore]  # fmt: skip


def _jpeg(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> str:
    done, data = cv2.imencode(".jpg", pixels)
    assert done
    return base64.b64encode(data.tobytes()).decode()
