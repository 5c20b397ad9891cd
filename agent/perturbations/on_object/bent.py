"""A sign that a vehicle or a storm has bent."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from agent.geometry.plane import Plane, Window
from agent.geometry.shapes import Shape, outline
from agent.perturbations import Moment, Perturbation
from agent.perturbations._layers import kept
from agent.perturbations.on_object import _weathering as weather
from agent.values import Pixels, derived_seed

_EXTENT: Final = 1.12
_REACH: Final = 2.4  # mirrored scenery comes from within so many hulls
_CREASE: Final = (0.1, 0.58)  # from the sign's middle, in parts of the way to its rim
_ASIDE: Final = 2.4  # radians that the flap may lie from straight above: the post stiffens below
_BACK: Final = 0.6  # of the flaps turn away from the road
_RADIUS_CM: Final = 3.0  # of the sheet's bend
_WOBBLE: Final = ((30.0, 1.1), (13.0, 0.5))  # the crease's wandering, in cm
_BUCKLES: Final = ((15.0, 0.55), (7.0, 0.22), (3.5, 0.07))  # height in cm at a right angle
_SKY: Final = 0.42  # part of the light that comes from everywhere
_ABOVE, _AHEAD = 0.62, 0.7  # of the way to the sun: high, and on the road's side
_DARKEST, _BRIGHTEST = 0.3, 1.7
_BUCKLED_CM: Final = 5.0  # of the sheet before the crease
_LEAST_DEPTH: Final = 1e-9
_LEAST_SCENERY_CM: Final = 2.0
_ONE: Final = 128  # the shade that leaves things as they are
_SHARP_RIM_CM, _VAGUE_RIM_CM = 1.0, 3.0
"""How far about the rim the sign may still show, where it is known and where only its box is."""
_RIM_PX: Final = 1.6  # and how far the picture's own blur carries it


class Bent(Perturbation):
    """A sheet bent along one crease: the flap foreshortens, turns from the light, and uncovers.

    Severity is the angle of the bend, from 0 to ``most_degrees``. The crease lies where chance
    puts it, between the sign's middle and its rim, wanders a little and has a radius of 3 cm; the
    flap turns back or forward. A length s beyond the crease shows as s cos(angle), as far off the
    camera sees it; Lambert's law with two fifths of light from the whole sky gives the shading,
    and the sheet buckles along the crease. What the flap no longer covers is the scenery beside
    the sign, mirrored at the sign's old rim (and again where the picture ends), so that nothing is
    smeared. The post stiffens the sheet below, so flaps lie above and aside.
    """

    most_degrees: float = Field(65.0, gt=0, le=80)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        plane = moment.plane(pixels.shape)
        if severity <= 0:
            return pixels.copy()
        seed = derived_seed(moment.seed, self.kind())
        side = plane.layer_side(extent=_EXTENT)
        angle = severity * self.most_degrees
        rim_cm = _SHARP_RIM_CM if moment.quad is not None else _VAGUE_RIM_CM
        rim_cm = max(rim_cm, _RIM_PX * plane.size_cm * _EXTENT / side)
        shifts, looks, bounds = _fold(side, plane.size_cm, plane.shape, seed, angle, rim_cm)
        window = _window(plane, bounds, pixels.shape)
        out = pixels.copy()
        if not window.empty:
            near = plane.window(pixels.shape, extent=_REACH)
            outward = _pixels_per_cm(plane) @ _crease(seed)[:2]
            _turn_flap(pixels, out, (near, window), plane, shifts, looks, outward)
        return out

    def describe(self, severity: float) -> str:
        return f"{severity * self.most_degrees:.0f}° of bend along one crease"


def _turn_flap(
    pixels: Pixels,
    out: Pixels,
    windows: tuple[Window, Window],
    plane: Plane,
    shifts: weather.Field,
    looks: weather.Layer,
    outward: NDArray[np.float64],
) -> None:
    """Draw the flap before its scenery into ``out``; ``outward`` is in pixels for a centimetre."""
    _, window = windows
    matrix = plane.drawn(shifts.shape[0], plane.size_cm * _EXTENT, window)
    size = (window.width, window.height)
    if not matrix[2, :2].any():  # seen squarely
        ways, seen = (cv2.warpAffine(one, matrix[:2], size) for one in (shifts, looks))
    else:
        ways, seen = (cv2.warpPerspective(one, matrix, size) for one in (shifts, looks))
    flap, beside = (np.asarray(ways[..., part], np.float32) for part in (0, 1))
    cover, shade = cv2.split(seen)
    turned = _fetched(pixels, windows, flap, outward)
    lit = cv2.multiply(turned, cv2.merge((shade, shade, shade)), scale=1 / _ONE)
    depth = _scenery_cm(plane, outward, pixels.shape)
    behind = _fetched(pixels, windows, beside + _folded_back(beside, depth), outward)
    part = cv2.merge((cover, cover, cover))
    rest = cv2.multiply(behind, cv2.bitwise_not(part), scale=1 / 255)
    cv2.add(rest, cv2.multiply(lit, part, scale=1 / 255), dst=window.of(out))


def _scenery_cm(plane: Plane, outward: NDArray[np.float64], shape: tuple[int, ...]) -> float:
    """How much scenery there is beyond the sign's rim before the picture ends, on the way out."""
    columns, rows = zip(*plane.corners.tolist(), strict=True)
    ways = []
    for way, places, limit in zip(outward.tolist(), (columns, rows), shape[1::-1], strict=True):
        room = limit - 1 - max(places) if way > 0 else min(places)
        ways.append(room / max(abs(way), _LEAST_DEPTH))
    return float(max(min(ways), _LEAST_SCENERY_CM))


