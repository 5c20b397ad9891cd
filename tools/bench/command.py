"""``fieldproof bench perturbations``: speed, faithfulness, and accuracy in two columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from agent.assembly import meet
from agent.errors import DataError, UsageError
from agent.models import Model
from agent.models._load import load_model
from agent.perturbations import STAGES, family
from agent.values import Pixels
from tools.bench.accuracy import Pair, compare
from tools.bench.fidelity import Check, check_all
from tools.bench.reference import Reference, find_python
from tools.bench.speed import Speeds, measure
from tools.bench.tables import print_accuracy, print_fidelity, print_goals, print_speeds
from tools.bench.timing import inference
from tools.evaluate.data import DataSpec

Bar = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]

_MOBILENET: Final = "../shared/data/models/cls_imagenet_mobilenet_v2_1.0_224_quant.tflite"


@dataclass(frozen=True)
class Plan:
    """What to measure. ``kinds`` empty: all; ``against``: see ``find_python``, empty for none."""

    kinds: tuple[str, ...] = ()
    model: Path | None = None
    against: str = ""
    speed: bool = True
    fidelity: bool = True
    accuracy: Path | None = None
    data: DataSpec | None = None


@dataclass(frozen=True)
class Measured:
    """What was measured; None or empty what was not asked for."""

    speeds: Speeds | None
    checks: tuple[Check, ...]
    classifier: str
    pairs: tuple[Pair, ...]

    @property
    def met(self) -> bool:
        """Whether every goal for speed and every check of faithfulness is met."""
        goals = self.speeds.goals if self.speeds else ()
        return all(goal.met for goal in goals) and all(check.met for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        return {
            "speed": self.speeds.to_json() if self.speeds else None,
            "fidelity": [{**asdict(check), "met": check.met} for check in self.checks],
            "classifier": self.classifier,
            "accuracy": [{**asdict(pair), "within": pair.within} for pair in self.pairs],
        }


def bench(plan: Plan, bar: Bar) -> Measured:
    """Measure what a plan asks for. Raises ``UsageError``, ``UnknownKind``, ``ConfigError``."""
    kinds = _in_order(plan.kinds)
    if not (plan.speed or plan.fidelity or plan.accuracy):
        raise UsageError(
            "There is nothing left to measure.", remedy="Leave out --no-speed or --no-fidelity."
        )
    if plan.accuracy and not (plan.against and plan.data):
        raise UsageError(
            "--accuracy compares with imagecorruptions on labelled pictures.",
            remedy="Add --imagecorruptions install and --data FOLDER.",
        )
    engine = Reference(find_python(plan.against)) if plan.against else nullcontext()
    with engine as reference:
        speeds = None
        if plan.speed:
            timed = inference(plan.model or _usual_model())
            with bar("Timing") as progress:
                speeds = measure(kinds, timed, reference, progress)
        checks: list[Check] = []
        if plan.fidelity:
            with bar("Comparing") as progress:
                checks = check_all(kinds, reference, progress)
        pairs: list[Pair] = []
        name = ""
        if plan.accuracy and plan.data and reference:
            model = load_model(plan.accuracy)
            pictures, labels = _labelled(model, plan.data)
            name = model.name
            with bar("Classifying") as progress:
                pairs = compare(model, pictures, labels, reference, progress, kinds)
    return Measured(speeds, tuple(checks), name, tuple(pairs))


def show(console: Console, measured: Measured) -> None:
    """Print the tables of what was measured."""
    if measured.speeds:
        print_speeds(console, measured.speeds)
        print_goals(console, measured.speeds.goals, measured.speeds.inference.is_litert)
    if measured.checks:
        print_fidelity(console, measured.checks)
    if measured.pairs:
        print_accuracy(console, measured.classifier, measured.pairs)


def _in_order(kinds: Sequence[str]) -> tuple[str, ...]:
    """Kinds in the order of physics; all of them where none is named."""
    members = [family.load(kind) for kind in kinds or family.kinds()]
    members.sort(key=lambda member: (STAGES.index(member.stage()), member.kind()))
    return tuple(member.kind() for member in members)


def _usual_model() -> Path:
    """MobileNetV2 where the material for tests lies beside the project, else the bundled model."""
    root = Path(__file__).resolve().parents[2]
    found = (root / _MOBILENET).resolve()
    bundled = Path(str(files("tools.demo") / "model" / "stop_sign.tflite"))
    return found if found.is_file() else bundled


def _labelled(model: Model, data: DataSpec) -> tuple[list[Pixels], list[str]]:
    """Pictures with one label each, and the labels in the model's words."""
    if model.detects:
        raise UsageError("The accuracy columns are for a classifier, and this is a detector.")
    with data.open() as camera:
        joined = meet(camera.labels, model, {})
        pictures, labels = [], []
        for frame in camera.frames():
            objects = frame.truth.objects if frame.truth else ()
            if len(objects) == 1:
                pictures.append(frame.pixels)
                labels.append(joined.mapping.get(objects[0].label, objects[0].label))
    if not pictures:
        raise DataError(
            f"{data.source} holds no picture with one label.", remedy="Give labelled pictures."
        )
    return pictures, labels
