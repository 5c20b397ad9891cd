"""What became of one frame, and the bytes in which it travels and waits: compact, and checked.

Workers send these bytes and the journal keeps them, so that a frame counts for the same whoever
examined it and whenever.
"""

from __future__ import annotations

import io
import pickle
import zlib
from dataclasses import dataclass, field, replace
from typing import Any, Final

from agent.cameras import RecordedCamera
from agent.errors import DataError
from agent.metrics.bands import Slice, slices_of
from agent.session import Examination, Session
from agent.values import Frame, Target
from tools.evaluate.graded import Graded, grade
from tools.evaluate.properties import measured

_OURS: Final = frozenset(
    {
        "agent.metrics.average_precision",
        "agent.metrics.bands",
        "agent.session",
        "agent.values",
        "tools.evaluate.graded",
        "tools.evaluate.looked",
    }
)


@dataclass(frozen=True)
class Details:
    """What only a look at the pixels and at the model's whole answers tells of a frame.

    ``slices`` are those of each target, in order; ``clean`` and ``perturbed`` the graded answers,
    one for each inference. ``time_s`` is within the clip.
    """

    time_s: float = 0.0
    slices: tuple[tuple[Slice, ...], ...] = ()
    clean: Graded = field(default_factory=Graded)
    perturbed: tuple[Graded, ...] = ()


@dataclass(frozen=True)
class Looked:
    """A frame's examination, or why its picture could not be used."""

    examination: Examination | None
    source: str = ""
    rejected: str = ""
    details: Details = field(default_factory=Details)


def look(camera: RecordedCamera, session: Session, index: int) -> Looked:
    """Examine the frame at ``index``. Raises what ``Session.examine`` raises."""
    try:
        frame = camera.read(index)
    except DataError as error:
        # Taken out: the names of a million bad pictures need not be kept here as well.
        name = camera.rejected.popitem()[0] if camera.rejected else f"frame {index}"
        return Looked(None, name, error.message)
    examination = session.examine(frame)
    details = _details(frame, examination, session)
    return Looked(_without_answers(examination), frame.source, details=details)


def _details(frame: Frame, seen: Examination, session: Session) -> Details:
    interest, labelled = session.interest, len(session.model.targets) > 1
    return Details(
        frame.time_s,
        tuple(_slices(frame, target, labelled) for target in seen.targets),
        grade(seen.answer, seen.targets, seen.clean, interest),
        tuple(grade(i.answer, seen.targets, i.sightings, interest) for i in seen.inferences),
    )


def _slices(frame: Frame, target: Target, labelled: bool) -> tuple[Slice, ...]:
    """A target's slices; its label is one where the model has several."""
    own = slices_of(frame.tags, measured(frame, target))
    return (*own, Slice("label", target.label)) if labelled and target.label else own


def _without_answers(seen: Examination) -> Examination:
    """An examination that is small: the model's whole answers have served."""
    inferences = tuple(replace(i, answer=None, sightings=()) for i in seen.inferences)
    return replace(seen, answer=None, inferences=inferences)


def encode(looked: Looked) -> bytes:
    """The bytes of a frame's examination; all numbers in them are exact."""
    return zlib.compress(pickle.dumps(looked, protocol=5), 1)


def decode(data: bytes) -> Looked:
    """The reverse of ``encode``. Raises ``ValueError`` for bytes that are not its own.

    A journal may come from another hand: nothing but our own values is ever built from it.
    """
    try:
        found = _Values(io.BytesIO(zlib.decompress(data))).load()
    except (zlib.error, pickle.UnpicklingError, EOFError, TypeError, AttributeError) as error:
        raise ValueError(f"no examination: {error}") from None
    if not isinstance(found, Looked):
        raise ValueError(f"no examination: {type(found).__name__}")
    return found


class _Values(pickle.Unpickler):
    """Builds our own values and refuses to name anything else."""

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name) if module in _OURS else None
        if not isinstance(found, type) or found.__module__ != module:
            raise pickle.UnpicklingError(f"{module}.{name} has no place here")
        return found
