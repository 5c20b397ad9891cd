"""Failures: pictures that devices sent, with what was seen on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from agent.metrics.bands import BANDS, Bands
from agent.values import Sighting
from tools.dashboard.context import Context, Here
from tools.dashboard.devices import known_devices
from tools.dashboard.parameters import (
    AskedBand,
    AskedIdentity,
    AskedSeverity,
    AskedText,
    Number,
    bands_of,
)
from tools.dashboard.templating import page
from tools.report.wording import verdict, verdict_class
from tools.stores import LOOKED_AT, Place, Scope

router: Final = APIRouter(include_in_schema=False)

MOST: Final = 24
CLOSE: Final = 3.5
"""A close view is so many times as wide, or as high, as the target."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Outline:
    """A box over a picture, in its pixels; ``kind`` is target, right or amiss."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Shot:
    """One of the two pictures: where it is, what was found on it, and what that is called."""

    name: str
    source: str
    found: str
    words: str
    alt: str
    outlines: Sequence[Outline]


@dataclass(frozen=True)
class Failure:
    """One piece of evidence; ``close`` is the part of the pictures around a small target, as left,
    top, width and height in px, None where the target is large or its place not known."""

    row: Row
    place: str
    shots: Sequence[Shot]
    close: Sequence[float] | None

    @property
    def known(self) -> bool:
        """Whether the trial that it belongs to is stored."""
        return self.row["flip"] is not None


@router.get("/failures")
def show(
    request: Request,
    here: Here,
    site: AskedIdentity = "",
    device: AskedText = "",
    session: AskedIdentity = "",
    model: AskedText = "",
    condition: AskedText = "",
    severity: AskedSeverity = None,
    target: AskedText = "",
    size: AskedBand = "",
    distance: AskedBand = "",
    before: Annotated[str, Query(pattern=r"^(\d{1,16}-\d{1,12}-\d{1,19})?$")] = "",
) -> HTMLResponse:
    """The gallery, newest first. ``device`` is an id, or ``site/device``."""
    if "/" in device:
        site, _, device = device.partition("/")
    scope = Scope(site, device, session, model, condition)
    bands, above = bands_of(size, distance), _place(before)
    rows = list(here.store.evidence(scope, severity, MOST + 1, above, target, bands))
    older = _of(rows[MOST - 1]) if len(rows) > MOST else None
    sought = bool(bands) and older is None
    if sought:
        older = here.store.evidence_looked_to(scope, severity, above, target)
    asked = {
        "site": site, "device": device, "session": session, "model": model,
        "condition": condition, "severity": "" if severity is None else f"{severity:g}",
        "target": target, "size": size, "distance": distance,
    }  # fmt: skip
    return page(
        request,
        "failures",
        title="Failures",
        wide=True,
        failures=[failure_of(row) for row in rows[:MOST]],
        older=older.name if older is not None else "",
        looked_at=LOOKED_AT if sought and older is not None else 0,
        sizes=_choices_of(BANDS["size_px"]),
        distances=_choices_of(BANDS["distance_m"]),
        first=not before,
        any_at_all=bool(rows) or _any(here),
        asked=asked,
        choices=_choices(here),
        targets=sorted({row["target"] for row in rows}),
    )


@router.get("/failures/{at_ms}-{stream}-{seq}")
def one(request: Request, here: Here, at_ms: Number, stream: Number, seq: Number) -> HTMLResponse:
    """One failure, both pictures large."""
    row = _row(here, at_ms, stream, seq)
    return page(request, "failure", title=_title(row), failure=failure_of(row))


@router.get("/pictures/{stream}/{seq}/{name}.jpg")
def picture(
    here: Here, stream: Number, seq: Number, name: Literal["clean", "perturbed"]
) -> Response:
    """One of the two pictures, as the device sent it."""
    found = here.store.picture(stream, seq)
    if found is None:
        raise HTTPException(404, "There is no such picture, or no longer.")
    # A stream's row never changes.
    headers = {"Cache-Control": "private, max-age=86400, immutable"}
    return Response(found[name], media_type="image/jpeg", headers=headers)


def _place(name: str) -> Place | None:
    return Place(*map(int, name.split("-"))) if name else None


def _of(row: Row) -> Place:
    return Place(row["at_ms"], row["stream"], row["seq"])


def _row(here: Context, at_ms: int, stream: int, seq: int) -> Row:
    above = Place(min(at_ms, 2**53), stream, min(seq + 1, 2**63 - 1))
    for row in here.store.evidence(limit=1, before=above):
        if (row["at_ms"], row["stream"], row["seq"]) == (at_ms, stream, seq):
            return row
    raise HTTPException(404, "There is no such failure, or no longer.")


def _title(row: Row) -> str:
    kind = str(row["condition"]).replace("_", " ")
    return f"{row['target']} under {kind} {row['severity']:g}"


def _any(here: Context) -> bool:
    return here.cache.get("any evidence", lambda: bool(list(here.store.evidence(limit=1))))


def failure_of(row: Row) -> Failure:
    """Evidence as the page shows it."""
    label, place = row["target"], _of(row).name
    shots = []
    for name in ("clean", "perturbed"):
        seen = Sighting(
            bool(row[f"{name}_seen"]), row[f"{name}_label"], row[f"{name}_confidence"] or 0.0
        )
        known = row[f"{name}_seen"] is not None
        found = verdict_class(seen, label) if known else "none"
        if not known:
            words = "the trial is not stored"
        else:
            words = verdict(seen, label, seen_clean=name == "perturbed" and bool(row["clean_seen"]))
        shots.append(
            Shot(
                name, f"/pictures/{row['stream']}/{row['seq']}/{name}.jpg", found, words,
                f"{label}, {name}: {words}", _outlines(row, name, found),
            )
        )  # fmt: skip
    return Failure(row, place, shots, _close(row))


def _outlines(row: Row, name: str, found: str) -> list[Outline]:
    """Where the target is, and where something was seen."""
    boxes = [("target", row["target_box"])]
    boxes.append(("right" if found == "seen" else "amiss", row[f"{name}_box"]))
    return [Outline(kind, *_pixels(row, box)) for kind, box in boxes if box is not None]


def _pixels(row: Row, box: Sequence[float]) -> tuple[float, float, float, float]:
    """A box of shares as left, top, width and height in px."""
    x0, y0, x1, y1 = (min(1.0, max(0.0, value)) for value in box)
    across, along = row["width_px"], row["height_px"]
    width, height = max(0.0, x1 - x0) * across, max(0.0, y1 - y0) * along
    return round(x0 * across, 1), round(y0 * along, 1), round(width, 1), round(height, 1)


def _close(row: Row) -> Sequence[float] | None:
    """The part of the picture to show of a small target: of the picture's shape, within it."""
    if row["target_box"] is None:
        return None
    left, top, width, height = _pixels(row, row["target_box"])
    across, along = row["width_px"], row["height_px"]
    share = CLOSE * max(width / across, height / along)
    if not 0 < share < 1:
        return None
    wide, high = share * across, share * along
    x = min(max(0.0, left + (width - wide) / 2), across - wide)
    y = min(max(0.0, top + (height - high) / 2), along - high)
    return [round(value, 1) for value in (x, y, wide, high)]


