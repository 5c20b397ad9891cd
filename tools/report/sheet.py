"""A contact sheet: the gallery as one picture, for a terminal's user or a chat."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import cv2
import numpy as np

from agent.values import Pixels
from tools.report.exhibit import Exhibit
from tools.report.gallery import choose
from tools.report.panel import HEIGHT, WIDTH, panel
from tools.report.wording import readable, severity, verdict, verdict_class

GAP, LINE = 16, 26
PAPER, INK, MUTED = (250, 250, 248), (28, 30, 33), (96, 100, 106)
COLOURS = {"seen": (22, 92, 170), "misread": (176, 74, 6), "lost": (176, 32, 32)}
CHARACTERS = 46
"""What fits beneath one picture at the sheet's type size."""


def contact_sheet(exhibits: Sequence[Exhibit], *, columns: int = 3) -> Pixels:
    """Clean and perturbed frames in pairs with their verdicts, uint8 RGB (H, W, 3).

    The choice and the order are the report's: failures first. ``columns`` pairs stand side by
    side. Raises ``ValueError`` where there are no exhibits.
    """
    if not exhibits:
        raise ValueError("a contact sheet needs at least one exhibit")
    tiles = [_tile(item) for item in choose(exhibits)]
    columns = min(columns, len(tiles))
    while len(tiles) % columns:
        tiles.append(np.full_like(tiles[0], PAPER))
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.asarray(np.vstack(rows), np.uint8)


def _tile(item: Exhibit) -> Pixels:
    """One pair with a heading above and verdicts below."""
    height = GAP + LINE + HEIGHT + LINE + GAP
    tile = np.full((height, 2 * (WIDTH + GAP) + GAP, 3), PAPER, np.uint8)
    head = f"{readable(item.kind)} {severity(item.severity)}  {item.units}"
    _write(tile, head, GAP, GAP + 14, INK, 2 * CHARACTERS)
    for column, (what, sighting) in enumerate(
        (("clean", item.clean), ("perturbed", item.perturbed))
    ):
        x, y = GAP + column * (WIDTH + GAP), GAP + LINE
        _place(tile[y : y + HEIGHT, x : x + WIDTH], panel(item, perturbed=column == 1))
        said = verdict(sighting, item.label, seen_clean=item.clean.seen)
        colour = COLOURS[verdict_class(sighting, item.label)] if column else MUTED
        _write(tile, f"{what}: {said}", x, y + HEIGHT + 19, colour, CHARACTERS)
    return tile


def _place(slot: Pixels, picture: Pixels) -> None:
    """Put a picture in the middle of its slot."""
    height, width = picture.shape[:2]
    y, x = (slot.shape[0] - height) // 2, (slot.shape[1] - width) // 2
    slot[:] = 232
    slot[y : y + height, x : x + width] = picture


def _write(
    tile: Pixels, text: str, x: int, y: int, colour: tuple[int, int, int], most: int
) -> None:
    # OpenCV's own font knows ASCII only: "cm²" becomes "cm2".
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    if len(plain) > most:
        plain = plain[: most - 3] + "..."
    cv2.putText(tile, plain, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
