"""Device profiles: what a device is, and what the agent may use of it.

One TOML file per device under ``firmware_profiles``; a user's own file is given by its path.
Unknown keys are refused, so that a misspelt limit cannot be silently without effect.
"""

from __future__ import annotations

import platform
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent import toml
from agent.errors import ConfigError
from agent.values import Sensor

DEVICE_TREE = Path("/proc/device-tree/compatible")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CameraTable(_Table):
    """The camera that the device usually has: ``--camera`` text and mode."""

    spec: str = "v4l2:/dev/video0"
    width: int = Field(default=640, ge=16, le=8192)
    height: int = Field(default=480, ge=16, le=8192)
    fps: float = Field(default=15.0, gt=0, le=240)


class SensorTable(_Table):
    """The image sensor; ``source`` says where the figures come from. Units as in ``Sensor``."""

    name: str = "generic"
    full_well_e: float = Field(default=10_000.0, gt=0)
    read_noise_e: float = Field(default=3.0, ge=0)
    max_gain: float = Field(default=16.0, ge=1)
    readout_s: float = Field(default=0.02, ge=0)
    exposure_s: float = Field(default=0.008, gt=0)
    source: str = ""

    def value(self) -> Sensor:
        return Sensor(
            self.full_well_e, self.read_noise_e, self.max_gain, self.readout_s, self.exposure_s
        )


class RuntimeTable(_Table):
    """How the model is run: TFLite threads per interpreter."""

    threads: int = Field(default=1, ge=1, le=64)


class BudgetTable(_Table):
    """What the agent may take: the outbox's size on disk and its rows' age, and frames a second."""

    outbox_bytes: int = Field(default=256 * 2**20, ge=2**20)
    outbox_days: float = Field(default=30.0, gt=0, le=3650)
    max_fps: float = Field(default=0.0, ge=0, description="0: as fast as it goes")


class TelemetryTable(_Table):
    """How often health is reported, and how many records go into one batch."""

    health_s: float = Field(default=30.0, gt=0)
    batch_records: int = Field(default=100, ge=1, le=10_000)


class EvidenceTable(_Table):
    """Pictures of failures that leave the device: pairs per hour, 0 for none at all.

    ``max_bytes`` bounds a pair as JPEG, ``max_px`` the longer side.
    """

    per_hour: float = Field(default=0.0, ge=0, le=3600)
    max_bytes: int = Field(default=40_000, ge=2_000, le=45_000)
    max_px: int = Field(default=640, ge=64, le=8192)


class Profile(_Table):
    """A device. ``compatible`` strings are matched against the device tree, most exact first."""

    schema_: Literal["fieldproof.profile/1"] = Field(alias="schema")
    name: str
    summary: str
    compatible: tuple[str, ...] = ()
    machine: Literal["x86_64", "aarch64", "armv7l"]
    camera: CameraTable = CameraTable()
    sensor: SensorTable = SensorTable()
    runtime: RuntimeTable = RuntimeTable()
    budgets: BudgetTable = BudgetTable()
    telemetry: TelemetryTable = TelemetryTable()
    evidence: EvidenceTable = EvidenceTable()


def shipped() -> tuple[str, ...]:
    """Names of the profiles that ship with the agent."""
    names = (item.name for item in files("firmware_profiles").iterdir())
    return tuple(sorted(Path(name).stem for name in names if name.endswith(".toml")))


def load_profile(name: str) -> Profile:
    """A shipped profile by name, or a user's by its path. Raises ``ConfigError``."""
    path = Path(name)
    if path.suffix == ".toml":
        return toml.read(path, Profile)
    if name not in shipped():
        raise ConfigError(
            f"There is no device profile called {name!r}.",
            remedy=f"Use one of {', '.join(shipped())}, or the path of a TOML file.",
        )
    text = (files("firmware_profiles") / f"{name}.toml").read_text(encoding="utf-8")
    return toml.parse(text, Profile, f"profile {name}")


def detect(device_tree: Path = DEVICE_TREE, machine: str = "") -> str:
    """The name of the profile that fits this device: by device tree, else by machine.

    Raises ``ConfigError`` for a machine that no profile is for.
    """
    machine = machine or platform.machine()
    profiles = [load_profile(name) for name in shipped()]
    for compatible in _compatible(device_tree):
        for profile in profiles:
            if compatible in profile.compatible:
                return profile.name
    for profile in profiles:
        if not profile.compatible and profile.machine == machine:
            return profile.name
    raise ConfigError(
        f"No device profile is for the machine {machine!r}.",
        remedy="Write one as TOML and give its path with --profile.",
    )


def _compatible(device_tree: Path) -> list[str]:
    """The device tree's own list, most exact first; strings are separated by NUL bytes."""
    try:
        raw = device_tree.read_bytes()
    except OSError:
        return []
    return [text for text in raw.decode("ascii", errors="replace").split("\0") if text]
