"""The way to a model: card, file, hash, a trial in a child process, and then the head."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from agent.card import ModelCard
from agent.errors import ModelError, UnknownKind
from agent.models import family
from agent.models._graph import Graph, GraphFacts
from agent.models._labels import labels_of
from agent.models._quarantine import check_file, refused, try_model
from agent.models._runtime import DEFAULT, find_runtime
from agent.models._tflite import TFLiteModel
from agent.values import Execution

_EDGETPU: Final = "edgetpu-custom-op"


log = logging.getLogger(__name__)


def load_model(
    card: Path | ModelCard,
    *,
    threads: int = 1,
    checked: bool = False,
    execution: Execution = DEFAULT,
) -> TFLiteModel:
    """The model of a card (or of a card's path), ready to predict.

    The file's hash is always compared with the card's. ``checked`` leaves out the trial in a child
    process: for a worker whose parent has just loaded the same file.

    Raises ``ModelError`` saying what is wrong and what to do: no such file, another format,
    another hash, corrupt, an operator that the runtime lacks, several inputs, a state, outputs of
    another kind, labels that do not fit. Raises ``ConfigError`` where no runtime works, or where
    the delegate cannot be loaded.
    """
    if not isinstance(card, ModelCard):
        card = ModelCard.read(card)
    head = _head(card.kind)
    sha256 = check_file(card.file, card.sha256)
    if not checked:
        facts = try_model(card.file, execution=execution)
        refuse_unusable(card.file, facts)
        if execution.delegate == "edgetpu" and _EDGETPU not in facts.operators:
            log.warning("%s is not compiled for the Edge TPU: it runs on the CPU.", card.file)
    return head(card, _graph(card.file, threads, execution), labels_of(card), sha256)


def refuse_unusable(path: Path, facts: GraphFacts) -> None:
    """Raise ``ModelError`` for a model that needs more than one picture to answer."""
    if len(facts.inputs) != 1:
        inputs = "; ".join(str(tensor) for tensor in facts.inputs)
        raise ModelError(
            f"{path} takes {len(facts.inputs)} inputs ({inputs}), and one picture is all that it "
            "can be given.",
            remedy="Further inputs often hold a state from the frame before. Export the model "
            "without them, for single pictures.",
        )
    if not facts.steady:
        raise ModelError(
            f"{path} answers the same picture differently the second time: it keeps a state, or "
            "draws at random.",
            remedy="Export the model without state (and without dropout) for single pictures.",
        )


def _graph(path: Path, threads: int, execution: Execution) -> Graph:
    runtime = find_runtime(execution.package)
    try:
        return Graph(path, threads, runtime, execution)
    except (ValueError, RuntimeError) as error:
        raise refused(path, runtime.name, str(error)) from None


def _head(kind: str) -> type[TFLiteModel]:
    try:
        head = family.load(kind)
    except UnknownKind as error:
        raise ModelError(error.message, remedy=f"Set kind in the card. {error.remedy}") from None
    if not issubclass(head, TFLiteModel):
        raise ModelError(f"The model kind {kind!r} is not read from a TFLite file.")
    return head
