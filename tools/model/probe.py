"""``fieldproof model probe``: which way of feeding and reading a file fits labelled data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from agent.card import ModelCard
from agent.errors import DataError, ModelError
from agent.models import family
from agent.models._graph import Array, Graph
from agent.models._labels import embedded_labels
from agent.models._load import refuse_unusable
from agent.models._quarantine import check_file, try_model
from agent.models._tflite import TFLiteModel
from agent.values import Frame
from agent.vocabulary import join, read_names
from tools.model.halving import Entry, Progress, halve, ties
from tools.model.kind import Guess, guess_kind
from tools.model.sample import balanced
from tools.model.variants import input_cards, readings

_MOST_DETECTOR: Final = 48
_FAINT: Final = 0.25  # detections from this score on tell cards apart


@dataclass(frozen=True)
class Candidate:
    """One card that was tried: how many of ``n`` targets it got right, on how many ``frames``.

    ``order`` says how the labels were ordered; ``labels`` are those of the outputs, in order.
    ``tied`` is how many other cards did as well on the same frames, within chance: among them
    the most usual one was preferred. ``false``: detections where no target is.
    """

    card: ModelCard
    labels: tuple[str, ...]
    order: str
    correct: int
    n: int
    frames: int
    false: int = 0
    tied: int = 0

    @property
    def accuracy(self) -> float:
        return self.correct / self.n if self.n else 0.0

    @property
    def note(self) -> str:
        """What the card's user must know, empty where there is nothing."""
        if self.order in ("", "as listed"):
            return ""
        return (
            f"The outputs are in another order than the label list ({self.order}): name the "
            "data's numeric ids with --data-labels, since they are no indices into this card's "
            "labels."
        )

    def write(self, path: Path) -> tuple[Path, ...]:
        """Write the card, and the labels beside it where the card names no file that has them.

        The card's paths are made relative to its own folder where they lie below it.
        """
        card, written = self.card, [path]
        if card.labels is None and self.labels != embedded_labels(card.file):
            beside = path.with_name(f"{path.stem}.labels.txt")
            beside.write_text("\n".join(self.labels) + "\n", encoding="utf-8")
            card = card.model_copy(update={"labels": beside})
            written.append(beside)
        folder = path.resolve().parent
        near = {"file": _near(card.file, folder)}
        if card.labels is not None:
            near["labels"] = _near(card.labels, folder)
        path.write_text(card.model_copy(update=near).to_toml(), encoding="utf-8")
        return tuple(written)


def probe(
    path: Path,
    frames: Iterable[Frame],
    *,
    labels: Path | None = None,
    kind: str | None = None,
    targets: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
    limit: int = 400,
    threads: int = 1,
    progress: Progress = lambda done, planned: None,
) -> tuple[Candidate, ...]:
    """Cards that could fit the model file at ``path``, the best first, with what they achieved.

    ``frames`` carry truth; an id without a name (``#14``) is an index into ``labels``, the file
    with a name per class. Without it the labels inside the model file are taken, or the ids
    themselves. ``kind`` overrules the guess from the outputs; ``limit`` bounds the frames.

    All ways are tried on a few frames; the better half goes on to twice as many, until a few are
    left, which see all (successive halving, Jamieson and Talwalkar 2016). Raises ``ModelError``,
    ``DataError`` where labels do not meet.
    """
    sha256 = check_file(path)
    facts = try_model(path)
    refuse_unusable(path, facts)
    guess = guess_kind(facts)
    kind = kind or guess.kind
    if kind is None:
        raise ModelError(f"No kind of model here reads {path}: {guess.reason}.")
    sample = _sample(frames, limit, guess)
    lines = _lines(path, labels, guess, sample)
    named = _named(sample, lines, aliases or {})
    interest = tuple(targets) or _interest(named, kind)
    base = ModelCard(
        file=path,
        sha256=sha256,
        kind=kind,
        labels=labels,
        targets=interest,
        aliases=dict(aliases or {}),
    )
    entries = _entries(base, _Remembering(path, threads), lines, guess)
    ranked = halve(entries, named, progress)
    return tuple(_candidate(entry, ranked) for entry in ranked)