def _choices(here: Context) -> dict[str, list[tuple[str, str]]]:
    """What may be filtered by: kinds and severities that were tried, devices and models."""
    tried = here.cache.get("tried", lambda: _tried(here), lag_s=3600.0, seldom=True)
    devices = known_devices(here)
    models = {row["model_sha256"]: row["model_name"] for row in devices if row["model_sha256"]}
    return {
        "condition": [
            (kind, kind.replace("_", " ")) for kind in sorted({kind for kind, _ in tried})
        ],
        "severity": [(f"{at:g}", f"{at:g}") for at in sorted({at for _, at in tried})],
        "device": [(f"{row['site']}/{row['device']}",) * 2 for row in devices],
        "model": sorted((sha, f"{name} ({sha[:8]})") for sha, name in models.items()),
    }


def _choices_of(bands: Bands) -> list[tuple[str, str]]:
    """Bands as the page's address and its reader know them."""
    edges = ["0", *(f"{edge:g}" for edge in bands.edges), ""]
    return [(f"{a}-{b}", name) for (a, b), name in zip(pairwise(edges), bands.names(), strict=True)]


def _tried(here: Context) -> list[tuple[str, float]]:
    found = here.store.sums(by=("condition", "severity"))
    return [(row["condition"], row["severity"]) for row in found]
