"""One picture of the gallery: the part of a frame around its target, with boxes drawn."""

from __future__ import annotations

import cv2
import numpy as np

from agent.values import Box, Pixels, Sighting
from tools.report.exhibit import Exhibit
from tools.report.wording import verdict_class

WIDTH, HEIGHT = 400, 300
CONTEXT = 3.2
"""How many times the target's size a crop shows, so that its surroundings can be judged."""
LOCATOR_SHARE = 0.28
"""Width of the small whole frame in a panel's corner, as a share of the panel's."""

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
# Blue and orange are told apart by readers with any common colour blindness.
SEEN, MISREAD = (64, 156, 255), (255, 132, 32)


def panel(exhibit: Exhibit, *, perturbed: bool) -> Pixels:
    """The clean or the perturbed picture, uint8 RGB, at most (HEIGHT, WIDTH, 3).

    A target that is small in its frame is cropped out with its surroundings, the whole frame
    small in a corner. White corners mark the target, a coloured box what was seen there.
    """
    pixels = exhibit.perturbed_pixels if perturbed else exhibit.clean_pixels
    sighting = exhibit.perturbed if perturbed else exhibit.clean
    window = crop_window(pixels.shape[1], pixels.shape[0], exhibit.region)
    picture, scale = _enlarged(pixels, window)
    _draw(picture, exhibit, sighting, window, scale)
    if window.area < 0.5 * pixels.shape[0] * pixels.shape[1]:
        _locate(picture, pixels, window, exhibit.region)
    return picture


def crop_window(width: int, height: int, region: Box | None) -> Box:
    """The part of a frame to show, in whole pixels within the frame.

    The whole frame where the target fills much of it or has no region; else a window of the
    panel's shape around the target, moved inwards at the frame's edges.
    """
    whole = Box(0, 0, width, height)
    if region is None or region.area <= 0:
        return whole
    tall = max(region.height, region.width * HEIGHT / WIDTH) * CONTEXT
    tall = max(tall, 0.2 * height, 48)
    wide = tall * WIDTH / HEIGHT
    if tall >= height and wide >= width:
        return whole
    across, down = min(width, round(wide)), min(height, round(tall))
    x, y = region.centre
    x0 = min(max(0, round(x - across / 2)), width - across)
    y0 = min(max(0, round(y - down / 2)), height - down)
    return Box(x0, y0, x0 + across, y0 + down)


def _enlarged(pixels: Pixels, window: Box) -> tuple[Pixels, float]:
    """The window scaled to fit a panel, and the scale."""
    x0, y0, x1, y1 = (int(edge) for edge in window)
    scale = min(WIDTH / (x1 - x0), HEIGHT / (y1 - y0))
    size = max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(np.ascontiguousarray(pixels[y0:y1, x0:x1]), size, interpolation=way)
    return np.asarray(scaled, np.uint8), scale


def _draw(picture: Pixels, exhibit: Exhibit, sighting: Sighting, window: Box, scale: float) -> None:
    if sighting.box is not None:
        found = verdict_class(sighting, exhibit.label)
        box = _moved(sighting.box, window, scale)
        _rectangle(picture, box, SEEN if found == "seen" else MISREAD)
    if exhibit.region is not None:
        _corners(picture, _moved(exhibit.region, window, scale))


def _moved(box: Box, window: Box, scale: float) -> Box:
    return Box(
        (box.x0 - window.x0) * scale,
        (box.y0 - window.y0) * scale,
        (box.x1 - window.x0) * scale,
        (box.y1 - window.y0) * scale,
    )


def _rectangle(picture: Pixels, box: Box, colour: tuple[int, int, int]) -> None:
    first, last = _point(picture, box.x0, box.y0), _point(picture, box.x1 - 1, box.y1 - 1)
    cv2.rectangle(picture, first, last, BLACK, 4, cv2.LINE_AA)
    cv2.rectangle(picture, first, last, colour, 2, cv2.LINE_AA)


def _corners(picture: Pixels, box: Box) -> None:
    """Four corner brackets a little outside a box, white on black."""
    gap = 5.0
    x0, y0, x1, y1 = box.x0 - gap, box.y0 - gap, box.x1 + gap, box.y1 + gap
    arm = min(16.0, max(5.0, min(x1 - x0, y1 - y0) / 4))
    for colour, thickness in ((BLACK, 5), (WHITE, 2)):
        for x, way_x in ((x0, 1), (x1, -1)):
            for y, way_y in ((y0, 1), (y1, -1)):
                corner = _point(picture, x, y)
                along = _point(picture, x + way_x * arm, y)
                down = _point(picture, x, y + way_y * arm)
                cv2.line(picture, corner, along, colour, thickness, cv2.LINE_AA)
                cv2.line(picture, corner, down, colour, thickness, cv2.LINE_AA)


def _point(picture: Pixels, x: float, y: float) -> tuple[int, int]:
    """A point in whole pixels, kept within the picture so that an edge at its rim still shows."""
    height, width = picture.shape[:2]
    return round(min(max(x, 1), width - 2)), round(min(max(y, 1), height - 2))


def _locate(picture: Pixels, pixels: Pixels, window: Box, region: Box | None) -> None:
    """The whole frame, small, in the corner farthest from the target, the window marked in it."""
    wide = round(picture.shape[1] * LOCATOR_SHARE)
    scale = wide / pixels.shape[1]
    tall = min(round(pixels.shape[0] * scale), round(picture.shape[0] * 0.4))
    small = np.asarray(cv2.resize(pixels, (wide, tall), interpolation=cv2.INTER_AREA), np.uint8)
    marked = Box(*(edge * scale for edge in window))
    cv2.rectangle(
        small,
        _point(small, marked.x0, marked.y0),
        _point(small, marked.x1, marked.y1),
        WHITE,
        1,
    )
    small = np.asarray(
        cv2.copyMakeBorder(small, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=WHITE), np.uint8
    )
    x, y = (region or window).centre
    left = x > (window.x0 + window.x1) / 2 + 1
    top = y > (window.y0 + window.y1) / 2 + 1
    height, width = small.shape[:2]
    x0 = 6 if left else picture.shape[1] - width - 6
    y0 = 6 if top else picture.shape[0] - height - 6
    picture[y0 : y0 + height, x0 : x0 + width] = small
