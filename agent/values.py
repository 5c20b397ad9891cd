"""What everything speaks: frames, truths, targets, predictions, conditions and trials.

All are immutable. Pixels are uint8 RGB of shape (H, W, 3); coordinates are pixels, x to the
right and y down, with the origin at the top-left corner of the top-left pixel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
Point: TypeAlias = tuple[float, float]
Quad: TypeAlias = tuple[Point, Point, Point, Point]
"""A sign's square hull in the picture: top-left, top-right, bottom-right, bottom-left."""

Placement: TypeAlias = Literal["truth", "outline", "track", "box", "frame"]
"""How a target's place is known: its quad from truth, from the outline in the picture, or from
the outlines of the frames before; else only a box, or the whole frame."""

Fault: TypeAlias = Literal["", "absent", "frozen", "black", "torn", "size"]
"""Why a live frame is no use, empty where it is: none came in time, the same one came for long, it
is dark all over, a decoder filled it up, or it has another size than the first."""


class Box(NamedTuple):
    """An axis-aligned rectangle in pixels: left, top, right, bottom (the far edges excluded)."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return max(0.0, self.x1 - self.x0)

    @property
    def height(self) -> float:
        return max(0.0, self.y1 - self.y0)

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def centre(self) -> Point:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def iou(self, other: Box) -> float:
        """Intersection over union, in [0, 1]; 0 where either box is empty."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)


@dataclass(frozen=True, slots=True)
class TrueObject:
    """One thing that is really there. ``box`` None means that it is the whole frame's label.

    ``quad`` is the sign's square hull where it is known exactly; ``distance_m`` and ``track``
    (the object's identity over a clip) likewise.
    """

    label: str
    box: Box | None = None
    quad: Quad | None = None
    distance_m: float | None = None
    track: str = ""


@dataclass(frozen=True, slots=True)
class Truth:
    """All that is known to be in a frame. No objects means: known to hold none."""

    objects: tuple[TrueObject, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture. ``pixels`` is read-only uint8 RGB (H, W, 3).

    ``clip`` names what the frame belongs to: the video or pass, or the image's own name for a
    single photo; randomness is keyed by it, so that a clip is coherent. ``time_s`` is the time
    within the clip, ``monotonic`` and ``wall`` are clock readings at capture, all in seconds.
    A frame with a ``fault`` must not be examined.
    """

    pixels: Pixels
    index: int
    clip: str
    source: str = ""
    time_s: float = 0.0
    monotonic: float = 0.0
    wall: float = 0.0
    tags: Mapping[str, str] = field(default_factory=dict)
    truth: Truth | None = None
    fault: Fault = ""

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])


@dataclass(frozen=True, slots=True)
class Target:
    """What must be seen in a frame: a label and where. ``label`` None: nothing is to be seen.

    ``region`` None means the whole frame (a classifier's target). ``from_truth`` tells whether
    truth named it or the clean prediction did. ``face`` is the sign's outline (one of
    ``agent.geometry.shapes.SHAPES``, empty where nobody has asked) and ``placement`` how its place
    is known.
    """

    frame: int
    number: int
    label: str | None
    region: Box | None = None
    quad: Quad | None = None
    track: str = ""
    distance_m: float | None = None
    from_truth: bool = True
    face: str = ""
    placement: Placement = "box"


@dataclass(frozen=True, slots=True)
class Detection:
    """One found object: its label, score in [0, 1] and box in the frame's pixels."""

    label: str
    score: float
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """A model's answer for one frame.

    A classifier fills ``scores`` (shape (C,), float32, in [0, 1]) and ``labels`` (C names); a
    detector fills ``detections``, highest score first.
    """

    detections: tuple[Detection, ...] = ()
    scores: NDArray[np.float32] | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """How a target fares in one prediction.

    ``seen`` tells whether it was found with the right label (a detector: at IoU >= 0.5).
    ``label`` is what was seen in its place, None for nothing; ``confidence`` is the score given
    to the target's own label there (0 where there is none); ``iou`` is None for a classifier.
    """

    seen: bool
    label: str | None
    confidence: float
    iou: float | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One perturbation of a condition: its kind, severity in [0, 1] and parameters.

    ``fixed``: it keeps its severity while those of other parts vary.
    """

    kind: str
    severity: float
    parameters: tuple[tuple[str, Any], ...] = ()
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """Which perturbations, how strong, from which seed. ``level`` is a standard's own 1..5.

    ``per_target`` is true when a part lies on the object: each target then needs a picture of
    its own. ``varied`` is the severity that a suite varies where other parts are fixed, None where
    all are. ``monotone``: more of it can be trusted to do more harm.
    """

    parts: tuple[Part, ...]
    seed: int = 0
    level: int | None = None
    per_target: bool = False
    name: str = ""
    varied: float | None = None
    monotone: bool = True

    def at(self, severity: float) -> Condition:
        """The same condition at another severity in [0, 1]; parts that are fixed stay as they are.

        It has no level: those are the severities of a standard, whatever equals them.
        """
        parts = tuple(p if p.fixed else replace(p, severity=severity) for p in self.parts)
        return replace(self, parts=parts, varied=severity, level=None)

    @property
    def kind(self) -> str:
        """The condition's name in results: its own, or its kinds joined by ``+``."""
        return self.name or "+".join(part.kind for part in self.parts)

    @property
    def severity(self) -> float:
        """The severity that results list, in [0, 1]: the varied one, else the strongest part's."""
        if self.varied is not None:
            return self.varied
        return max((part.severity for part in self.parts), default=0.0)


@dataclass(frozen=True, slots=True)
class Trial:
    """One target under one condition, before and after.

    ``remark`` says of a condition that lies on the object why little or nothing could be seen of
    it: ``tiny`` or ``outside`` of the picture.
    """

    frame: int
    clip: str
    target: Target
    condition: Condition
    clean: Sighting
    perturbed: Sighting
    remark: str = ""

    @property
    def flipped(self) -> bool:
        """True when a target that was seen clean is no longer seen."""
        return self.clean.seen and not self.perturbed.seen


@dataclass(frozen=True, slots=True)
class Sensor:
    """What the sensor perturbations need to know of an image sensor.

    Full well in electrons, read noise in electrons RMS, analogue gain as a factor over base ISO,
    read-out time of a whole frame in seconds (rolling shutter), exposure in seconds.
    """

    full_well_e: float = 10_000.0
    read_noise_e: float = 3.0
    max_gain: float = 16.0
    readout_s: float = 0.02
    exposure_s: float = 0.008


@dataclass(frozen=True, slots=True)
class Execution:
    """On what a model is computed.

    ``package`` is the TFLite package that is preferred where both are installed. ``delegate`` is
    ``none`` (TFLite's own kernels), ``xnnpack`` (what both packages do by themselves: LiteRT gives
    float and int8 operators to XNNPACK, tflite-runtime 2.14 float ones only) or ``edgetpu``, which
    needs the shared ``library``; ``remedy`` says what to do where that is absent.
    """

    package: str = "ai-edge-litert"
    delegate: Literal["none", "xnnpack", "edgetpu"] = "xnnpack"
    library: str = ""
    remedy: str = ""


def derived_seed(*keys: int | str) -> int:
    """A 63-bit seed from any keys, the same on every machine, process and Python.

    Python's own ``hash`` differs from run to run, so BLAKE2 is used.
    """
    digest = hashlib.blake2b(repr(keys).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
