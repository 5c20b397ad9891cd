"""From a drawn scene to a photo: light, haze, lens, sensor, compression."""

from __future__ import annotations

import cv2
import numpy as np

from tools.demo.drawing.paint import Field, Picture, Rng, clouds


def tone(rng: Rng, picture: Picture) -> Picture:
    """Exposure, contrast, white balance, saturation and haze of the whole picture."""
    light = picture.astype(np.float32)
    if rng.random() < 0.12:
        cover = np.float32(rng.uniform(0.1, 0.55))
        haze = np.float32(rng.uniform(120, 245))
        light = light * (1 - cover) + haze * cover
    grey = light.mean(axis=2, keepdims=True)
    saturation = rng.choice([rng.uniform(0.45, 0.9), rng.uniform(0.9, 1.4)])
    light = grey + (light - grey) * np.float32(saturation)
    balance = np.exp(rng.normal(0, 0.07, 3)).astype(np.float32)
    gain = np.float32(np.exp(rng.normal(0.04, 0.2)))
    gamma = np.float32(np.exp(rng.normal(-0.05, 0.18)))
    light = 255 * np.clip(light * balance * gain / 255, 0, 1) ** gamma
    if rng.random() < 0.3:
        light *= _vignette(light.shape[:2], float(rng.uniform(0.2, 0.7)))[..., None]
    return np.asarray(light.clip(0, 255), np.uint8)


def _vignette(shape: tuple[int, ...], depth: float) -> Field:
    rows = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None] ** 2
    columns = np.linspace(-1, 1, shape[1], dtype=np.float32)[None] ** 2
    return np.asarray(1 - depth * (rows + columns) / 2, np.float32)


def exposed(rng: Rng, picture: Picture) -> Picture:
    """Blur, coarse sampling, noise and JPEG, each in a part of the photos."""
    height, width = picture.shape[:2]
    if rng.random() < 0.22:
        factor = rng.uniform(0.35, 0.9)
        small = (max(int(width * factor), 8), max(int(height * factor), 8))
        coarse = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        picture = np.asarray(cv2.resize(coarse, (width, height)), np.uint8)
    if rng.random() < 0.4:
        sigma = float(abs(rng.normal(0, 1.0)) + 0.3)
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)
    if rng.random() < 0.12:
        picture = _moved(rng, picture)
    if rng.random() < 0.12:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.5)
        picture = np.asarray(cv2.addWeighted(picture, 1.8, soft, -0.8, 0), np.uint8)
    if rng.random() < 0.45:
        grain = rng.standard_normal((height, width, 1 if rng.random() < 0.5 else 3), np.float32)
        picture = (picture + grain * np.float32(rng.uniform(1, 14))).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        quality = int(rng.integers(25, 96))
        _, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        picture = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return picture


def _moved(rng: Rng, picture: Picture) -> Picture:
    """Motion blur along one direction."""
    length = int(rng.integers(3, 10))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = (length - 1) / 2
    step = np.array((np.cos(angle), np.sin(angle))) * reach
    first, last = np.round(reach - step).astype(int), np.round(reach + step).astype(int)
    cv2.line(kernel, first.tolist(), last.tolist(), (1.0,), 1)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)


def night(rng: Rng, picture: Picture) -> Picture:
    """The background gone dark, with some lamps of a town left."""
    dark = (picture * np.float32(rng.uniform(0.02, 0.3))).astype(np.uint8)
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(0, 16))):
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        colour = ((255, 220, 150), (255, 240, 220), (230, 40, 30), (90, 230, 160))[
            int(rng.integers(4))
        ]
        cv2.circle(dark, centre, int(rng.integers(1, 6)), colour, -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(dark, (0, 0), float(rng.uniform(0.4, 1.5))), np.uint8)


def sunlit(rng: Rng, picture: Picture) -> None:
    """Broken shadow over the whole scene, in place."""
    shape = (int(picture.shape[0]), int(picture.shape[1]))
    field = clouds(rng, shape, int(rng.integers(2, 14)), 3)
    shadow = np.clip((field - rng.uniform(0.4, 0.6)) * rng.uniform(3, 14), 0, 1)
    gain = 1 - shadow * rng.uniform(0.2, 0.6)
    picture[:] = (picture * gain[..., None]).astype(np.uint8)
