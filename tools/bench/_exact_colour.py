"""Light and colour in floating point."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.geometry.photometry import to_encoded, to_linear
from agent.perturbations import Moment
from agent.perturbations._camera_view import daylight, scene_depth_m, target_distance_m
from agent.perturbations.in_scene._air import _show, even_distance_m
from agent.perturbations.in_scene._illuminant import DAYLIGHT_K, adaptation
from agent.perturbations.in_scene._light import light_of
from agent.perturbations.in_scene._sky import sky_cover
from agent.perturbations.in_scene.backlight import Backlight
from agent.perturbations.in_scene.colour_temperature import ColourTemperature
from agent.perturbations.in_scene.fog import Fog
from agent.perturbations.in_scene.low_light import LowLight
from agent.perturbations.in_sensor._readout import base_exposure_s
from agent.perturbations.in_sensor.banding import Banding
from agent.perturbations.in_sensor.exposure import Exposure
from agent.perturbations.in_sensor.hot_pixels import HotPixels
from agent.perturbations.in_sensor.white_balance import WhiteBalance
from agent.perturbations.on_lens.vignetting import Vignetting, _passed
from agent.values import Pixels

Floats = NDArray[np.float64]

_LUMA = (0.2126, 0.7152, 0.0722)
_SKY_LEVEL = 250.0
_OPAQUE = 1e6


def exposure(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """Light times 2 ^ EV."""
    return _levels(_light(pixels) * 2 ** (severity * Exposure.model_validate({}).stops))


def white_balance(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """Light times a gain for each channel."""
    return _levels(_light(pixels) * WhiteBalance.model_validate({}).gains(severity))


def colour_temperature(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """Bradford's adaptation in linear light, to a source at equal steps of 1 / T."""
    first, last = 1 / DAYLIGHT_K, 1 / ColourTemperature.model_validate({}).furthest_k
    matrix = adaptation(1 / (first + severity * (last - first)))
    return _levels(_light(pixels) @ matrix.T)


def low_light(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """Faded colour, then less light, bluer."""
    kind = LowLight.model_validate({})
    grey = pixels @ np.array(_LUMA)
    part = kind.fading * severity
    faded = (1 - part) * pixels + part * grey[..., None]
    light = (kind.darkest_lux / kind.full_exposure_lux) ** severity
    tint = 1 + severity * np.array((-0.12, 0.0, 0.18))
    return _levels(to_linear(faded / 255) * light * tint)


def vignetting(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """Light times what the lens passes at each pixel's own distance from the middle."""
    kind = Vignetting.model_validate({})
    height, width = pixels.shape[:2]
    y = (np.arange(height) - (height - 1) / 2)[:, None]
    x = (np.arange(width) - (width - 1) / 2)[None]
    away = np.hypot(x, y) / (math.hypot(height, width) / 2)
    passed = _passed(away, severity * kind.most_ev, kind.half_angle_deg)
    return _levels(_light(pixels) * passed[..., None])


def banding(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """Light times a gain for each row."""
    gains = Banding.model_validate({}).row_gains(pixels.shape, severity, moment)
    return _levels(_light(pixels) * np.maximum(gains, 0)[:, None, None])


def backlight(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """Exposed for the sky, whose light strays over all; where the sky is says the kind itself."""
    kind = Backlight.model_validate({})
    brightest = round(daylight(pixels))
    sky = sky_cover(pixels, brightest, moment)[..., None] / 255
    stops, stray = kind.deepest_ev * severity, kind.veiling * severity
    top = light_of(_SKY_LEVEL)
    lift = min(max(top / light_of(brightest), 1), 1 + stops)
    gain = 2 ** (-stops * (1 - sky)) * lift**sky
    return _levels(_light(pixels) * gain * (1 - stray) + stray * top)


def fog(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """Koschmieder's law with the kind's own depth of the scene and drift of the density."""
    kind = Fog.model_validate({})
    sky = round(daylight(pixels))
    extinction = -math.log(0.02) / (1000 * (kind.thickest_m / 1000) ** severity)
    distance = even_distance_m(pixels.shape, moment, kind.object_m)
    if distance is not None:
        clear = np.full((1, 1), math.exp(-extinction * distance))
    else:
        clear = _transmission(pixels, kind, extinction, sky, moment)
    air = light_of(sky) * (1 - clear[..., None])
    return _levels(_light(pixels) * clear[..., None] + air)


def _transmission(
    pixels: Pixels, kind: Fog, extinction: float, sky: float, moment: Moment
) -> Floats:
    """What part of each pixel's light the air lets through, (H, W)."""
    height, width = pixels.shape[:2]
    step = max(2, min(height, width) // 72)
    depth = scene_depth_m(pixels, step, sky)
    density = kind._drift((depth.shape[0], depth.shape[1]), moment)
    coarse = np.exp(-extinction * depth.astype(np.float64) * density)
    size = (depth.shape[1] * step, depth.shape[0] * step)
    clear = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR))[:height, :width]
    near = target_distance_m(pixels.shape, moment)
    if near is None:
        return clear
    # In air that lets nothing through the cover that is drawn for the target is its mask.
    mask = np.zeros((height, width), np.uint8)
    _show(mask, moment, _OPAQUE, near)
    own = math.exp(-extinction * near)
    return np.asarray(clear + mask / 255 * (own - clear))


def hot_pixels(pixels: Pixels, severity: float, moment: Moment) -> Floats:
    """Charges of faulty photosites of an RGGB mosaic, interpolated and added to the light."""
    kind = HotPixels.model_validate({})
    height, width = pixels.shape[:2]
    warmer = math.sqrt(severity) * (kind.hottest_c - 25)
    stops = (25 + warmer - kind.hottest_c) / kind.doubling_k
    stops += math.log2(moment.sensor.exposure_s / base_exposure_s())
    seed = int(moment.generator(kind.kind()).integers(2**62))
    chance = np.random.Generator(np.random.SFC64(seed))
    count = max(round(kind.share / 100 * height * width), 1)
    rows, columns = chance.integers(height, size=count), chance.integers(width, size=count)
    span = (kind.hottest_c - 25) / kind.doubling_k
    charge = np.minimum(2 ** (stops - span * chance.random(count)), 1)
    mosaic = np.zeros((height, width, 3))
    mosaic[rows, columns, rows % 2 + columns % 2] = charge
    corner = np.array([[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]])
    cross = np.array([[0, 0.25, 0], [0.25, 1, 0.25], [0, 0.25, 0]])
    kernels = (corner, cross, corner)
    light = [cv2.filter2D(mosaic[..., i], cv2.CV_64F, kernels[i]) for i in range(3)]
    return _levels(_light(pixels) + np.minimum(np.stack(light, 2), 1))


def _light(pixels: Pixels) -> Floats:
    return to_linear(pixels / 255)


def _levels(light: Floats) -> Floats:
    return 255 * to_encoded(light)