class _Remembering(Graph):
    """Answers at once when asked the same again: cards may differ in the outputs' reading only."""

    _asked: tuple[Array, ...] = ()
    _answer: tuple[Array, ...] = ()

    def run(self, *arrays: Array) -> list[Array]:
        same = len(arrays) == len(self._asked)
        if not (same and all(map(np.array_equal, arrays, self._asked))):
            self._answer = tuple(super().run(*arrays))
            self._asked = arrays
        return list(self._answer)


def _sample(frames: Iterable[Frame], limit: int, guess: Guess) -> list[Frame]:
    """A classifier: some of each class. A detector: scenes with objects, and some without."""
    if guess.kind == "classifier":
        return balanced(frames, limit, guess.classes)
    return balanced(frames, min(limit, _MOST_DETECTOR), 1)


def _near(path: Path, folder: Path) -> Path:
    whole = path.resolve()
    return whole.relative_to(folder) if whole.is_relative_to(folder) else whole


def _lines(
    path: Path, labels: Path | None, guess: Guess, sample: Sequence[Frame]
) -> tuple[str, ...]:
    """The label list: the given file's, the model file's own, or what the data's truth tells."""
    lines = read_names(labels) if labels is not None else embedded_labels(path)
    if lines or guess.kind != "classifier":
        return lines or tuple(f"#{i}" for i in range(guess.classes))
    names = {o.label for f in sample if f.truth for o in f.truth.objects}
    if len(names) == guess.classes and not any(name.startswith("#") for name in names):
        return tuple(sorted(names))
    return tuple(f"#{i}" for i in range(guess.classes))


def _named(
    sample: Sequence[Frame], lines: Sequence[str], aliases: Mapping[str, str]
) -> list[Frame]:
    """The frames with their truth in the model's own words; what the model lacks goes."""
    truths = [frame.truth.objects if frame.truth else () for frame in sample]
    mapping = join((o.label for objects in truths for o in objects), lines, aliases).mapping
    named: list[Frame] = []
    for frame, objects in zip(sample, truths, strict=True):
        known = tuple(replace(o, label=mapping[o.label]) for o in objects if o.label in mapping)
        if known or not objects:
            assert frame.truth is not None
            named.append(replace(frame, truth=replace(frame.truth, objects=known)))
    return named


def _interest(named: Sequence[Frame], kind: str) -> tuple[str, ...]:
    """A detector is looked at for the labels that the data has; others may be real and unnamed."""
    if kind == "classifier":
        return ()
    labels = {o.label for f in named if f.truth for o in f.truth.objects if o.box is not None}
    if not labels:
        raise DataError(
            "The data has no boxes, and the model is a detector.",
            remedy="Give data with boxes: VOC, YOLO or COCO annotations.",
        )
    return tuple(sorted(labels))


def _entries(base: ModelCard, graph: Graph, lines: Sequence[str], guess: Guess) -> list[Entry]:
    """Every way that the head takes. Raises the head's own error where it takes none."""
    head = family.load(base.kind)
    assert issubclass(head, TFLiteModel)
    entries: list[Entry] = []
    refusal: ModelError | None = None
    for reading in readings(base.kind, lines, guess.classes or len(lines)):
        faint = reading.output.model_copy(update={"score_threshold": _FAINT})
        for group, input_card in enumerate(input_cards(graph.inputs[0], base.kind)):
            update: dict[str, object] = {"input": input_card, "output": faint}
            if reading.labels != tuple(lines):
                update["labels"] = None
            card = base.model_copy(update=update)
            try:
                model = head(card, graph, reading.labels, base.sha256 or "")
            except ModelError as error:
                refusal = refusal or error
                break
            entries.append(Entry(len(entries), model, reading, group))
    if not entries and refusal is not None:
        raise refusal
    return entries


def _candidate(entry: Entry, ranked: Sequence[Entry]) -> Candidate:
    peers = (other for other in ranked if len(other.scores) == len(entry.scores))
    tied = sum(ties(other, entry) for other in peers if other is not entry)
    return Candidate(
        entry.model.card.model_copy(update={"output": entry.reading.output}),
        entry.reading.labels,
        entry.reading.order,
        entry.correct,
        entry.n,
        len(entry.scores),
        entry.false,
        tied,
    )
