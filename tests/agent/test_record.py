"""The wire contract: what goes in comes out, and what should not go in does not."""

from __future__ import annotations

import json
import random
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.record import (
    MAX_PLAIN_BYTES,
    MAX_WIRE_BYTES,
    Envelope,
    GapRecord,
    HealthRecord,
    PayloadError,
    PhantomRecord,
    Receipt,
    Record,
    Stamp,
    Status,
    Topic,
    TrialRecord,
    VersionError,
    decode_batch,
    decode_receipt,
    decode_status,
    encode_batch,
    encode_message,
    pack,
    parse_topic,
    phantom_record,
    trial_record,
    unpack,
)
from agent.values import Box, Condition, Part, Sighting, Target, Trial

GOLDEN = Path(__file__).with_name("golden_batch_v1.json")
AT = Stamp("b00t", 1_000, 1_795_000_000_000, True)

share = st.none() | st.floats(0, 1)
whole = st.integers(-(2**63) + 1, 2**63 - 1)
count = st.integers(0, 2**63 - 1)
word = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
trials = st.builds(
    TrialRecord,
    session=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    frame=count,
    clip=word,
    target=word,
    number=count,
    track=word,
    distance_m=st.none() | st.floats(0, 1e6),
    width_px=st.none() | st.floats(0, 1e6),
    from_truth=st.booleans(),
    condition=word,
    severity=st.floats(0, 1),
    level=st.none() | whole,
    parts=st.lists(st.tuples(word, st.floats(0, 1)), max_size=4).map(tuple),
    seed=whole,
    clean_seen=st.booleans(),
    clean_label=st.none() | word,
    clean_confidence=share,
    perturbed_seen=st.booleans(),
    perturbed_label=st.none() | word,
    perturbed_confidence=share,
    iou=share,
    flip=st.booleans(),
)
healths = st.builds(
    HealthRecord,
    session=st.just("s"),
    readings=st.dictionaries(
        st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
        st.floats(allow_nan=False, allow_infinity=False),
        max_size=5,
    ),
)
gaps = st.builds(
    GapRecord,
    epoch=st.just("e"),
    first=st.just(1),
    last=st.integers(1, 9),
    rows=count,
    trials=count,
    why=word,
)
stamps = st.builds(
    Stamp,
    st.sampled_from(["boot-1", "boot-2"]),
    st.integers(0, 2**50),
    st.integers(0, 2**50),
    st.booleans(),
)


def envelope(**changes: Any) -> Envelope:
    known = {"site": "lab", "device": "pi", "epoch": "e", "boot": "b", "monotonic_ms": 5}
    return Envelope(**{**known, "wall_ms": 7, **changes})


def wire(tree: object) -> bytes:
    return zlib.compress(json.dumps(tree).encode())


def tree(payload: bytes) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(zlib.decompress(payload))
    return read


def a_trial(**changes: Any) -> TrialRecord:
    plain = trial_record(
        Trial(
            3,
            "drive",
            Target(3, 0, "stop sign", Box(1, 1, 41.06, 40), track="t", distance_m=12.346),
            Condition((Part("fog", 0.5),), seed=2**62),
            Sighting(True, "stop sign", 0.98765, 0.9),
            Sighting(False, None, 0.0, None),
        ),
        "s1",
    )
    return plain.model_copy(update=changes)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(trials | healths | gaps, stamps), min_size=1, max_size=8),
    skips=st.lists(st.integers(1, 5), min_size=8, max_size=8),
)
def test_what_is_encoded_is_decoded_the_same(
    rows: list[tuple[Record, Stamp]], skips: list[int]
) -> None:
    seq, packed = 0, []
    for (record, stamp), skip in zip(rows, skips, strict=False):
        seq += skip
        packed.append(pack(seq, stamp, record))
    batch = decode_batch(encode_batch(envelope(floor=1, after=0), packed))
    assert [row.seq for row in batch.rows] == [row.seq for row in packed]
    assert [row.record for row in batch.rows] == [record for record, _ in rows]
    assert [row.stamp for row in batch.rows] == [stamp for _, stamp in rows]
    assert batch.envelope == envelope(floor=1, after=0)
    assert [unpack(row) for row in packed] == [record for record, _ in rows]


