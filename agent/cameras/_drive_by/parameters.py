"""What a drive towards a sign is made of."""

from __future__ import annotations

from math import floor
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.values import derived_seed

Weather = Literal["sunny", "overcast", "low_sun"]


class DriveByParameters(BaseModel):
    """One approach, or several: metres, metres per second, degrees, pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    distance: float = Field(default=60.0, gt=1, le=300, description="m along the road at the start")
    end: float = Field(default=7.0, ge=1, le=300, description="m along the road at the end")
    speed: float = Field(default=13.9, gt=0, le=90, description="m/s")
    fps: float = Field(default=15.0, gt=0, le=240, description="frames/s")
    lateral: float = Field(
        default=2.8, ge=2.4, le=12, description="m from the camera's path to the right"
    )
    mount: float = Field(
        default=2.3, ge=1, le=6, description="m from the road to the sign's centre"
    )
    yaw: float = Field(
        default=0.0, ge=-75, le=75, description="degrees, positive turns it to the right"
    )
    eye: float = Field(default=1.3, ge=0.3, le=4, description="m from the road to the camera")
    width: int = Field(default=640, ge=64, le=4096, description="px")
    height: int = Field(default=480, ge=64, le=4096, description="px")
    fov: float = Field(
        default=50.0, ge=10, le=120, description="degrees across the picture's width"
    )
    weather: Weather = Field(default="sunny", description="sunny, overcast or low_sun")
    light: float = Field(
        default=1.0, gt=0, le=1.5, description="factor on all light, 1 is well exposed"
    )
    sun: float = Field(
        default=150.0, ge=-360, le=360, description="degrees, 0 ahead, 90 right, 180 behind"
    )
    noise: float = Field(default=1.0, ge=0, le=20, description="sensor noise, grey levels RMS")
    sign: bool = Field(default=True, description="false: the same drive without the sign")
    seed: int = Field(
        default=0, ge=0, description="chance of the scenery, the noise and the passes"
    )
    passes: int = Field(
        default=1, ge=1, le=10_000, description="approaches, each with its own light"
    )

    @model_validator(mode="after")
    def _approach(self) -> DriveByParameters:
        if self.end >= self.distance:
            raise ValueError(f"end={self.end} m is not nearer than distance={self.distance} m")
        return self

    @property
    def frames_per_pass(self) -> int:
        """From the start to the last moment that is no nearer than ``end``."""
        return floor((self.distance - self.end) / self.speed * self.fps + 1e-9) + 1

    def depth(self, frame: int) -> float:
        """Metres along the road to the sign at a pass's frame."""
        return self.distance - self.speed * frame / self.fps

    def of_pass(self, number: int) -> DriveByParameters:
        """The parameters of one pass: the first as given, later ones varied by the seed.

        The sign's yaw within 20 degrees, its offset, the light, the weather and the sun vary.
        """
        if number == 0:
            return self
        chance = np.random.Generator(np.random.SFC64(derived_seed(self.seed, "pass", number)))
        weathers: tuple[Weather, ...] = ("sunny", "overcast", "low_sun")
        return self.model_copy(
            update={
                "yaw": float(np.clip(self.yaw + chance.uniform(-20, 20), -75, 75)),
                "lateral": float(np.clip(self.lateral + chance.uniform(-0.3, 0.9), 2.4, 12)),
                "light": float(np.clip(self.light * chance.uniform(0.7, 1.1), 0.05, 1.5)),
                "weather": weathers[int(chance.integers(3))],
                "sun": float(chance.uniform(60, 300)),
                "seed": derived_seed(self.seed, "scenery", number),
            }
        )
