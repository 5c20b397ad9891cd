"""When and where a preview's perturbation happens: as a session would place it on the frame."""

from __future__ import annotations

from typing import cast

from agent.geometry.placing import place
from agent.geometry.shapes import Shape
from agent.perturbations import Moment
from agent.values import Box, Frame, Target, TrueObject


def moment_on(frame: Frame, region: Box | None, seed: int) -> Moment:
    """The moment of a frame whose sign is the first true object, or lies in a ``region``.

    Where neither tells its quad, its outline is looked for in the picture.
    """
    target = _target(frame, region)
    located = target and place(frame.pixels, target)
    return Moment(
        time_s=frame.time_s,
        seed=seed,
        frame=frame.index,
        region=located.region if located else None,
        quad=located.quad if located else None,
        face=cast(Shape, located.face or "octagon") if located else "octagon",
        distance_m=located.distance_m if located else None,
    )


def _target(frame: Frame, region: Box | None) -> Target | None:
    if region is not None:
        return Target(frame.index, 0, None, region)
    thing = _first(frame)
    if thing is None:
        return None
    return Target(frame.index, 0, thing.label, thing.box, thing.quad, distance_m=thing.distance_m)


def _first(frame: Frame) -> TrueObject | None:
    objects = frame.truth.objects if frame.truth else ()
    return next((thing for thing in objects if thing.box), None)
