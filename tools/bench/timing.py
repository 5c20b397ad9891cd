"""Medians of a call's time, and the references that speeds are told against."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import cv2
import numpy as np

from agent.errors import ModelError
from agent.models._runtime import find_runtime
from agent.values import Pixels

_LEAST_CALLS: Final = 7
_MOST_CALLS: Final = 2001


def median_ms(call: Callable[[], Any], budget_s: float = 0.2) -> float:
    """Median time of a call in ms, over as many calls as fit in a budget, at least 7.

    Two calls beforehand are not counted: they fill caches.
    """
    call()
    call()
    spent: list[float] = []
    end = time.perf_counter() + budget_s
    while len(spent) < _LEAST_CALLS or (time.perf_counter() < end and len(spent) < _MOST_CALLS):
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return 1000 * median(spent)


def memcpy_ms(pixels: Pixels) -> float:
    """Median time to copy a picture into memory that is there already, in ms."""
    room = np.empty_like(pixels)
    return median_ms(lambda: np.copyto(room, pixels))


@dataclass(frozen=True, slots=True)
class Inference:
    """One inference's time: the model file's name, the runtime's name, and milliseconds."""

    model: str
    runtime: str
    ms: float

    @property
    def is_litert(self) -> bool:
        return "litert" in self.runtime


def inference(path: Path) -> Inference:
    """Time a TFLite file with one thread on an input of zeros. Raises ``ModelError``."""
    runtime = find_runtime()
    try:
        interpreter = runtime.open(path)
    except (OSError, RuntimeError, ValueError) as error:
        missing = not path.is_file()
        reason = "there is no such file" if missing else "the runtime takes it for no TFLite file"
        raise ModelError(
            f"{path} cannot be timed: {reason}.", remedy="Give a TFLite file with --model."
        ) from error
    for entry in interpreter.get_input_details():
        interpreter.set_tensor(entry["index"], np.zeros(entry["shape"], entry["dtype"]))
    return Inference(path.stem, runtime.name, median_ms(interpreter.invoke, 1.0))


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV with one thread: what a device that runs a model beside it can spare."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
