"""What the heads' tests share: a graph whose answer a person has written down."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.card import ModelCard
from agent.family import Family
from agent.models import Model, family
from agent.models._graph import Tensor
from agent.models._tflite import TFLiteModel
from agent.values import Execution

Built = Callable[..., TFLiteModel]


@dataclass(frozen=True)
class _Named:
    name: str = "by hand"


class WrittenGraph:
    """Stands in a loaded file's place, so that a decoder meets arrays known to the last bit."""

    path = Path("written.tflite")
    threads = 1
    runtime = _Named()

    def __init__(
        self,
        answer: list[NDArray[Any]],
        outputs: list[Tensor],
        picture: Tensor,
        example: list[NDArray[Any]] | None = None,
        anchor_scores: int = 0,
    ) -> None:
        self.execution = Execution()
        self.inputs = (picture,)
        self.outputs = tuple(outputs)
        self.answer = answer
        self.example = answer if example is None else example
        self._anchor_scores = anchor_scores
        self.fed: list[NDArray[Any]] = []

    def run(self, *arrays: NDArray[Any]) -> list[NDArray[Any]]:
        self.fed.extend(arrays)
        return self.answer

    def anchor_scores(self) -> int:
        return self._anchor_scores


@pytest.fixture
def build() -> Built:
    """Build a head over written outputs: ``build(kind, arrays, labels, ...)``."""

    def make(
        kind: str,
        arrays: list[NDArray[Any]],
        labels: tuple[str, ...],
        *,
        size: int = 64,
        names: tuple[str, ...] = (),
        quantisation: tuple[tuple[float, int], ...] = (),
        targets: tuple[str, ...] = (),
        example: list[NDArray[Any]] | None = None,
        anchor_scores: int = 0,
        resize: str = "stretch",
        **output: Any,
    ) -> TFLiteModel:
        card = ModelCard.model_validate(
            {
                "file": "written.tflite",
                "kind": kind,
                "targets": targets,
                "input": {"resize": resize},
                "output": output,
            }
        )
        outputs = [
            Tensor(
                names[i] if names else f"out{i}",
                array.shape,
                array.dtype.name,
                *(quantisation[i] if quantisation else (0.0, 0)),
            )
            for i, array in enumerate(arrays)
        ]
        picture = Tensor("picture", (1, size, size, 3), "uint8", 1.0, 0)
        graph: Any = WrittenGraph(arrays, outputs, picture, example, anchor_scores)
        models: Family[Model] = family
        head = models.load(kind)
        assert issubclass(head, TFLiteModel)
        return head(card, graph, labels, "0" * 64)

    return make


@pytest.fixture
def black() -> NDArray[np.uint8]:
    """A frame of 128 x 64 pixels (width x height): twice as wide as the written input."""
    return np.zeros((64, 128, 3), np.uint8)


@pytest.fixture
def from_the_future(shared_data: Path, tmp_path: Path) -> Path:
    """A real file that asks for a version of FULLY_CONNECTED (operator 9) that nobody has yet."""
    whole = (shared_data / "models" / "cls_gtsrb_feranick_30_uint8.tflite").read_bytes()
    path = tmp_path / "future.tflite"
    path.write_bytes(_with_operator_version(whole, 9, 99))
    return path


def _with_operator_version(model: bytes, operator: int, version: int) -> bytes:
    """Rewrite an operator's version in a FlatBuffer (TFLite schema 3a: operator_codes, field 1)."""
    data = bytearray(model)

    def number(form: str, place: int) -> Any:
        return struct.unpack_from(form, data, place)[0]

    def field(table: int, index: int) -> int:
        vtable = table - number("<i", table)
        return table + int(number("<H", vtable + 4 + 2 * index))

    codes = field(number("<I", 0), 1)
    codes += number("<I", codes)
    for entry in range(codes + 4, codes + 4 + 4 * number("<I", codes), 4):
        code = entry + number("<I", entry)
        if data[field(code, 0)] == operator:
            struct.pack_into("<i", data, field(code, 2), version)
    return bytes(data)
