"""Device profiles: what a device is, and what the agent may use of it.

One TOML file per device under ``firmware_profiles``; a user's own file is given by its path.
Unknown keys are refused, so that a misspelt limit cannot be silently without effect.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from agent import toml
from agent.errors import ConfigError
from agent.values import Execution, Sensor

DEVICE_TREE = Path("/proc/device-tree/compatible")


Words: TypeAlias = Annotated[
    tuple[str, ...],
    BeforeValidator(
        lambda value: (
            [word.strip() for word in value.split(",") if word.strip()]
            if isinstance(value, str)
            else value
        )
    ),
]
"""Words, as a list or with commas between them."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class CameraTable(_Table):
    """The camera that the device usually has: ``--camera`` text and mode, px and frames/s."""

    spec: str = "v4l2:/dev/video0"
    width: int = Field(default=640, ge=16, le=8192)
    height: int = Field(default=480, ge=16, le=8192)
    fps: float = Field(default=15.0, gt=0, le=240)
    source: str = ""


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
    """How the model is run: by which TFLite package, and on what.

    ``package`` is preferred where both are installed. ``threads`` are TFLite's, per interpreter;
    ``workers`` are the processes of an evaluation on this device: a run on a camera has one.
    ``delegate`` computes the model: ``none`` TFLite's own kernels, ``xnnpack`` the CPU's vector
    units, ``edgetpu`` the shared library ``delegate_library``; ``remedy`` says what to do where
    that library is absent.
    """

    package: Literal["tflite-runtime", "ai-edge-litert"] = "ai-edge-litert"
    threads: int = Field(default=1, ge=1, le=64)
    workers: int = Field(default=1, ge=1, le=256)
    delegate: Literal["none", "xnnpack", "edgetpu"] = "xnnpack"
    delegate_library: str = ""
    remedy: str = ""
    source: str = ""

    @model_validator(mode="after")
    def _library_named(self) -> RuntimeTable:
        if self.delegate == "edgetpu" and not self.delegate_library:
            raise ValueError("the delegate edgetpu needs delegate_library, as libedgetpu.so.1")
        return self

    def value(self) -> Execution:
        library = self.delegate_library if self.delegate == "edgetpu" else ""
        return Execution(self.package, self.delegate, library, self.remedy)


class ThermalTable(_Table):
    """When it is too hot, in degrees Celsius: the agent pauses at ``pause_c`` or above, and goes
    on below ``resume_c``.
    """

    pause_c: float = Field(default=80.0, ge=20, le=125)
    resume_c: float = Field(default=75.0, ge=0, le=125)
    source: str = ""

    @model_validator(mode="after")
    def _cooler_to_resume(self) -> ThermalTable:
        if self.resume_c >= self.pause_c:
            raise ValueError(
                f"resume_c ({self.resume_c:g}) must be below pause_c ({self.pause_c:g})"
            )
        return self


class BudgetTable(_Table):
    """What the agent may take of the device.

    ``cpu_share`` is of all cores together; ``memory_mb`` what is resident, in MB of 10^6 bytes;
    ``outbox_bytes`` and ``outbox_days`` the outbox's size on disk and its rows' age;
    ``writes_mb_per_hour`` what goes to disk; ``max_fps`` frames a second, 0: as fast as it goes;
    ``latency_ms`` what one inference of a 224 px model should take at most, 0: not said.
    """

    cpu_share: float = Field(default=1.0, gt=0, le=1)
    memory_mb: int = Field(default=512, ge=32, le=1_000_000)
    outbox_bytes: int = Field(default=256 * 2**20, ge=2**20)
    outbox_days: float = Field(default=30.0, gt=0, le=3650)
    writes_mb_per_hour: float = Field(default=100.0, gt=0)
    max_fps: float = Field(default=0.0, ge=0)
    latency_ms: float = Field(default=0.0, ge=0)
    source: str = ""


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


class ServiceTable(_Table):
    """The commands that the agent obeys when they come over MQTT, by name; none by default."""

    commands: Words = ()


class Profile(_Table):
    """A device. ``compatible`` strings are matched against the device tree, most exact first;
    ``python`` is the first and the last version that the agent's packages exist for there.
    """

    schema_: Literal["fieldproof.profile/1"] = Field(alias="schema")
    name: str
    summary: str
    compatible: tuple[str, ...] = ()
    machine: Literal["x86_64", "aarch64", "armv7l"]
    python: str = Field(default="3.10 - 3.13", pattern=r"^3\.\d{1,2} - 3\.\d{1,2}$")
    source: str = ""
    camera: CameraTable = Field(default_factory=CameraTable)
    sensor: SensorTable = Field(default_factory=SensorTable)
    runtime: RuntimeTable = Field(default_factory=RuntimeTable)
    thermal: ThermalTable = Field(default_factory=ThermalTable)
    budgets: BudgetTable = Field(default_factory=BudgetTable)
    telemetry: TelemetryTable = Field(default_factory=TelemetryTable)
    evidence: EvidenceTable = Field(default_factory=EvidenceTable)
    service: ServiceTable = Field(default_factory=ServiceTable)

    def python_range(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The first and the last Python that fit, both included, as (major, minor)."""
        first, last = (text.split(".") for text in self.python.split(" - "))
        return (int(first[0]), int(first[1])), (int(last[0]), int(last[1]))


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


@dataclass(frozen=True)
class Fit:
    """The profile that fits a device, and why."""

    name: str
    why: str


def detect(device_tree: Path = DEVICE_TREE, machine: str = "") -> str:
    """The name of the profile that fits this device: by device tree, else by machine.

    Raises ``ConfigError`` for a machine that no profile is for.
    """
    return fit(device_tree, machine).name


def fit(device_tree: Path = DEVICE_TREE, machine: str = "") -> Fit:
    """As ``detect``, with the reason as a sentence."""
    machine = machine or platform.machine()
    profiles = [load_profile(name) for name in shipped()]
    told = _compatible(device_tree)
    for compatible in told:
        for profile in profiles:
            if compatible in profile.compatible:
                return Fit(profile.name, f"The device tree says that it is {compatible}.")
    known = f"no profile is for {', '.join(told)}" if told else "there is no device tree"
    for profile in profiles:
        if not profile.compatible and profile.machine == machine:
            return Fit(profile.name, f"The machine is {machine}, and {known}.")
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
