"""The wire contract: what the agent says, and how it is written on MQTT. Pure; no paho.

A **batch** carries records of one device. It is compact JSON under zlib; rows of one kind are
folded into columns, and what is the same in all rows is written once. Rows are identified by
(device, epoch, seq): ``epoch`` is new whenever the outbox is created anew, ``seq`` counts up in
it and is never used twice. Order is by (epoch, seq), never by wall time.

``floor`` says that everything below was receipted or given up; ``after`` that the device holds
no other row between ``after`` and this batch's last. So a collector knows what is missing, even
one that starts with an empty store. A batch without rows asks for the receipt of its stream: the
collector answers, and stores nothing. Readers ignore fields that they do not know, and keep rows
of unknown kinds as they came. A change that older readers would misunderstand is a new number in
``schema``.
"""

from __future__ import annotations

from agent.record._build import phantom_record, trial_record
from agent.record._messages import (
    TOPIC_ROOT,
    Batch,
    Command,
    Envelope,
    Packed,
    Receipt,
    Refusal,
    Reply,
    Row,
    Stamp,
    Status,
    Topic,
    check_name,
    parse_topic,
)
from agent.record._rows import (
    FIELDS,
    MAX_SEQ,
    RECORDS,
    Corners,
    EvidenceRecord,
    GapRecord,
    HealthRecord,
    Identifier,
    PayloadError,
    PhantomRecord,
    Record,
    SessionEndRecord,
    SessionRecord,
    TrialRecord,
    VersionError,
)
from agent.record._wire import (
    MAX_PLAIN_BYTES,
    MAX_ROWS,
    MAX_VALUES,
    MAX_WIRE_BYTES,
    MESSAGES,
    decode_answer,
    decode_batch,
    decode_command,
    decode_receipt,
    decode_reply,
    decode_status,
    digest,
    encode_batch,
    encode_message,
    is_sound,
    pack,
    unpack,
)

__all__ = [
    "FIELDS",
    "MAX_PLAIN_BYTES",
    "MAX_ROWS",
    "MAX_SEQ",
    "MAX_VALUES",
    "MAX_WIRE_BYTES",
    "MESSAGES",
    "RECORDS",
    "TOPIC_ROOT",
    "Batch",
    "Command",
    "Corners",
    "Envelope",
    "EvidenceRecord",
    "GapRecord",
    "HealthRecord",
    "Identifier",
    "Packed",
    "PayloadError",
    "PhantomRecord",
    "Receipt",
    "Record",
    "Refusal",
    "Reply",
    "Row",
    "SessionEndRecord",
    "SessionRecord",
    "Stamp",
    "Status",
    "Topic",
    "TrialRecord",
    "VersionError",
    "check_name",
    "decode_answer",
    "decode_batch",
    "decode_command",
    "decode_receipt",
    "decode_reply",
    "decode_status",
    "digest",
    "encode_batch",
    "encode_message",
    "is_sound",
    "pack",
    "parse_topic",
    "phantom_record",
    "trial_record",
    "unpack",
]
