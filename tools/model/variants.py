"""Every way that a file could be fed and read, the most usual first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, get_args

from agent.card import Colour, InputCard, OutputCard, Resize, Scale
from agent.errors import ModelError
from agent.models._graph import Tensor
from agent.models._preprocess import byte_table, picture_shape

_TENSORFLOW_1: Final = ("boxes", "classes", "scores", "count")
_TENSORFLOW_2: Final = ("scores", "boxes", "count", "classes")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the outputs: the labels in output order, and how that order is called."""

    output: OutputCard
    labels: tuple[str, ...]
    order: str


def input_cards(tensor: Tensor, kind: str) -> Iterator[InputCard]:
    """Input cards that differ in what they make of a picture, the most usual first.

    Usual is what most files of the kind in the field were trained with: RGB; whole pictures
    stretched, but letterboxed for ``yolo``; bytes for quantised inputs, 0..1 for floats.
    """
    scales: Sequence[Scale] = get_args(Scale)
    if tensor.dtype.startswith("float"):
        scales = ("unit", "signed", "raw")
    resizes: Sequence[Resize] = ("stretch", "crop", "letterbox")
    if kind == "yolo":
        resizes = ("letterbox", "stretch", "crop")
    ways: Sequence[tuple[Colour, bool]] = (("rgb", False), ("bgr", False))
    if picture_shape(tensor)[2] == 1:
        ways = (("gray", False), ("gray", True))
    for scale, resize, (colour, equalise) in product(_distinct(tensor, scales), resizes, ways):
        yield InputCard(colour=colour, resize=resize, equalise=equalise, scale=scale)


def _distinct(tensor: Tensor, scales: Sequence[Scale]) -> list[Scale]:
    """Scales without those that the file's quantisation makes equal to an earlier one."""
    tables: dict[bytes, Scale] = {}
    for scale in scales:
        try:
            tables.setdefault(byte_table(InputCard(scale=scale), tensor).tobytes(), scale)
        except ModelError:
            continue  # the quantisation leaves nothing of this scale
    return list(tables.values())


def readings(kind: str, lines: Sequence[str], classes: int) -> list[Reading]:
    """Ways to read the outputs of a kind, given the label list and the number of classes."""
    listed = tuple(lines)
    if kind == "ssd":
        return [
            Reading(OutputCard.model_validate({"order": order, "label_offset": offset}), listed, "")
            for order in (_TENSORFLOW_1, _TENSORFLOW_2)
            for offset in (0, 1, -1)
        ]
    offset = len(lines) - classes
    if offset not in (-1, 0, 1):
        offset = 0  # the head says what is wrong with the list
    output = OutputCard(label_offset=offset)
    if kind != "classifier" or offset:
        return [Reading(output, listed, "as listed")]
    orders = {
        "as listed": listed,
        "numbers sorted as text": tuple(
            listed[int(number)] for number in sorted(map(str, range(len(listed))))
        ),
        "names sorted": tuple(sorted(listed)),
    }
    distinct = {labels: name for name, labels in reversed(orders.items())}
    return [Reading(output, labels, name) for labels, name in reversed(distinct.items())]
