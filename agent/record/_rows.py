"""The records: one class per kind of row, each a frozen value whose limits are its fields' own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from agent.errors import DataError

MAX_SEQ: Final = 2**63 - 1

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Seq = Annotated[int, Field(ge=1, le=MAX_SEQ)]
Count = Annotated[int, Field(ge=0, le=MAX_SEQ)]
Whole = Annotated[int, Field(ge=-MAX_SEQ, le=MAX_SEQ)]
Millis = Annotated[int, Field(ge=-(2**53), le=2**53)]
Name = Annotated[str, Field(max_length=256)]
Text = Annotated[str, Field(max_length=1024)]
Share = Annotated[float, Field(ge=0, le=1)]
Jpeg = Annotated[str, Field(max_length=61_440, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
Length = Annotated[float, Field(ge=0)]
Corners = tuple[Share, Share, Share, Share]
"""A box as left, top, right, bottom, in shares of the picture's width and height."""


class PayloadError(DataError):
    """Bytes that are not a message of this contract, or records that cannot become one."""


class VersionError(PayloadError):
    """A message of a version that this one does not read; nothing is wrong with its rows."""


def few(most: int) -> BeforeValidator:
    """At most so many entries, counted before they are validated.

    ``max_length`` looks at them all first and keeps an error in memory for each that is wrong.
    """

    def check(value: Any) -> Any:
        if isinstance(value, (dict, list)) and len(value) > most:
            raise ValueError(f"there are {len(value)} entries, more than {most}")
        return value

    return BeforeValidator(check)


class Value(BaseModel):
    """Immutable; unknown fields are ignored; NaN and infinity are refused."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)


class Record(Value):
    """One row. ``rank``: the lowest is given up first when the outbox is full, 9 never."""

    kind: ClassVar[str]
    rank: ClassVar[int] = 9


class SessionRecord(Record):
    """A session begins: what runs, on what, with which settings."""

    kind: ClassVar[str] = "session"
    rank: ClassVar[int] = 8
    session: Identifier
    model_name: Name
    model_sha256: Name
    model_kind: Name
    model_labels: Count
    model_runtime: Name = ""
    profile: Name
    config_sha256: Name
    suite: Name
    strategy: Name = ""
    seed: Whole = 0
    camera: Name
    versions: Annotated[dict[Name, Name], Field(max_length=64, default_factory=dict), few(64)]


class SessionEndRecord(Record):
    """A session ends: what the agent counted, to be held against what was stored."""

    kind: ClassVar[str] = "session_end"
    rank: ClassVar[int] = 8
    session: Identifier
    frames: Count
    inferences: Count
    trials: Count
    flips: Count
    phantoms: Count
    rejected: Count = 0
    why: Name = ""


class TrialRecord(Record):
    """One target under one condition, before and after; see ``agent.values.Trial``.

    Confidences and IoU are in [0, 1], None where there is none. ``parts`` is empty where the
    condition has but one. ``width_px`` is the target's width in the clean frame. Only for a
    condition that lies on the object, ``placement`` says how its place was known, and ``remark``
    why little of it could be seen.
    """

    kind: ClassVar[str] = "trial"
    rank: ClassVar[int] = 3
    session: Identifier
    frame: Count
    clip: Text
    target: Name
    number: Count = 0
    track: Name = ""
    distance_m: Length | None = None
    width_px: Length | None = None
    from_truth: bool = True
    condition: Name
    severity: Share
    level: Whole | None = None
    parts: Annotated[tuple[tuple[Name, Share], ...], Field(max_length=32)] = ()
    seed: Whole = 0
    clean_seen: bool
    clean_label: Name | None = None
    clean_confidence: Share | None = None
    perturbed_seen: bool
    perturbed_label: Name | None = None
    perturbed_confidence: Share | None = None
    iou: Share | None = None
    flip: bool
    placement: Name = ""
    remark: Name = ""


class PhantomRecord(Record):
    """Targets seen where none is, in one picture. ``condition`` is empty for the clean frame."""

    kind: ClassVar[str] = "phantom"
    rank: ClassVar[int] = 2
    session: Identifier
    frame: Count
    clip: Text
    condition: Name = ""
    severity: Share = 0.0
    level: Whole | None = None
    count: Seq


class HealthRecord(Record):
    """The device's readings: name with its unit (``temperature_c``) -> value."""

    kind: ClassVar[str] = "health"
    rank: ClassVar[int] = 1
    session: Identifier
    readings: Annotated[dict[Identifier, float], Field(max_length=64), few(64)]


class EvidenceRecord(Record):
    """A trial's pictures, where a device is told to send some: JPEG in base64, in RGB.

    ``width_px`` and ``height_px`` are those of both pictures, which may be smaller than the frame.
    Boxes are left, top, right, bottom in shares of the picture, None where there is none: where
    the target is, and what the model saw in its place in the clean and the perturbed picture.
    """

    kind: ClassVar[str] = "evidence"
    rank: ClassVar[int] = 0
    session: Identifier
    frame: Count
    clip: Text
    target: Name
    number: Count = 0
    condition: Name
    severity: Share
    width_px: Seq
    height_px: Seq
    clean: Jpeg
    perturbed: Jpeg
    target_box: Corners | None = None
    clean_box: Corners | None = None
    perturbed_box: Corners | None = None


class GapRecord(Record):
    """Rows that will never arrive: of seqs ``first``..``last`` in ``epoch``, ``rows`` are lost."""

    kind: ClassVar[str] = "gap"
    epoch: Identifier
    first: Seq
    last: Seq
    rows: Count
    trials: Count
    why: Name


RECORDS: Final[Mapping[str, type[Record]]] = {
    model.kind: model
    for model in (
        SessionRecord,
        SessionEndRecord,
        TrialRecord,
        PhantomRecord,
        HealthRecord,
        EvidenceRecord,
        GapRecord,
    )
}

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    kind: tuple(model.model_fields) for kind, model in RECORDS.items()
}
"""The names of a kind's fields, in the order in which a row holds their values."""
