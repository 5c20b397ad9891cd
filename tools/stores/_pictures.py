"""Evidence: the pictures of trials, and what was seen on them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from tools.stores._database import Database
from tools.stores._queries import MODELS, both, senders, times, values
from tools.stores._values import Place, Scope

BEHIND: Final = 2_000
"""Evidence follows its frame's trials at once: its trial is among so many rows before it."""
DAY_MS: Final = 86_400_000
LOOKED_AT: Final = 2_000
"""How many rows are looked through for trials within bands, at most: some tenths of a second."""
Bands = Mapping[str, tuple[float, float]]
"""``size_px`` or ``distance_m`` -> from (included) and to (excluded)."""
NO_BANDS: Final[Bands] = MappingProxyType({})

_BOXES: Final = ("clean_box", "perturbed_box", "target_box")
_BANDED: Final = {"size_px": "width_px", "distance_m": "distance_m"}
_SEEN: Final = (
    *("clean_seen", "clean_label", "clean_confidence"),
    *("perturbed_seen", "perturbed_label", "perturbed_confidence", "iou", "flip"),
)
_COLUMNS: Final = (
    *("stream", "seq", "at_ms", "session", "frame", "clip", "target", "number", "condition"),
    *("severity", "width_px", "height_px"),
)
_EVIDENCE: Final = f"""
WITH {MODELS},
page AS (SELECT streams.site, streams.device, models.model_name, models.model_sha256,
        {", ".join(f"evidence.{name}" for name in _COLUMNS)}
    FROM evidence JOIN streams ON streams.id = evidence.stream
    LEFT JOIN models ON models.site = streams.site AND models.device = streams.device
        AND models.session = evidence.session
    WHERE {{where}}
    ORDER BY evidence.at_ms DESC, evidence.stream DESC, evidence.seq DESC LIMIT :within),
known AS (SELECT page.*, (SELECT its.seq FROM trials AS its
        WHERE its.stream = page.stream AND its.seq > page.seq - {BEHIND} AND its.seq < page.seq
        AND its.at_ms >= page.at_ms - {DAY_MS} AND its.at_ms <= page.at_ms + {DAY_MS}
        AND its.session = page.session AND its.frame = page.frame AND its.number = page.number
        AND its.condition = page.condition AND its.severity = page.severity
        ORDER BY its.seq DESC LIMIT 1) AS trial
    FROM page),
found AS (SELECT known.*, {", ".join(f"trials.{name}" for name in _SEEN)},
        trials.width_px AS size_px, trials.distance_m
    FROM known LEFT JOIN trials ON trials.stream = known.stream AND trials.seq = known.trial
        AND trials.at_ms >= known.at_ms - {DAY_MS} AND trials.at_ms <= known.at_ms + {DAY_MS}
    WHERE {{within}}
    ORDER BY known.at_ms DESC, known.stream DESC, known.seq DESC LIMIT :limit)
SELECT found.*, {", ".join(f"evidence.{name}" for name in _BOXES)}
FROM found JOIN evidence ON evidence.stream = found.stream AND evidence.seq = found.seq
ORDER BY found.at_ms DESC, found.stream DESC, found.seq DESC
"""
_LAST: Final = f"""
WITH {MODELS}
SELECT evidence.at_ms, evidence.stream, evidence.seq
FROM evidence JOIN streams ON streams.id = evidence.stream
LEFT JOIN models ON models.site = streams.site AND models.device = streams.device
    AND models.session = evidence.session
WHERE {{where}}
ORDER BY evidence.at_ms DESC, evidence.stream DESC, evidence.seq DESC LIMIT 1 OFFSET :others
"""


def evidence(
    db: Database,
    scope: Scope,
    severity: float | None,
    limit: int,
    before: Place | None,
    target: str,
    bands: Bands,
) -> Iterator[dict[str, Any]]:
    """See ``Store.evidence``."""
    where, asked = _asked(scope, severity, target, before)
    within = [f"trials.{_BANDED[name]} >= :{name}_from" for name in bands]
    within += [f"trials.{_BANDED[name]} < :{name}_to" for name in bands]
    asked |= {"limit": limit, "within": LOOKED_AT if bands else limit}
    for name, (least, below) in bands.items():
        asked |= {f"{name}_from": least, f"{name}_to": below}
    query = _EVIDENCE.format(where=both(where), within=both(within))
    return map(_plain, db.select(query, asked))


def looked_to(
    db: Database, scope: Scope, severity: float | None, before: Place | None, target: str
) -> Place | None:
    """See ``Store.evidence_looked_to``."""
    where, asked = _asked(scope, severity, target, before)
    asked |= {"others": LOOKED_AT - 1}
    for row in list(db.select(_LAST.format(where=both(where)), asked)):
        return Place(**row)
    return None


def _asked(
    scope: Scope, severity: float | None, target: str, before: Place | None
) -> tuple[list[str], dict[str, Any]]:
    """Conditions on evidence, and their values."""
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
    return wanted, values(scope) | place | {"severity": severity, "target": target}


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
