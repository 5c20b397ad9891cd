"""Scenes drawn by all processors into arrays on disk."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from tools.demo.drawing import CLASSES, draw_scene
from tools.demo.targets import STRIDE, targets

SIDE = 416


@dataclass(frozen=True)
class SceneStore:
    """Memory maps over N scenes: pixels uint8 (N, 416, 416, 3) and the maps of `targets`."""

    pixels: NDArray[np.uint8]
    heat: NDArray[np.float16]
    counts: NDArray[np.float16]
    regression: NDArray[np.float16]

    @staticmethod
    def at(folder: Path, count: int, mode: Any = "r+") -> SceneStore:
        """Open the arrays in `folder`; mode "w+" makes them anew."""
        cells = SIDE // STRIDE
        shapes = (
            ("pixels", np.uint8, (SIDE, SIDE, 3)),
            ("heat", np.float16, (cells, cells, len(CLASSES))),
            ("counts", np.float16, (cells, cells, 1)),
            ("regression", np.float16, (cells, cells, 5)),
        )
        return SceneStore(
            *(
                np.memmap(folder / f"{name}.bin", kind, mode, shape=(count, *shape))
                for name, kind, shape in shapes
            )
        )

    @staticmethod
    def drawn(folder: Path, seed: int, count: int, workers: int) -> SceneStore:
        """Draw scenes 0 .. count - 1 of a seed."""
        folder.mkdir(parents=True, exist_ok=True)
        store = SceneStore.at(folder, count, "w+")
        jobs = [(str(folder), seed, count, start) for start in range(0, count, _CHUNK)]
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            for _ in track(pool.imap_unordered(_draw_some, jobs), "drawing", total=len(jobs)):
                pass
        return store


_CHUNK = 50


def _draw_some(job: tuple[str, int, int, int]) -> None:
    """Draw one chunk in a worker."""
    folder, seed, count, start = job
    cv2.setNumThreads(1)
    store = SceneStore.at(Path(folder), count)
    for index in range(start, min(start + _CHUNK, count)):
        scene = draw_scene(seed, index)
        store.pixels[index] = scene.pixels
        maps = targets(scene.boxes, scene.labels, SIDE)
        store.heat[index], store.counts[index], store.regression[index] = maps