def test_a_batch_without_rows_is_a_question_and_settles_nothing() -> None:
    head = Envelope(
        site="lab", device="pi", epoch="e", after=7, boot="b", monotonic_ms=1, wall_ms=2
    )
    batch = decode_batch(encode_batch(head, []))
    assert (batch.rows, batch.last) == ((), 7)


def test_a_trial_becomes_a_record_with_numbers_rounded_to_their_worth() -> None:
    record = a_trial()
    assert (record.distance_m, record.width_px) == (12.35, 40.1)
    assert (record.clean_confidence, record.seed, record.flip) == (0.9877, 2**62, True)
    assert record.parts == ()


def test_a_trial_on_the_object_says_how_its_place_was_known_and_others_send_nothing_of_it() -> None:
    sign = Target(3, 0, "stop sign", Box(1, 1, 5, 5), placement="outline")
    seen = Sighting(True, "stop sign", 0.9)
    on_sign = Condition((Part("tape", 0.5),), per_target=True)
    fog = Condition((Part("fog", 0.5),))
    told = trial_record(Trial(3, "c", sign, on_sign, seen, seen, "tiny"), "s")
    assert (told.placement, told.remark) == ("outline", "tiny")
    silent = pack(1, AT, trial_record(Trial(3, "c", sign, fog, seen, seen), "s"))
    assert b"placement" not in silent.body
    assert b"remark" not in silent.body


def test_a_confidence_that_is_not_a_number_is_sent_as_unknown() -> None:
    trial = Trial(
        0,
        "c",
        Target(0, 0, "x"),
        Condition((Part("fog", 0.5), Part("rain", 1.0))),
        Sighting(True, "x", float("nan")),
        Sighting(True, "x", 0.5),
    )
    record = trial_record(trial, "s")
    assert record.clean_confidence is None
    assert record.parts == (("fog", 0.5), ("rain", 1.0))


def test_a_quantised_score_above_one_is_cut_rather_than_refused() -> None:
    trial = Trial(
        0,
        "c",
        Target(0, 0, "x"),
        Condition((Part("fog", 0.5),)),
        Sighting(True, "x", 256 / 255),
        Sighting(True, "x", -0.01),
    )
    record = trial_record(trial, "s")
    assert (record.clean_confidence, record.perturbed_confidence) == (1.0, 0.0)


def test_phantoms_on_the_clean_frame_have_no_condition() -> None:
    assert phantom_record("s", 1, "c", None, 2).condition == ""
    fog = Condition((Part("fog", 0.5),), level=3)
    assert phantom_record("s", 1, "c", fog, 2) == PhantomRecord(
        session="s", frame=1, clip="c", condition="fog", severity=0.5, level=3, count=2
    )


def test_nan_is_refused_in_both_directions() -> None:
    with pytest.raises(ValidationError):
        HealthRecord(session="s", readings={"fps": float("nan")})
    good = tree(
        encode_batch(envelope(), [pack(1, AT, HealthRecord(session="s", readings={"a": 1.0}))])
    )
    for bad in (float("nan"), float("inf")):
        good["groups"][0]["same"]["readings"]["a"] = bad
        with pytest.raises(PayloadError):
            decode_batch(wire(good))


def test_ten_trials_take_at_most_150_bytes_each_on_the_wire() -> None:
    chance = random.Random(1)
    rows = [
        pack(
            5000 + i,
            Stamp("0f" * 16, 10**6 + 33 * i + chance.randrange(9), 10**12 + 33 * i, True),
            a_trial(
                session="ab" * 16,
                condition=chance.choice(["fog", "rain", "sticker"]),
                severity=chance.choice([0.25, 0.5, 0.75, 1.0]),
                seed=chance.getrandbits(62),
                clean_confidence=round(chance.random(), 4),
                perturbed_confidence=round(chance.random(), 4),
                iou=round(chance.random(), 3),
                distance_m=round(chance.uniform(2, 40), 2),
                width_px=round(chance.uniform(2, 99), 1),
            ),
        )
        for i in range(10)
    ]
    head = envelope(epoch=f"{chance.getrandbits(128):x}", boot=f"{chance.getrandbits(128):x}")
    assert len(encode_batch(head, rows)) / 10 <= 150


