"""Which head fits a file, told from its tensors alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Final

from agent.errors import ModelError
from agent.models._graph import GraphFacts
from agent.models._preprocess import picture_shape

_CELL_STRIDES: Final = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class Guess:
    """``kind`` None: no head here reads these outputs. ``reason`` says what was looked at.

    ``classes`` is how many labels the outputs ask for, 0 where the file does not tell.
    """

    kind: str | None
    reason: str
    classes: int = 0


def guess_kind(facts: GraphFacts) -> Guess:
    """The kind that the outputs' names and shapes speak for."""
    if len(facts.inputs) != 1:
        return Guess(None, f"{len(facts.inputs)} inputs, where one picture is all it can be given")
    try:
        height, width, _, _ = picture_shape(facts.inputs[0])
    except ModelError as error:
        return Guess(None, error.message)
    cells = sum((height // stride) * (width // stride) for stride in _CELL_STRIDES)
    return _by_outputs(facts, cells)


def _by_outputs(facts: GraphFacts, cells: int) -> Guess:
    shapes = [tensor.shape for tensor in facts.outputs]
    names = {tensor.name for tensor in facts.outputs}
    if names == {"heat", "box"}:
        heat = next(tensor for tensor in facts.outputs if tensor.name == "heat")
        return Guess("centernet", "outputs named heat and box", heat.shape[-1])
    if len(shapes) == 4 and any(len(shape) == 3 and shape[-1] == 4 for shape in shapes):
        classes = max(facts.anchor_scores - 1, 0)
        return Guess("ssd", "four outputs, one of them boxes [1, N, 4]", classes)
    if len(shapes) != 1:
        return Guess(None, f"{len(shapes)} outputs that no kind here has")
    return _single(shapes[0], cells)


def _single(shape: tuple[int, ...], cells: int) -> Guess:
    size = prod(shape)
    if len(shape) >= 2 and size == shape[-1] >= 2:
        return Guess("classifier", f"one output of {size} scores", size)
    if len(shape) == 3 and min(shape[1:]) >= 5:
        return _candidates(shape, cells)
    if len(shape) == 4:
        return Guess(None, f"one output {list(shape)}: a raw grid, whose boxes are not decoded")
    return Guess(None, f"one output {list(shape)} that no kind here has")


def _candidates(shape: tuple[int, ...], cells: int) -> Guess:
    """YOLO's candidates are one per cell of three grids, or three where there is objectness."""
    attributes, candidates = sorted(shape[1:])
    if candidates == 3 * cells:
        reason = f"{candidates} candidates, three for each cell: boxes with objectness (v5, v7)"
        return Guess("yolo", reason, attributes - 5)
    if candidates == cells:
        return Guess(
            "yolo", f"{candidates} candidates, one for each cell (v8, v11)", attributes - 4
        )
    return Guess(
        None, f"one output {list(shape)}, not the {cells} or {3 * cells} candidates of YOLO"
    )
