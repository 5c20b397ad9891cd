"""Which pictures a report shows, in which order, and how they are embedded within a bound."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import cv2

from agent.values import Pixels, Sighting
from tools.report.exhibit import Exhibit
from tools.report.panel import panel
from tools.report.wording import readable, severity, verdict, verdict_class

QUOTAS = (24, 8, 4)
"""How many lost, survived and never seen ones are shown; a group may use what another leaves."""
MOST_CARDS = sum(QUOTAS)
BUDGET_BYTES = 3_400_000
"""For all pictures together, as embedded; leaves room for charts and tables under 5 MB."""
QUALITIES = (84, 74, 62, 48)


@dataclass(frozen=True)
class Shot:
    """One embedded picture: its data URI, size in px, verdict and alternative text."""

    uri: str
    width: int
    height: int
    heading: str
    verdict: str
    found: str
    alt: str


@dataclass(frozen=True)
class Card:
    """One exhibit of the gallery as the page shows it."""

    kind: str
    severity: str
    units: str
    label: str
    caption: str
    shots: tuple[Shot, Shot]


@dataclass(frozen=True)
class Group:
    """Cards under one heading."""

    heading: str
    explanation: str
    cards: tuple[Card, ...]


GROUPS = (
    ("Lost", "Seen on the clean frame and lost when perturbed; kinds in turn, the mildest first."),
    ("Survived", "Still seen; kinds in turn, the strongest first."),
    ("Not seen on the clean frame", "Missed before anything was done to the picture."),
)


def hang(exhibits: Sequence[Exhibit]) -> tuple[Group, ...]:
    """The gallery: failures first, then survivors, every kind having its turn.

    At most MOST_CARDS exhibits and BUDGET_BYTES of pictures: quality gives way first, then the
    last exhibits.
    """
    chosen = choose(exhibits)
    panels = [(panel(item, perturbed=False), panel(item, perturbed=True)) for item in chosen]
    cards = _embedded(chosen, panels)
    return tuple(
        Group(heading, explanation, tuple(members))
        for number, (heading, explanation) in enumerate(GROUPS)
        if (members := [c for e, c in zip(chosen, cards, strict=False) if _group(e) == number])
    )


def choose(exhibits: Sequence[Exhibit]) -> list[Exhibit]:
    """In the order of the gallery: each group up to its quota, then more while there is room."""
    items = arranged(exhibits)
    taken: set[int] = set()
    for group, quota in enumerate(QUOTAS):
        taken.update([i for i, item in enumerate(items) if _group(item) == group][:quota])
    rest = [i for i in range(len(items)) if i not in taken]
    taken.update(rest[: MOST_CARDS - len(taken)])
    return [items[i] for i in sorted(taken)]


def arranged(exhibits: Sequence[Exhibit]) -> list[Exhibit]:
    """Exhibits by group; within a group each kind's first, then each kind's second, and so on."""
    turns: dict[tuple[int, str], count[int]] = {}
    keyed = []
    for item in sorted(exhibits, key=_severity_order):
        group = _group(item)
        turn = next(turns.setdefault((group, item.kind), count()))
        keyed.append(((group, turn, *_severity_order(item), item.kind), item))
    return [item for _, item in sorted(keyed, key=lambda pair: pair[0])]


def _group(item: Exhibit) -> int:
    if not item.clean.seen:
        return 2
    return 1 if item.perturbed.seen else 0


def _severity_order(item: Exhibit) -> tuple[float]:
    """The mildest failure tells most, and so does the strongest survived."""
    return (item.severity if _group(item) == 0 else -item.severity,)


def _embedded(chosen: Sequence[Exhibit], panels: Sequence[tuple[Pixels, Pixels]]) -> list[Card]:
    """Cards at the best quality that keeps within the budget."""
    cards: list[Card] = []
    for quality in QUALITIES:
        cards = [_card(item, pair, quality) for item, pair in zip(chosen, panels, strict=True)]
        if sum(map(_weight, cards)) <= BUDGET_BYTES:
            return cards
    while cards and sum(map(_weight, cards)) > BUDGET_BYTES:
        cards.pop()
    return cards


def _weight(card: Card) -> int:
    return sum(len(shot.uri) for shot in card.shots)


def _card(item: Exhibit, pair: tuple[Pixels, Pixels], quality: int) -> Card:
    kind = readable(item.kind)
    return Card(
        kind=kind,
        severity=severity(item.severity),
        units=item.units,
        label=item.label,
        caption=item.caption,
        shots=(
            _shot(item, item.clean, pair[0], quality, "clean"),
            _shot(item, item.perturbed, pair[1], quality, kind),
        ),
    )


def _shot(item: Exhibit, sighting: Sighting, pixels: Pixels, quality: int, what: str) -> Shot:
    said = verdict(sighting, item.label, seen_clean=item.clean.seen)
    return Shot(
        uri=data_uri(pixels, quality),
        width=int(pixels.shape[1]),
        height=int(pixels.shape[0]),
        heading=what,
        verdict=said,
        found=verdict_class(sighting, item.label),
        alt=f"{item.label}, {what}: {said}",
    )


def data_uri(pixels: Pixels, quality: int) -> str:
    """uint8 RGB (H, W, 3) as a JPEG data URI."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "OpenCV encodes any uint8 picture as JPEG"
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")