def _folded_back(way: weather.Field, depth: float) -> weather.Field:
    """A way out, turned back each time that it has come to the end of the scenery."""
    if depth >= float(way.max(initial=0)):
        return way
    along = way % np.float32(2 * depth)
    return np.asarray(np.minimum(along, np.float32(2 * depth) - along), np.float32)


def _fetched(
    pixels: Pixels,
    windows: tuple[Window, Window],
    shift: weather.Field,
    outward: NDArray[np.float64],
) -> Pixels:
    """The picture in a window, each pixel from ``shift`` times ``outward`` pixels away.

    OpenCV looks through its whole source, so it is given the part about the sign.
    """
    near, window = windows
    columns = np.arange(window.x0 - near.x0, window.x1 - near.x0, dtype=np.float32)
    rows = np.arange(window.y0 - near.y0, window.y1 - near.y0, dtype=np.float32)[:, None]
    x = shift * np.float32(outward[0]) + columns
    y = shift * np.float32(outward[1]) + rows
    found = cv2.remap(near.of(pixels), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(found, np.uint8)


def _pixels_per_cm(plane: Plane) -> NDArray[np.float64]:
    """How pixels follow centimetres (2, 2) at the sign's middle."""
    (a, b, c), (d, e, f), (g, h, i) = plane.matrix.tolist()
    x, y = c / i, f / i
    rows = ((a - g * x, b - h * x), (d - g * y, e - h * y))
    return np.asarray(np.array(rows) * (1 / i), np.float64)


def _window(plane: Plane, bounds: NDArray[np.float64], shape: tuple[int, ...]) -> Window:
    """The pixels that a rectangle on the sign (left, top, right, bottom in cm) lies in."""
    x0, y0, x1, y1 = bounds.tolist()
    (a, b, c), (d, e, f), (g, h, i) = plane.matrix.tolist()
    columns, rows = [], []
    for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1)):
        depth = g * x + h * y + i
        depth = depth if abs(depth) > _LEAST_DEPTH else _LEAST_DEPTH
        columns.append((a * x + b * y + c) / depth)
        rows.append((d * x + e * y + f) / depth)
    left, right = (int(min(max(one, 0), shape[1])) for one in (min(columns) - 1, max(columns) + 2))
    top, bottom = (int(min(max(one, 0), shape[0])) for one in (min(rows) - 1, max(rows) + 2))
    return Window(left, top, right, bottom)


@kept
def _crease(seed: int) -> NDArray[np.float64]:
    """The way out over the crease (x, y), its place in parts of the way to the rim, the flap's
    way (1 is back, -1 forward), and how far the light comes from aside."""
    chance = weather.chance_of(seed, "crease")
    angle = chance.uniform(-_ASIDE, _ASIDE) - np.pi / 2
    way = 1.0 if chance.random() < _BACK else -1.0
    place, aside = chance.uniform(*_CREASE), chance.uniform(-0.25, 0.25)
    return np.array((np.cos(angle), np.sin(angle), place, way, aside))


