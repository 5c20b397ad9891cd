"""``fieldproof model probe``: which way of feeding and reading a file fits labelled data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from agent.card import ModelCard, OutputCard
from agent.errors import DataError, ModelError
from agent.metrics.matching import sight
from agent.models import family
from agent.models._graph import Array, Graph
from agent.models._labels import embedded_labels
from agent.models._load import refuse_unusable
from agent.models._quarantine import check_file, try_model
from agent.models._tflite import TFLiteModel
from agent.values import Frame, Target
from agent.vocabulary import join, read_names
from tools.model.kind import Guess, guess_kind
from tools.model.sample import balanced
from tools.model.variants import Reading, input_cards, readings

Progress = Callable[[int, int], None]
"""Called after each inference round with the number of frames done and of all planned."""

_FIRST_ROUND: Final = 32  # frames; a detector takes far longer for one, and tells more by it
_FIRST_ROUND_DETECTOR: Final = 8
_MOST_DETECTOR: Final = 48
_FINALISTS: Final = 4
_FAINT: Final = 0.25  # detections from this score on tell cards apart
_FOUND: Final = OutputCard().score_threshold  # and from this on they count as found


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


@dataclass(eq=False)
class _Entry:
    """A way to feed and read the file, and how each frame went so far."""

    rank: int
    model: TFLiteModel
    reading: Reading
    group: int
    scores: list[float] = field(default_factory=list)
    correct: int = 0
    n: int = 0
    false: int = 0

    @property
    def mean(self) -> float:
        return float(np.mean(self.scores)) if self.scores else 0.0


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
    base = ModelCard(file=path, sha256=sha256, kind=kind, labels=labels, targets=interest)
    entries = _entries(base, _Remembering(path, threads), lines, guess)
    ranked = _halve(entries, named, progress)
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


def _entries(base: ModelCard, graph: Graph, lines: Sequence[str], guess: Guess) -> list[_Entry]:
    """Every way that the head takes. Raises the head's own error where it takes none."""
    head = family.load(base.kind)
    assert issubclass(head, TFLiteModel)
    entries: list[_Entry] = []
    refusal: ModelError | None = None
    for reading in readings(base.kind, lines, guess.classes or len(lines)):
        faint = reading.output.model_copy(update={"score_threshold": _FAINT})
        for group, input_card in enumerate(input_cards(graph.inputs[0], base.kind)):
            update = {"input": input_card, "output": faint}
            if reading.labels != tuple(lines):
                update["labels"] = None  # type: ignore[assignment]
            card = base.model_copy(update=update)
            try:
                model = head(card, graph, reading.labels, base.sha256 or "")
            except ModelError as error:
                refusal = refusal or error
                break
            entries.append(_Entry(len(entries), model, reading, group))
    if not entries and refusal is not None:
        raise refusal
    return entries


def _halve(entries: list[_Entry], frames: Sequence[Frame], progress: Progress) -> list[_Entry]:
    """All entries, the best first: the finalists by all frames, the others by when they fell."""
    detects = entries[0].model.detects
    size = _FIRST_ROUND_DETECTOR if detects else _FIRST_ROUND
    alive, fallen, done = entries, list[_Entry](), 0
    while done < len(frames):
        size = len(frames) if len(alive) <= _FINALISTS else min(size, len(frames))
        for frame in frames[done:size]:
            for entry in sorted(alive, key=lambda entry: entry.group):
                _try(entry, frame)
        done = size
        progress(done, len(frames))
        alive = _ordered(alive)
        if done < len(frames):
            half = max(_FINALISTS, len(alive) // 2)
            fallen = alive[half:] + fallen
            alive = alive[:half]
        size *= 2
    return [*alive, *fallen]


def _ordered(entries: Sequence[_Entry]) -> list[_Entry]:
    """The best first; but of those that do as well as the best, the most usual first."""
    best = max(entries, key=lambda entry: (entry.mean, -entry.rank))
    tied = sorted((e for e in entries if _ties(e, best)), key=lambda entry: entry.rank)
    others = [entry for entry in entries if entry not in tied]
    return tied + sorted(others, key=lambda entry: (-entry.mean, entry.rank))


def _try(entry: _Entry, frame: Frame) -> None:
    """Note how one frame goes: right or wrong; a detector by the scores of what it finds."""
    objects = frame.truth.objects if frame.truth else ()
    answer = entry.model.predict(frame.pixels)
    if answer.scores is not None:
        right = entry.model.labels[int(answer.scores.argmax())] in {o.label for o in objects}
        entry.correct += right
        entry.n += 1
        entry.scores.append(float(right))
        return
    wanted = [o for o in objects if o.box is not None and o.label in entry.model.targets]
    targets = [Target(frame.index, i, o.label, o.box) for i, o in enumerate(wanted)]
    sightings, phantoms = sight(answer, targets)
    found = [sighting.confidence for sighting in sightings if sighting.seen]
    entry.correct += sum(score >= _FOUND for score in found)
    entry.n += len(targets)
    entry.false += sum(phantom.score >= _FOUND for phantom in phantoms)
    entry.scores.append(sum(found) - sum(phantom.score for phantom in phantoms) / 2)


def _ties(entry: _Entry, best: _Entry) -> bool:
    """Whether two entries did as well on the same frames, within one standard error.

    The difference of paired frames against its own spread, as in McNemar's test; of those that
    tie the simplest is taken (the one-standard-error rule, Breiman et al. 1984).
    """
    if len(entry.scores) != len(best.scores):
        return False
    difference = np.subtract(best.scores, entry.scores)
    return bool(abs(difference.sum()) <= np.sqrt(np.square(difference).sum()))


def _candidate(entry: _Entry, ranked: Sequence[_Entry]) -> Candidate:
    tied = sum(_ties(other, entry) for other in ranked if other is not entry)
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
