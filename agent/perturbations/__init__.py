"""Perturbations: each file is one kind, a pure change of pixels that stands for a physical cause.

The folders are the stages, in the order of physics: ``on_object``, ``in_scene``, ``on_lens``,
``in_sensor``; and last ``benchmark``, the corruptions that the field's standard benchmarks define
on finished pictures. A kind's stage is the folder that it lies in. They import values and geometry.

To add one: a file ``agent/perturbations/<stage>/<kind>.py`` with one public class that extends
``Perturbation``; the family's contract test picks it up by itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from agent.family import Family, kind_of
from agent.geometry.plane import Plane, sign_plane
from agent.geometry.shapes import Shape
from agent.values import Box, Pixels, Quad, Sensor, derived_seed

STAGES: Final = ("on_object", "in_scene", "on_lens", "in_sensor", "benchmark")

Motion = Literal["still", "moving", "fresh"]


@dataclass(frozen=True, slots=True)
class Moment:
    """When, where and by what chance a perturbation happens.

    ``time_s``: seconds within the clip. ``seed``: the same for all frames of a clip or track.
    ``frame``: index within the clip, for what is drawn afresh on each frame. ``region`` and
    ``quad``: the target's box and the sign's square hull in pixels, None where unknown (then the
    whole frame is the object). ``size_cm``: the side of the sign's square hull in centimetres, and
    ``face`` its outline.
    ``distance_m``: from the camera to the target, None where unknown.
    """

    time_s: float = 0.0
    seed: int = 0
    frame: int = 0
    region: Box | None = None
    quad: Quad | None = None
    size_cm: float = 76.2
    face: Shape = "octagon"
    distance_m: float | None = None
    sensor: Sensor = field(default_factory=Sensor)

    def generator(self, kind: str, *, fresh: bool = False) -> np.random.Generator:
        """Chance for one kind: constant over the clip, or ``fresh`` on every frame."""
        keys = (self.seed, kind, self.frame) if fresh else (self.seed, kind)
        return np.random.Generator(np.random.SFC64(derived_seed(*keys)))

    def plane(self, shape: tuple[int, ...]) -> Plane:
        """Where the target's sign lies in a picture of ``shape`` (H, W, ...)."""
        return sign_plane(
            shape, region=self.region, quad=self.quad, size_cm=self.size_cm, face=self.face
        )


class Perturbation(BaseModel, ABC):
    """The parameters of one perturbation, as a value; ``apply`` is a pure function of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    monotone: ClassVar[bool] = True
    """Whether more severity can be trusted to do more harm."""

    seeded: ClassVar[bool] = True
    """Whether another seed draws other pixels."""

    motion: ClassVar[Motion] = "still"
    """What a clip's frames have in common: ``still`` is the same on every frame, ``moving`` is a
    function of time alone, ``fresh`` is drawn anew by the frame's number."""

    @classmethod
    def kind(cls) -> str:
        return kind_of(cls)

    @classmethod
    def stage(cls) -> str:
        """The stage of physics: the folder that the kind's file lies in."""
        return cls.__module__.split(".")[-2]

    @abstractmethod
    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        """Perturbed copy of ``pixels``, uint8 RGB (H, W, 3), same shape.

        ``severity`` is in [0, 1]; 0 gives an equal copy. The input is never changed and the
        output never shares memory with it.
        """

    @abstractmethod
    def describe(self, severity: float) -> str:
        """What a severity means in physical units, such as ``visibility 180 m``."""


family = Family("perturbation", __name__, Perturbation)  # type: ignore[type-abstract]
