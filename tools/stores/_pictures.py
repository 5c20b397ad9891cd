"""Evidence: the pictures of trials, and what was seen on them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

from tools.stores._database import Database
from tools.stores._queries import MODELS, both, senders, times, values
from tools.stores._values import Place, Scope

BEHIND: Final = 2_000
"""Evidence follows its frame's trials at once: its trial is among so many rows before it."""
DAY_MS: Final = 86_400_000

_BOXES: Final = ("clean_box", "perturbed_box", "target_box")
_SEEN: Final = (
    *("clean_seen", "clean_label", "clean_confidence"),
    *("perturbed_seen", "perturbed_label", "perturbed_confidence", "iou", "flip"),
)
_COLUMNS: Final = (
    *("stream", "seq", "at_ms", "session", "frame", "clip", "target", "number", "condition"),
    *("severity", "width_px", "height_px", *_BOXES),
)
_EVIDENCE: Final = f"""
WITH {MODELS},
page AS (SELECT streams.site, streams.device, models.model_name, models.model_sha256,
        {", ".join(f"evidence.{name}" for name in _COLUMNS)}
    FROM evidence JOIN streams ON streams.id = evidence.stream
    LEFT JOIN models ON models.site = streams.site AND models.device = streams.device
        AND models.session = evidence.session
    WHERE {{}}
    ORDER BY evidence.at_ms DESC, evidence.stream DESC, evidence.seq DESC LIMIT :limit),
known AS (SELECT page.*, (SELECT its.seq FROM trials AS its
        WHERE its.stream = page.stream AND its.seq > page.seq - {BEHIND} AND its.seq < page.seq
        AND its.at_ms >= page.at_ms - {DAY_MS} AND its.at_ms <= page.at_ms + {DAY_MS}
        AND its.session = page.session AND its.frame = page.frame AND its.number = page.number
        AND its.condition = page.condition AND its.severity = page.severity
        ORDER BY its.seq DESC LIMIT 1) AS trial
    FROM page)
SELECT known.*, {", ".join(f"trials.{name}" for name in _SEEN)}
FROM known LEFT JOIN trials ON trials.stream = known.stream AND trials.seq = known.trial
    AND trials.at_ms >= known.at_ms - {DAY_MS} AND trials.at_ms <= known.at_ms + {DAY_MS}
ORDER BY known.at_ms DESC, known.stream DESC, known.seq DESC
"""


def evidence(
    db: Database,
    scope: Scope,
    severity: float | None,
    limit: int,
    before: Place | None,
    target: str,
) -> Iterator[dict[str, Any]]:
    """See ``Store.evidence``."""
    wanted = [*senders(scope), *times(scope, "evidence.at_ms")]
    wanted += ["evidence.session = :session"] if scope.session else []
    wanted += ["models.model_sha256 = :model"] if scope.model else []
    wanted += ["evidence.condition = :condition"] if scope.condition else []
    wanted += [] if severity is None else ["evidence.severity = :severity"]
    wanted += ["evidence.target = :target"] if target else []
    place = {} if before is None else before._asdict()
    if place:
        names = ", ".join(f"evidence.{name}" for name in place)
        wanted.append(f"({names}) < ({', '.join(f':{name}' for name in place)})")
    asked = values(scope) | place
    asked |= {"severity": severity, "limit": limit, "target": target}
    return map(_plain, db.select(_EVIDENCE.format(both(wanted)), asked))


def picture(db: Database, stream: int, seq: int) -> dict[str, bytes] | None:
    """See ``Store.picture``."""
    query = "SELECT clean, perturbed FROM evidence WHERE stream = :stream AND seq = :seq"
    for row in list(db.select(query, {"stream": stream, "seq": seq})):
        return {name: base64.b64decode(text) for name, text in row.items()}
    return None


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    del row["trial"]
    for name in _BOXES:
        row[name] = None if row[name] is None else json.loads(row[name])
    for name in ("clean_seen", "perturbed_seen", "flip"):
        row[name] = None if row[name] is None else bool(row[name])
    return row
