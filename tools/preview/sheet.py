"""Contact sheets: one picture under several perturbations and severities."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from agent.errors import UsageError
from agent.perturbations import Moment, Perturbation, family
from agent.values import Pixels

_TILE_WIDTH = 320
_CAPTION = 22
_PER_ROW = 6
_GAP = 4
_PAPER = 250
_INK = (30, 30, 30)
_CLOSE_UP = 2.2  # a kind on the object is shown with this many widths of the target around it
_ASCII = {
    "×": "x",
    "²": "2",
    "³": "3",
    "°": " deg",
    "µ": "u",
    "Δ": "d",
    "±": "+-",
    "−": "-",
    "–": "-",
}


def contact_sheet(
    image: Pixels,
    kinds: Sequence[str | Perturbation],
    severities: Sequence[float],
    moment: Moment | None = None,
) -> Pixels:
    """A sheet, uint8 RGB (H', W', 3), with a row for each kind and a column for each severity.

    Several kinds at one severity stand side by side instead, ``_PER_ROW`` in a row.

    ``image`` is uint8 RGB (H, W, 3); ``kinds`` are names of kinds with their defaults, or
    perturbations; ``moment`` says where the target is (None: the middle of the picture). Each
    tile's caption is the severity in units. Raises ``UsageError`` for an empty list or a severity
    outside [0, 1], ``UnknownKind`` for a kind that does not exist.
    """
    if not kinds or not severities:
        raise UsageError(
            "A contact sheet needs at least one kind and one severity.",
            remedy="Name a kind, such as fog, and severities between 0 and 1.",
        )
    check_severities(severities)
    moment = moment or Moment()
    rows: list[list[Pixels]] = []
    for kind in kinds:
        perturbation = family.load(kind)() if isinstance(kind, str) else kind
        view = _view(image, perturbation, moment)
        tiles = []
        for severity in severities:
            pixels = perturbation.apply(image, severity, moment)
            caption = f"{perturbation.kind()} {severity:g}: {perturbation.describe(severity)}"
            tiles.append(_tile(pixels[view], caption))
        rows.append(tiles)
    if len(severities) == 1:
        rows = _wrapped([tiles[0] for tiles in rows])
    return _stack([np.hstack(tiles) for tiles in rows])


def check_severities(severities: Sequence[float]) -> None:
    """Raises ``UsageError`` for a severity outside [0, 1]."""
    for severity in severities:
        if not 0 <= severity <= 1:
            raise UsageError(
                f"The severity {severity:g} is outside its range.",
                remedy="Give severities from 0 (nothing) to 1 (the harshest).",
            )


def _view(image: Pixels, perturbation: Perturbation, moment: Moment) -> tuple[slice, slice]:
    """The part of the picture to show: around the target for kinds on the object, else all."""
    everything = (slice(None), slice(None))
    if perturbation.stage() != "on_object" or (moment.region is None and moment.quad is None):
        return everything
    window = moment.plane(image.shape).window(image.shape, extent=_CLOSE_UP)
    if window.empty:
        return everything
    # As wide for its height as the picture, so that all tiles of a sheet are of one form.
    wide = min(round(window.height * image.shape[1] / image.shape[0]), image.shape[1])
    left = min(max((window.x0 + window.x1 - wide) // 2, 0), image.shape[1] - wide)
    return slice(window.y0, window.y1), slice(left, left + wide)


def _tile(pixels: Pixels, caption: str) -> Pixels:
    """One picture at the sheet's width with its caption below."""
    scale = _TILE_WIDTH / pixels.shape[1]
    size = (_TILE_WIDTH, max(round(pixels.shape[0] * scale), 1))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    shown = np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)
    bordered = ((0, _GAP), (0, _GAP), (0, 0))
    return np.pad(caption_below(shown, caption), bordered, constant_values=_PAPER)


def caption_below(pixels: Pixels, caption: str) -> Pixels:
    """A picture (H, W, 3) with a strip of text below it, (H + 22, W, 3)."""
    height, width = pixels.shape[:2]
    page = np.full((height + _CAPTION, width, 3), _PAPER, np.uint8)
    page[:height] = pixels
    for sign, plain in _ASCII.items():  # OpenCV's letters are ASCII only
        caption = caption.replace(sign, plain)
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.42
    wide = cv2.getTextSize(caption, font, scale, 1)[0][0]
    scale *= min(1.0, (width - 4) / max(wide, 1))
    cv2.putText(page, caption, (2, height + 15), font, scale, _INK, 1, cv2.LINE_AA)
    return page


def _wrapped(tiles: Sequence[Pixels]) -> list[list[Pixels]]:
    """Tiles in rows of equal width and height: what is missing is paper."""
    per_row = min(_PER_ROW, len(tiles))
    height = max(tile.shape[0] for tile in tiles)
    level = [_heightened(tile, height) for tile in tiles]
    level += [np.full_like(level[0], _PAPER)] * (-len(tiles) % per_row)
    return [level[start : start + per_row] for start in range(0, len(level), per_row)]


def _heightened(tile: Pixels, height: int) -> Pixels:
    missing = height - tile.shape[0]
    return np.pad(tile, ((0, missing), (0, 0), (0, 0)), constant_values=_PAPER)


def _stack(rows: Sequence[Pixels]) -> Pixels:
    """Rows below one another; they are equally wide."""
    return np.ascontiguousarray(np.vstack(rows))
