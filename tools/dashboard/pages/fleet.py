"""The fleet: every device on one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from tools.dashboard.context import Context, Here
from tools.dashboard.devices import STATES, Device, fleet, whole
from tools.dashboard.map import spots
from tools.dashboard.paging import Page, paged
from tools.dashboard.spans import WORDS, Span, window
from tools.dashboard.templating import page

router: Final = APIRouter(include_in_schema=False)

Sort = Literal[
    "name", "state", "seen", "version", "model", "clean", "robust", "change", "worst",
    "temperature", "outbox", "gaps",
]  # fmt: skip
Group = Literal["", "site", "tag"]
MOST: Final = 100
"""Devices to a page."""
LAST: Final = float("inf")


@dataclass(frozen=True)
class Gathering:
    """The devices under one heading."""

    heading: str
    devices: Sequence[Device]


@router.get("/")
def show(
    request: Request,
    here: Here,
    q: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[
        Literal["", "online", "silent", "offline", "stopped", "unknown"], Query()
    ] = "",
    site: Annotated[str, Query(max_length=64)] = "",
    tag: Annotated[str, Query(max_length=64)] = "",
    model: Annotated[str, Query(max_length=256)] = "",
    span: Annotated[Span, Query()] = "24h",
    sort: Annotated[Sort, Query()] = "state",
    down: Annotated[Literal["", "1"], Query()] = "",
    group: Annotated[Group, Query()] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """All devices with state, versions, figures and readings; sorted, filtered, searched."""
    chosen = window(span, here.now_ms)
    devices = fleet(here, chosen)
    found = [device for device in devices if _wanted(device, q, state, site, tag, model)]
    ordered = _sorted(found, sort, bool(down))
    shown = paged(ordered, number, MOST)
    return page(
        request,
        "fleet",
        title="Fleet",
        wide=True,
        window=chosen,
        spans=WORDS,
        devices=devices,
        found=found,
        page=shown,
        gatherings=_gathered(shown, group),
        states=Counter(device.state.name for device in devices),
        state_names=STATES,
        totals=whole(found),
        alerts=open_alerts(here),
        sites=sorted({device.row["site"] for device in devices}),
        tags=sorted({one for device in devices for one in device.place.tags}),
        models=_models(devices),
        spots=spots(found),
        asked={
            "q": q, "state": state, "site": site, "tag": tag, "model": model,
            "span": "" if span == "24h" else span, "sort": "" if sort == "state" else sort,
            "down": down, "group": group,
        },
        sort=sort,
        down=bool(down),
    )  # fmt: skip


def open_alerts(here: Context) -> int:
    """How many alerts wait for somebody."""
    return here.cache.get(
        "open alerts", lambda: sum(1 for _ in here.store.alerts("open", limit=1000))
    )


def _wanted(device: Device, q: str, state: str, site: str, tag: str, model: str) -> bool:
    row = device.row
    return (
        (not state or device.state.name == state)
        and (not site or row["site"] == site)
        and (not tag or tag in device.place.tags)
        and (not model or row["model_sha256"] == model)
        and all(word in _text(device) for word in q.lower().split())
    )


def _text(device: Device) -> str:
    """All that a search looks at."""
    row = device.row
    said = (
        row["site"],
        row["device"],
        device.place.name,
        row["version"],
        row["model_name"],
        row["profile"],
        *device.place.tags,
    )
    return " ".join(word.lower() for word in said if word)


def _share(rate: Any) -> float:
    return LAST if rate is None else rate.share


def _reading(name: str) -> Callable[[Device], float]:
    def key(device: Device) -> float:
        value = device.reading(name)
        return LAST if value is None else value

    return key


# Most sorts begin with what needs a look.
_KEYS: Final[dict[str, Callable[[Device], Any]]] = {
    "name": lambda device: device.name.lower(),
    "state": lambda device: STATES.index(device.state.name),
    "seen": lambda device: device.row["seen_ms"] or 0,
    "version": lambda device: device.row["version"] or "",
    "model": lambda device: device.row["model_name"] or "",
    "clean": lambda device: _share(device.counts.clean),
    "robust": lambda device: _share(device.counts.robust),
    "change": lambda device: device.change.difference if device.change else LAST,
    "worst": lambda device: device.worst.rank if device.worst else (LAST, LAST),
    "temperature": _reading("temperature_c"),
    "outbox": _reading("outbox_rows"),
    "gaps": lambda device: device.row["lost_rows"] or 0,
}


def _sorted(devices: list[Device], sort: str, down: bool) -> list[Device]:
    """Sorted, and by name among equals; devices of which nothing is known stay at the end."""
    key = _KEYS[sort]
    named = sorted(devices, key=lambda device: (device.row["site"], device.name.lower()))
    known = [device for device in named if key(device) not in (LAST, (LAST, LAST))]
    rest = [device for device in named if key(device) in (LAST, (LAST, LAST))]
    return sorted(known, key=key, reverse=down) + rest


def _gathered(shown: Page[Device], group: str) -> list[Gathering]:
    """The page's devices under the headings that are asked for."""
    if not group:
        return [Gathering("", shown.items)]
    groups: dict[str, list[Device]] = {}
    for device in shown.items:
        words = (device.row["site"],) if group == "site" else device.place.tags or ("no tag",)
        for word in words:
            groups.setdefault(word, []).append(device)
    return [Gathering(word, groups[word]) for word in sorted(groups)]


def _models(devices: Sequence[Device]) -> list[tuple[str, str]]:
    """(sha256, what to call it) of each model that runs somewhere."""
    found = {
        device.row["model_sha256"]: device.row["model_name"] or "unnamed"
        for device in devices
        if device.row["model_sha256"]
    }
    return sorted(((sha, f"{name} ({sha[:8]})") for sha, name in found.items()), key=lambda x: x[1])