def test_a_zip_bomb_ends_at_the_size_limit() -> None:
    deflate = zlib.compressobj(9)
    bomb = b"".join(deflate.compress(b" " * (1 << 20)) for _ in range(200)) + deflate.flush()
    assert len(bomb) < MAX_WIRE_BYTES
    tracemalloc.start()
    try:
        with pytest.raises(PayloadError, match="unpacks to more"):
            decode_batch(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * MAX_PLAIN_BYTES


def test_a_bomb_just_above_the_limit_is_told_from_one_below() -> None:
    bomb = zlib.compress(b" " * (MAX_PLAIN_BYTES + 1000))
    assert len(bomb) < 20_000
    with pytest.raises(PayloadError, match="unpacks to more"):
        decode_batch(bomb)


def test_what_is_written_once_cannot_be_meant_too_often() -> None:
    huge = tree(
        encode_batch(envelope(), [pack(1, AT, HealthRecord(session="s", readings={"a": 1.0}))])
    )
    huge["groups"][0]["seqs"] = [[1, 10_000]]
    huge["groups"][0]["same"]["ignored"] = "x" * 100_000
    with pytest.raises(PayloadError, match="unfolds"):
        decode_batch(wire(huge))


ENVELOPE = {"site": "a", "device": "b", "epoch": "e", "boot": "b", "monotonic_ms": 1, "wall_ms": 1}
MANY_NAMES = {f"!{i}": 1 for i in range(300_000)}
TIMES = {"same": {"boot": "b", "ms": 1, "wall": 1}}


@pytest.mark.parametrize(
    "tree",
    [
        {**ENVELOPE, "hashes": MANY_NAMES},
        {**ENVELOPE, "x": [[]] * 2_000_000},
        {**ENVELOPE, "groups": [{"kind": "x", "times": TIMES, "seqs": [0] * 2_000_000}]},
        {
            **ENVELOPE,
            "groups": [{"kind": "x", "times": TIMES, "seqs": [[1, 1]], "columns": MANY_NAMES}],
        },
        {
            **ENVELOPE,
            "groups": [{"kind": "trial", "times": TIMES, "seqs": [[1, 10_000]], "same": {}}],
        },
        {
            **ENVELOPE,
            "groups": [
                {
                    "kind": "health",
                    "times": TIMES,
                    "seqs": [[1, 1]],
                    "same": {"session": "s", "readings": MANY_NAMES},
                }
            ],
        },
    ],
    ids=["hashes", "values", "seqs", "columns", "rows", "readings"],
)
def test_what_is_wrong_many_times_takes_no_memory_to_refuse(tree: dict[str, Any]) -> None:
    """Each wrong entry of a validated collection is an error in memory: there were 880 MB once."""
    payload = wire(tree)
    assert len(payload) <= MAX_WIRE_BYTES
    before = _resident_peak()
    with pytest.raises(PayloadError) as caught:
        decode_batch(payload)
    assert len(str(caught.value)) < 1000
    assert _resident_peak() - before < 150


def _resident_peak() -> float:
    """The process's highest memory, in MB, since this was last asked."""
    said = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) for line in said.splitlines() if line.startswith("VmHWM"))
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak / 1024


def test_a_batch_of_a_later_version_is_told_from_a_wrong_one() -> None:
    good = tree(encode_batch(envelope(), [pack(1, AT, a_trial())]))
    with pytest.raises(VersionError, match=r"fieldproof\.batch/2"):
        decode_batch(wire({**good, "schema": "fieldproof.batch/2", "groups": "of another form"}))
    for other in ("fieldproof.batch/two", "batch/2", 2, None, ["fieldproof.batch/2"]):
        with pytest.raises(PayloadError) as caught:
            decode_batch(wire({**good, "schema": other}))
        assert type(caught.value) is PayloadError


