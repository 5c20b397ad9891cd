"""What must be seen in a frame: named by its truth, or else by the model's clean prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent.errors import DataError
from agent.geometry.placing import placement_of
from agent.geometry.tracks import Tracker
from agent.models import Model
from agent.values import Detection, Frame, Prediction, Target, TrueObject, Truth


def targets_of(
    frame: Frame,
    clean: Prediction,
    model: Model,
    names: Mapping[str, str],
    tracker: Tracker | None = None,
) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """A frame's targets, and the labels of its truth that the model does not know.

    ``names`` maps the data's labels to the model's. A ``tracker`` names predicted targets over the
    frames of a clip, which must then come in order. Raises ``DataError`` where a detector's target
    has no box.
    """
    if frame.truth is None:
        return _predicted(frame, clean, model, tracker), ()
    targets: list[Target] = []
    skipped: list[str] = []
    for thing in _things(frame.truth, model):
        label = names.get(thing.label, thing.label)
        if label not in model.labels:
            skipped.append(thing.label)
        elif label in model.targets:
            _check_box(frame, thing, model)
            targets.append(_true(frame, thing, label, len(targets)))
    return tuple(targets), tuple(skipped)


def _true(frame: Frame, thing: TrueObject, label: str, number: int) -> Target:
    return Target(
        frame.index,
        number,
        label,
        thing.box,
        thing.quad,
        thing.track or f"{label} {number}",
        thing.distance_m,
        placement=placement_of(thing.box, thing.quad),
    )


def _things(truth: Truth, model: Model) -> tuple[TrueObject, ...]:
    """What counts of a truth: a classifier answers once for the whole frame.

    Several things of one label are then one target; several labels have no right answer.
    """
    if model.detects or len(truth.objects) < 2:
        return truth.objects
    labels = sorted({thing.label for thing in truth.objects})
    if len(labels) == 1:
        return (replace(truth.objects[0], box=None, quad=None),)
    return (TrueObject(f"several at once: {', '.join(labels)}"),)


def _check_box(frame: Frame, thing: TrueObject, model: Model) -> None:
    if model.detects and thing.box is None:
        raise DataError(
            f"{frame.source or frame.clip} is labelled {thing.label!r} as a whole, without a "
            "box; a detector is judged by boxes.",
            remedy="Give data with boxes: VOC XML, YOLO txt, COCO json, or a CSV with regions.",
        )


def _predicted(
    frame: Frame, clean: Prediction, model: Model, tracker: Tracker | None
) -> tuple[Target, ...]:
    if clean.scores is not None:
        top = clean.labels[int(clean.scores.argmax())]
        if top not in model.targets:
            return ()
        track = f"{top} 0"
        return (Target(frame.index, 0, top, track=track, from_truth=False, placement="frame"),)
    found = sorted(clean.detections, key=lambda item: item.box.x0)
    tracks = _tracks(frame, found, tracker)
    return tuple(
        Target(frame.index, i, item.label, item.box, track=tracks[i], from_truth=False)
        for i, item in enumerate(found)
    )


def _tracks(frame: Frame, found: Sequence[Detection], tracker: Tracker | None) -> Sequence[str]:
    if tracker is None:
        return [f"{item.label} {i}" for i, item in enumerate(found)]
    return tracker.follow(frame.clip, frame.time_s, [(item.label, item.box) for item in found])
