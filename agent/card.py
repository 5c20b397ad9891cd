"""The model card: what a TFLite file does not tell about itself. TOML, ``fieldproof.model/1``.

Only ``file`` and ``kind`` must be given. Shapes, quantisation and embedded labels are read from
the file itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from agent import toml
from agent.errors import ModelError

Colour = Literal["rgb", "bgr", "gray"]
Resize = Literal["stretch", "letterbox", "crop"]
Scale = Literal["raw", "unit", "signed"]
Part = Literal["boxes", "classes", "scores", "count"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class InputCard(_Table):
    """How a picture becomes the model's input.

    ``resize``: ``stretch`` to the input's size; ``letterbox`` keeps the aspect and fills the rest
    with ``pad``; ``crop`` takes the largest centred window of the input's aspect. ``equalise``
    spreads the histogram of a gray picture. ``scale`` is the value that the model was trained on:
    ``raw`` 0..255, ``unit`` 0..1, ``signed`` -1..1; a quantised input then follows the file's own
    scale and zero point, but ``raw`` gives it the picture's bytes (int8: less 128).
    """

    colour: Colour = "rgb"
    resize: Resize = "stretch"
    pad: int = Field(default=114, ge=0, le=255)
    equalise: bool = False
    scale: Scale = "raw"

    @model_validator(mode="after")
    def _equalise_gray_only(self) -> InputCard:
        if self.equalise and self.colour != "gray":
            raise ValueError(f'equalise is for colour = "gray", not {self.colour!r}')
        return self


class OutputCard(_Table):
    """How the outputs are read. ``order`` is for ``ssd`` alone.

    ``label_offset`` is added to the class index before the look-up in the labels;
    ``iou_threshold`` is the overlap above which the weaker of two boxes of a class is dropped,
    where the decoder does that itself.
    """

    order: tuple[Part, Part, Part, Part] = ("boxes", "classes", "scores", "count")
    label_offset: int = Field(default=0, ge=-1, le=1000)
    score_threshold: float = Field(default=0.5, gt=0, lt=1)
    iou_threshold: float = Field(default=0.45, gt=0, le=1)

    @model_validator(mode="after")
    def _each_part_once(self) -> OutputCard:
        if len(set(self.order)) != len(self.order):
            raise ValueError("order names each of boxes, classes, scores, count once")
        return self


class ModelCard(_Table):
    """One model: its file, its labels, and how to feed and read it.

    ``read`` resolves ``file`` and ``labels`` against the card's own folder. ``targets`` are the
    labels of interest, none means all; ``aliases`` map the data's names to the model's.
    """

    schema_: Literal["fieldproof.model/1"] = Field(default="fieldproof.model/1", alias="schema")
    file: Path
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$", to_lower=True)] | None = None
    kind: str
    labels: Path | None = None
    targets: tuple[str, ...] = ()
    input: InputCard = Field(default_factory=InputCard)
    output: OutputCard = Field(default_factory=OutputCard)
    aliases: dict[str, str] = Field(default_factory=dict)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    @classmethod
    def read(cls, path: Path) -> ModelCard:
        """The card in a TOML file, its paths resolved. Raises ``ModelError``."""
        try:
            is_model = path.is_file() and _is_tflite(path)
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise ModelError(
                f"There is no model card {path}.",
                remedy="Give the path of a card, such as model.toml.",
            ) from None
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror}.") from None
        if is_model:
            raise ModelError(
                f"{path} is a model file; its card is needed, which says how to feed and read it.",
                remedy=_card_remedy(path),
            )
        card = toml.read(path, cls, ModelError)
        folder = path.resolve().parent
        labels = None if card.labels is None else folder / card.labels
        return card.model_copy(update={"file": folder / card.file, "labels": labels})

    def to_toml(self) -> str:
        """The card as TOML text; what has its default value is left out."""
        whole = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        whole = {"schema": self.schema_, **whole}
        tables = {key: value for key, value in whole.items() if isinstance(value, dict)}
        lines = [_line(key, value) for key, value in whole.items() if key not in tables]
        for name, table in tables.items():
            lines += ["", f"[{name}]", *(_line(key, value) for key, value in table.items())]
        return "\n".join(lines) + "\n"


def _line(key: str, value: Any) -> str:
    """One TOML assignment. JSON's strings, numbers, booleans and lists are TOML's as well."""
    name = key if key.isidentifier() and key.isascii() else json.dumps(key)
    return f"{name} = {json.dumps(value, ensure_ascii=False)}"


def _is_tflite(path: Path) -> bool:
    if path.suffix == ".tflite":
        return True
    with path.open("rb") as file:
        return file.read(8)[4:] == b"TFL3"


def _card_remedy(path: Path) -> str:
    """Which card to give, or how to come by one."""
    beside = path.with_suffix(".toml")
    if beside.is_file():
        return f"There is one beside it: give {beside}."
    return (
        f"Find one with: fieldproof model probe {path} --data D, or write {beside.name} beside it: "
        f'file = "{path.name}", kind = "classifier" (or ssd, yolo, ...), labels = "labels.txt".'
    )