@kept
def _fold(
    side: int, size_cm: float, shape: Shape, seed: int, degrees: float, rim_cm: float
) -> tuple[weather.Field, weather.Layer, NDArray[np.float64]]:
    """How far outwards each point's picture comes from in cm, as flap and as scenery; the flap's
    cover and shade; and the rectangle in cm that changes."""
    span = size_cm * _EXTENT
    crease = _crease(seed)
    outward = crease[:2].astype(np.float32)
    place = crease[2] * float((outline(shape) @ crease[:2]).max()) * size_cm
    x, y = weather.positions(side, span)
    wobble = weather.noise(side, span, _WOBBLE, weather.chance_of(seed, "wobble"))
    shown = x * outward[0] + y * outward[1] - np.float32(place) - wobble
    angle = float(np.radians(degrees))
    length, turn = _unrolled(shown, angle, size_cm)
    flap = np.maximum(length - shown, 0) * (shown > 0)
    face = weather.face_cover(shape, side, 1 / _EXTENT)
    line = np.arange(side, dtype=np.float32)
    across, down = outward * np.float32(side / span)
    cover = cv2.remap(face, line + flap * across, line[:, None] + flap * down, cv2.INTER_LINEAR)
    rim, within = _to_rim(x, y, shape, size_cm, outward)
    beyond = (shown > 0) & (within > -rim_cm)
    beside = np.maximum(rim + np.float32(rim_cm), 0) * beyond
    shade = _shade(side, size_cm, seed, turn, shown, angle)
    bounds = _bounds(beyond | ((shade != _ONE) & (face > 0)), span)
    return np.dstack([flap, beside]), np.dstack([np.asarray(cover, np.uint8), shade]), bounds


def _bounds(touched: NDArray[np.bool_], span: float) -> NDArray[np.float64]:
    """The rectangle about what is touched, in cm: left, top, right, bottom."""
    ends = []
    for axis in (0, 1):
        places = np.flatnonzero(touched.any(axis))
        ends.append((places[0], places[-1] + 1) if len(places) else (0, 0))
    (left, right), (top, bottom) = ends
    return np.array((left, top, right, bottom)) * (span / len(touched)) - span / 2


def _unrolled(
    shown: weather.Field, angle: float, size_cm: float
) -> tuple[weather.Field, weather.Field]:
    """What length of sheet beyond the crease shows at each distance, and how far it is turned."""
    sheet = np.linspace(0, 1.3 * size_cm, 256)
    turned = angle * np.clip(sheet / (_RADIUS_CM * angle + 1e-6), 0, 1)
    middle = 0.5 * (turned[1:] + turned[:-1])
    seen = np.concatenate([[0.0], np.cumsum(np.cos(middle) * np.diff(sheet))])
    length = np.interp(shown, seen, sheet).astype(np.float32)
    return length, np.interp(length, sheet, turned).astype(np.float32)


def _to_rim(
    x: weather.Field, y: weather.Field, shape: Shape, size_cm: float, outward: weather.Field
) -> tuple[weather.Field, weather.Field]:
    """How many cm it is outwards to the sign's rim, and squarely to its nearest edge; less than
    0 beyond it: (side, side) each."""
    corners = outline(shape) * size_cm
    after = np.roll(corners, -1, 0)
    normals = np.stack([after[:, 1] - corners[:, 1], corners[:, 0] - after[:, 0]], 1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    reach = (normals * corners).sum(1)
    ahead = np.full((y.shape[0], x.shape[1]), np.inf, np.float32)
    nearest = ahead.copy()
    for normal, far in zip(normals.astype(np.float32), reach.astype(np.float32), strict=True):
        within = far - normal[0] * x - normal[1] * y
        nearest = np.minimum(nearest, within)
        facing = np.float32(normal @ outward)
        if facing > 1e-3:
            ahead = np.minimum(ahead, within / facing)
    return ahead, nearest


def _shade(
    side: int,
    size_cm: float,
    seed: int,
    turn: weather.Field,
    shown: weather.Field,
    angle: float,
) -> weather.Layer:
    """Light on the bent sheet relative to before, as picture values relative to ``_ONE``."""
    out_x, out_y, _, way, aside = (np.float32(one) for one in _crease(seed))
    span = size_cm * _EXTENT
    near = np.exp(-np.square(np.maximum(-shown, 0) * np.float32(1 / _BUCKLED_CM)))
    bumps = weather.noise(side, span, _BUCKLES, weather.chance_of(seed, "buckles"))
    bumps *= near * (near > 0.01) * np.float32(np.sin(angle))
    step = 0.5 * side / span
    tilt = way * np.sin(turn)
    tilt_x = tilt * out_x - cv2.Sobel(bumps, cv2.CV_32F, 1, 0, ksize=1, scale=step)
    tilt_y = tilt * out_y - cv2.Sobel(bumps, cv2.CV_32F, 0, 1, ksize=1, scale=step)
    upright = np.cos(turn)
    facing = upright + (tilt_x * aside - tilt_y * np.float32(_ABOVE)) * np.float32(1 / _AHEAD)
    light = _SKY * (0.5 + 0.5 * upright) + (1 - _SKY) * np.maximum(facing, 0)
    seen = np.clip(light, _DARKEST, _BRIGHTEST) ** (1 / 2.2)
    return np.asarray((_ONE * seen + 0.5).astype(np.uint8))
