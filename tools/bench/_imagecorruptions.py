"""Serves the public imagecorruptions package to another process; runs in an environment of its own.

Reads one JSON object a line from standard input and answers with one: ``time`` gives the median
milliseconds of a corruption of the picture in a ``.npy`` file, ``make`` writes the corrupted
pictures to another. It imports nothing of Fieldproof, which is not installed there.
"""

from __future__ import annotations

import json
import sys
import time
from statistics import median
from typing import Any, Final

import numpy as np
import skimage.filters
import skimage.filters._gaussian as original
from numpy.typing import NDArray

_NAMES: Final = {"elastic": "elastic_transform", "jpeg": "jpeg_compression"}
_LEAST_CALLS: Final = 5

Asked = dict[str, Any]


def _gaussian(image: Any, sigma: Any = 1, multichannel: bool | None = None, **more: Any) -> Any:
    """scikit-image's filter with the argument that it dropped in version 0.22."""
    if multichannel is not None:
        more["channel_axis"] = -1 if multichannel else None
    return original.gaussian(image, sigma=sigma, **more)


skimage.filters.gaussian = _gaussian
import imagecorruptions  # noqa: E402  (after the argument is back)


def _corrupt(image: NDArray[np.uint8], asked: Asked) -> NDArray[np.uint8]:
    name = _NAMES.get(asked["corruption"], asked["corruption"])
    made = imagecorruptions.corrupt(image, severity=asked["level"], corruption_name=name)
    return np.asarray(np.clip(made, 0, 255), np.uint8)


def _time(asked: Asked) -> Asked:
    image = np.load(asked["pictures"])[0]
    for _ in range(2):
        _corrupt(image, asked)
    spent: list[float] = []
    end = time.perf_counter() + asked["budget_s"]
    while len(spent) < _LEAST_CALLS or time.perf_counter() < end:
        start = time.perf_counter()
        _corrupt(image, asked)
        spent.append(time.perf_counter() - start)
    return {"ms": 1000 * median(spent)}


def _make(asked: Asked) -> Asked:
    np.random.seed(asked["seed"])
    pictures = np.load(asked["pictures"])
    np.save(asked["out"], np.stack([_corrupt(picture, asked) for picture in pictures]))
    return {"made": len(pictures)}


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"time": _time, "make": _make}[asked["do"]](asked)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