def _hostile() -> list[bytes]:
    good = tree(encode_batch(envelope(after=3), [pack(4, AT, a_trial()), pack(5, AT, a_trial())]))
    assert decode_batch(wire(good))
    group = good["groups"][0]
    return [
        b"",
        b"not zlib",
        b"x" * (MAX_WIRE_BYTES + 1),
        wire(good)[:-3],
        wire(good) + b"tail",
        zlib.compress(b"[" * 100_000),
        zlib.compress(b"\xff\xfe"),
        zlib.compress(b'"\\ud800"'),
        wire([]),
        wire({**good, "schema": "fieldproof.batch/9"}),
        wire({**good, "device": "../pi"}),
        wire({**good, "device": "pi\n"}),
        wire({**good, "after": 4}),
        wire({**good, "groups": [group, group]}),
        wire({**good, "groups": [{**group, "seqs": [[1, 10**18]]}]}),
        wire({**good, "groups": [{**group, "seqs": [[2**63 - 1, 2]]}]}),
        wire({**good, "groups": [{**group, "seqs": [[4, 0]]}]}),
        wire({**good, "groups": [{**group, "columns": {"frame": [1, 2, 3]}}]}),
        wire({**good, "groups": [{**group, "same": {**group["same"], "severity": 1.5}}]}),
        wire({**good, "groups": [{**group, "same": {**group["same"], "seed": 2**63}}]}),
        wire({**good, "groups": [{**group, "same": {**group["same"], "clip": "x" * 2000}}]}),
    ]


@pytest.mark.parametrize("payload", _hostile(), ids=range(len(_hostile())))
def test_a_hostile_batch_is_refused_with_a_reason(payload: bytes) -> None:
    with pytest.raises(PayloadError) as caught:
        decode_batch(payload)
    assert 0 < len(str(caught.value)) < 1000


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_damaged_bytes_never_end_in_another_error(noise: bytes, at: int) -> None:
    plain = zlib.decompress(encode_batch(envelope(), [pack(1, AT, a_trial())]))
    for payload in (noise, zlib.compress(plain[:at] + noise + plain[at + len(noise) :])):
        try:
            decode_batch(payload)
        except PayloadError:
            continue


def test_batches_recorded_with_version_1_are_still_read() -> None:
    """An agent of any version may meet this collector: recorded messages, never made anew."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    batch = decode_batch(bytes.fromhex(golden["hex"]))
    assert batch.envelope.model_dump(by_alias=True) == golden["envelope"]
    read = [
        [row.seq, row.kind, list(row.stamp), json.loads(row.record.model_dump_json())]
        for row in batch.rows
        if row.record is not None
    ]
    for row, (*_, known) in zip(read, golden["rows"], strict=True):
        later = {name: row[3].pop(name) for name in set(row[3]) - set(known)}
        assert not any(later.values()), "a field that came later is empty"
    assert read == golden["rows"]


def test_fields_and_kinds_of_a_newer_agent_are_not_fatal() -> None:
    newer = tree(encode_batch(envelope(), [pack(1, AT, a_trial()), pack(2, AT, a_trial())]))
    newer["mood"] = "bright"
    newer["groups"][0]["same"]["weather"] = "fine"
    unknown = {**newer["groups"][0], "kind": "dream", "seqs": [[3, 1]], "columns": {}}
    batch = decode_batch(wire({**newer, "groups": [*newer["groups"], unknown]}))
    assert [(row.seq, row.kind, row.record is None) for row in batch.rows] == [
        (1, "trial", False),
        (2, "trial", False),
        (3, "dream", True),
    ]
    assert json.loads(batch.rows[2].raw) == unknown["same"]


def test_status_and_receipt_round_trip_and_refuse_what_is_not_theirs() -> None:
    status = Status(site="a", device="b", state="online", session="s")
    receipt = Receipt(device="b", epoch="e", seq=7)
    assert decode_status(encode_message(status)) == status
    assert decode_receipt(encode_message(receipt)) == receipt
    for bad in (b"", b"{}", encode_message(status), b" " * 100_000):
        with pytest.raises(PayloadError):
            decode_receipt(bad)


def test_topics_are_built_and_parsed() -> None:
    topic = Topic("lab", "pi-1", "records")
    assert str(topic) == "fieldproof/v1/lab/pi-1/records"
    assert parse_topic(str(topic)) == topic


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fieldproof/v1/lab/pi",
        "fieldproof/v2/lab/pi/records",
        "fieldproof/v1/lab/pi/records/more",
        "fieldproof/v1/lab/p i/records",
        "fieldproof/v1/+/pi/records",
        "fieldproof/v1/lab/pi/records\n",
        f"fieldproof/v1/lab/{'x' * 65}/records",
    ],
)
def test_a_topic_that_is_not_of_the_contract_is_refused(text: str) -> None:
    with pytest.raises(PayloadError):
        parse_topic(text)
