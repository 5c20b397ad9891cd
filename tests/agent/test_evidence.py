"""Pictures leave a device only where it is told so, and then few and small ones."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.assembly import Examiner
from agent.evidence import Bucket, Evidence, compress, shares
from agent.profile import EvidenceTable, load_profile
from agent.record import Envelope, EvidenceRecord, Stamp, decode_batch, encode_batch, pack
from agent.run import Run, RunPlan
from agent.session import Examination, Inference
from agent.telemetry.link import Address, Link, Message
from agent.telemetry.mqtt import MAX_BATCH_BYTES
from agent.values import Box, Condition, Frame, Part, Sighting, Target, Trial
from tools.broker import LocalBroker
from tools.collector import Collector
from tools.stores import open_store

CARD = Path(__file__).resolve().parents[2] / "tools" / "demo" / "model" / "stop_sign.toml"
SIZE = (160, 120)
BOX = (0.12345, 0.23456, 0.34567, 0.45678)


def plan(broker: LocalBroker, folder: Path, allowed: EvidenceTable, ack: Any) -> RunPlan:
    suite = folder / "suite.toml"
    suite.write_text(
        'schema = "fieldproof.suite/1"\nseverities = [0.9, 1.0]\n'
        'conditions = [{kind = "fog"}, {kind = "sticker"}]\n'
    )
    profile = load_profile("generic-x86-64").model_copy(update={"evidence": allowed})
    return RunPlan(
        Examiner(CARD, str(suite), checked=True),
        profile,
        f"drive_by:width={SIZE[0]},height={SIZE[1]},fps=2,passes=1",
        Address.parse(broker.url),
        folder / "state",
        ack=ack,
    )


def sent(broker: LocalBroker, folder: Path, allowed: EvidenceTable) -> list[Message]:
    """All that a run sends to its broker, as a listener on every topic hears it."""
    with Link(Address.parse(broker.url), "watcher") as link:
        link.subscribe(["#"])
        report = Run(plan(broker, folder, allowed, "broker")).go()
        assert (report.waiting, report.totals.flips > 0) == (0, True)
        while not any(b'"stopped"' in message.payload for message in link.messages):
            link.step(0.2)
        return list(link.messages)


def walk(tree: object) -> Iterator[object]:
    """All that is in a message, keys too."""
    yield tree
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from (*walk(key), *walk(value))
    elif isinstance(tree, list):
        for value in tree:
            yield from walk(value)


def plain(message: Message) -> bytes:
    return message.payload if message.payload[:1] == b"{" else zlib.decompress(message.payload)


def shows_a_picture(text: str) -> bool:
    """Whether a text could hold image data: base64 of a size that no name has."""
    return len(text) > 100 or text.startswith(("/9j/", "iVBOR"))


def test_without_the_option_no_image_content_leaves_the_device(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    messages = sent(mosquitto, tmp_path, EvidenceTable())
    kinds: set[str] = set()
    for message in messages:
        found = list(walk(json.loads(plain(message))))
        assert not [text for text in found if isinstance(text, str) and shows_a_picture(text)]
        kinds |= {text for text in found if isinstance(text, str)} & {"trial", "evidence"}
        # Nor rows of numbers that could be pixels: a batch has a hundred rows at most.
        assert all(len(part) <= 100 for part in found if isinstance(part, list))
    assert kinds == {"trial"}


def test_with_the_option_the_pictures_of_failures_are_sent_and_stored(
    mosquitto: LocalBroker, tmp_path: Path
) -> None:
    allowed = EvidenceTable(per_hour=24, max_bytes=6000, max_px=100)
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        with Collector(Address.parse(mosquitto.url), store) as collector:
            assert collector.check(10)
            report = Run(plan(mosquitto, tmp_path, allowed, "collector")).go()
        assert report.waiting == 0
        rows = list(store.rows("evidence"))
        # Five minutes' worth at once, and a run is too short for more.
        assert len(rows) == 2
        for row in rows:
            clean, perturbed = (base64.b64decode(row[name]) for name in ("clean", "perturbed"))
            assert len(clean) + len(perturbed) <= 6000
            first, second = decoded(clean), decoded(perturbed)
            assert first.shape == second.shape == (row["height_px"], row["width_px"], 3)
            assert max(first.shape) <= 100
            assert len(json.loads(row["target_box"])) == len(json.loads(row["clean_box"])) == 4
            assert np.abs(first.astype(int) - second).mean() > 1
            trials = list(store.trials(report.session))
            assert [
                trial["flip"]
                for trial in trials
                if (trial["frame"], trial["condition"], trial["severity"], trial["number"])
                == (row["frame"], row["condition"], row["severity"], row["number"])
            ] == [1]


def test_the_largest_pair_fits_a_batch_and_is_read_back() -> None:
    allowed = EvidenceTable(per_hour=1, max_bytes=45_000)
    pair = compress(noise(300), noise(300), allowed.max_bytes, allowed.max_px)
    assert pair is not None
    assert len(pair.clean) + len(pair.perturbed) > 30_000
    texts = {
        "clean": base64.b64encode(pair.clean).decode(),
        "perturbed": base64.b64encode(pair.perturbed).decode(),
    }
    record = EvidenceRecord(
        session="s", frame=0, clip="c", target="stop sign", condition="fog", severity=0.5,
        width_px=pair.width, height_px=pair.height, **texts,
        target_box=BOX, clean_box=BOX, perturbed_box=BOX,
    )  # fmt: skip
    envelope = Envelope(site="s", device="d", epoch="e", boot="b", monotonic_ms=0, wall_ms=0)
    payload = encode_batch(envelope, [pack(1, Stamp("b", 0, 0, True), record)])
    assert len(payload) < MAX_BATCH_BYTES - 200
    assert decode_batch(payload).rows[0].record == record


def frame(pixels: NDArray[np.uint8]) -> Frame:
    return Frame(pixels, 0, "clip")


def lost(clean: Box, perturbed: Box | None) -> Trial:
    """Of a target that is half outside of the picture."""
    label = "stop sign"
    target = Target(0, 0, label, Box(-40, 30, 80, 90))
    condition = Condition((Part("fog", 0.5),))
    seen = Sighting(True, label, 0.9, None, clean)
    return Trial(0, "clip", target, condition, seen, Sighting(False, None, 0.0, None, perturbed))


def test_a_record_has_the_boxes_of_what_was_there_and_what_was_seen() -> None:
    kept: list[EvidenceRecord] = []
    session = Examiner(CARD, checked=True).open(None)[0]
    trial = lost(Box(38.0, 30.0, 82.0, 89.0), None)
    seen = Examination(
        0, "clip", (trial.target,), (trial.clean,), 0, (Inference(trial.condition, (trial,), 0),)
    )
    pictures = frame(np.full((120, 160, 3), 128, np.uint8))
    allowed = EvidenceTable(per_hour=1)
    Evidence(allowed, session, "s", kept.append, Bucket(1)).offer(pictures, seen)  # type: ignore[arg-type]
    record = kept[0]
    assert record.target_box == (0.0, 0.25, 0.5, 0.75), "in shares, and cut to the picture"
    assert record.clean_box == (0.2375, 0.25, 0.5125, 0.74167)
    assert record.perturbed_box is None, "nothing was seen there"


@pytest.mark.parametrize(
    "box", [None, Box(160, 0, 200, 50), Box(10, 10, 10, 40), Box(float("nan"), 0, 5, 5)]
)
def test_what_has_no_place_in_the_picture_has_no_box(box: Box | None) -> None:
    assert shares(box, frame(np.zeros((120, 160, 3), np.uint8))) is None


def decoded(jpeg: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def noise(side: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)


@pytest.mark.parametrize("max_bytes", [2000, 20_000, 45_000])
def test_pictures_are_made_smaller_until_they_fit(max_bytes: int) -> None:
    pair = compress(noise(400), noise(400), max_bytes, 640)
    assert pair is not None
    assert len(pair.clean) + len(pair.perturbed) <= max_bytes
    assert decoded(pair.clean).shape == (pair.height, pair.width, 3)
    assert pair.width < 400
    assert compress(noise(64), noise(64), 500, 640) is None


def test_tokens_come_back_at_the_rate_and_are_not_saved_for_ever() -> None:
    now = 0.0
    bucket = Bucket(24, lambda: now)
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now = 149.0
    assert not bucket.take()
    now = 151.0
    assert [bucket.take(), bucket.take()] == [True, False]
    now = 1e6
    assert [bucket.take() for _ in range(3)] == [True, True, False]
