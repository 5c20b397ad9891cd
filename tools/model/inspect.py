"""``fieldproof model inspect``: what a TFLite file tells about itself."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from agent.errors import ModelError
from agent.models._graph import Tensor
from agent.models._labels import embedded_labels, embedded_texts, metadata_of
from agent.models._load import refuse_unusable
from agent.models._quarantine import check_file, try_model
from tools.model.kind import guess_kind

_LONGEST: Final = 200  # characters of a metadata value that are worth showing


class TensorFacts(BaseModel):
    """One input or output; ``scale`` None means that it is not quantised.

    Real value = ``scale`` * (stored - ``zero_point``).
    """

    model_config = ConfigDict(frozen=True)

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None = None
    zero_point: int | None = None


class ModelFacts(BaseModel):
    """All that a file tells about itself.

    ``size`` in bytes. ``kind`` is the head that fits, None where none does, and ``reason`` what
    speaks for it; ``classes`` how many labels the outputs ask for, 0 where that is not told.
    ``refusal`` says why the file cannot be used, empty where it can.
    """

    model_config = ConfigDict(frozen=True)

    file: str
    size: int
    sha256: str
    runtime: str
    kind: str | None
    reason: str
    classes: int
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    signatures: tuple[str, ...]
    operators: dict[str, int]
    embedded_labels: int
    metadata: dict[str, str]
    refusal: str = ""


def inspect(path: Path) -> ModelFacts:
    """What the file is, told by trying it in a child process.

    Raises ``ModelError`` for a file that cannot be loaded, ``ConfigError`` without a runtime.
    """
    sha256 = check_file(path)
    facts = try_model(path)
    guess = guess_kind(facts)
    refusal = "" if guess.kind else f"No kind of model here reads it: {guess.reason}."
    try:
        refuse_unusable(path, facts)
    except ModelError as error:
        refusal = str(error)
    return ModelFacts(
        file=str(path),
        size=path.stat().st_size,
        sha256=sha256,
        runtime=facts.runtime,
        kind=guess.kind,
        reason=guess.reason,
        classes=guess.classes,
        inputs=tuple(_shown(tensor) for tensor in facts.inputs),
        outputs=tuple(_shown(tensor) for tensor in facts.outputs),
        signatures=tuple(facts.signatures),
        operators=dict(facts.operators),
        embedded_labels=len(embedded_labels(path)),
        metadata=_metadata(path),
        refusal=refusal,
    )


def _shown(tensor: Tensor) -> TensorFacts:
    if not tensor.quantised:
        return TensorFacts(name=tensor.name, shape=tensor.shape, dtype=tensor.dtype)
    return TensorFacts(
        name=tensor.name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        scale=tensor.scale,
        zero_point=tensor.zero_point,
    )


def _metadata(path: Path) -> dict[str, str]:
    """The appended files' names and, where one is a dictionary, its short values."""
    found: dict[str, str] = {}
    for name, text in embedded_texts(path).items():
        values = {key: str(value) for key, value in metadata_of(text).items() if key != "names"}
        found |= {key: value for key, value in values.items() if len(value) <= _LONGEST}
        if not values:
            found[name] = f"{len(text.splitlines())} lines"
    return found
