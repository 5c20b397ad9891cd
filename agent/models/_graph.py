"""A TFLite file in an interpreter: what its tensors are, and one picture in, arrays out.

Imports neither OpenCV nor pydantic: the child process that tries a file starts quickly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agent.models._runtime import DEFAULT, Runtime, find_runtime
from agent.values import Execution

Array = NDArray[Any]
_SERVING: Final = "serving_default"
_POSTPROCESS: Final = "TFLite_Detection_PostProcess"


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output. Real value = ``scale`` * (stored - ``zero_point``).

    ``scale`` is 0 where the tensor is not quantised. ``name`` is the signature's where the file
    has one, else the graph's. ``shape`` is that of one run.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float = 0.0
    zero_point: int = 0

    @property
    def quantised(self) -> bool:
        return self.scale > 0

    def real(self, stored: Array) -> NDArray[np.float32]:
        """Stored values as real ones, float32 of the same shape."""
        if not self.quantised:
            return stored.astype(np.float32, copy=False)
        return (stored.astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale)

    def stored(self, real: float) -> float:
        """The stored value that a real one stands for, not rounded: for comparisons."""
        return real / self.scale + self.zero_point if self.quantised else real

    def __str__(self) -> str:
        return f"{self.name} {list(self.shape)} {self.dtype}"


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """What a file tells about itself once it has been loaded and run.

    ``anchor_scores`` is the last axis of the class scores that go into SSD's post-processing
    operator (classes, and the background where there is one), 0 where there is no such operator.
    ``steady`` is false when the same picture was answered differently the second time.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    signatures: Mapping[str, Mapping[str, Sequence[str]]]
    operators: Mapping[str, int]
    anchor_scores: int
    steady: bool
    runtime: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> GraphFacts:
        tensors = {key: tuple(_tensor(t) for t in data[key]) for key in ("inputs", "outputs")}
        return cls(**{**data, **tensors})


def _tensor(data: Mapping[str, Any]) -> Tensor:
    return Tensor(**{**data, "shape": tuple(data["shape"])})


class Graph:
    """A loaded file. ``run`` feeds its input (or inputs) and gives all outputs as stored.

    ``example`` holds the outputs for ``example_input``, a noise picture: from them a head tells
    what the shapes alone do not, such as whether boxes are in pixels.
    """

    def __init__(
        self,
        path: Path,
        threads: int = 1,
        runtime: Runtime | None = None,
        execution: Execution = DEFAULT,
    ) -> None:
        """Load and allocate. Raises whatever the runtime raises for a file it cannot take, and
        ``ConfigError`` for a delegate that is absent.
        """
        self.path = path
        self.threads = threads
        self.execution = execution
        self.runtime = runtime or find_runtime(execution.package)
        self._interpreter = self.runtime.open(path, threads, execution)
        details = self._interpreter.get_input_details()
        self._input_index = [int(d["index"]) for d in details]
        self._output_index = [int(d["index"]) for d in self._interpreter.get_output_details()]
        self.inputs = tuple(_described(d, {}) for d in details)
        self.outputs: tuple[Tensor, ...] = ()
        self.example = self.run(*(example_input(t) for t in self.inputs))
        self._describe_outputs()

    def run(self, *arrays: Array) -> list[Array]:
        """One inference. Arrays have the inputs' shapes and types; the outputs are copies."""
        for index, array in zip(self._input_index, arrays, strict=True):
            self._interpreter.set_tensor(index, array)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._output_index]

    def facts(self) -> GraphFacts:
        """All that the file tells. Runs it a second time."""
        again = self.run(*(example_input(t) for t in self.inputs))
        pairs = list(zip(self.example, again, strict=True))
        return GraphFacts(
            self.inputs,
            self.outputs,
            self._interpreter.get_signature_list(),
            self._operators(),
            self.anchor_scores(),
            all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs),
            self.runtime.name,
        )

    def _describe_outputs(self) -> None:
        """Output shapes are those after a run: SSD's are not known before."""
        names = self._signature_names()
        details = self._interpreter.get_output_details()
        self.outputs = tuple(
            _described({**detail, "shape": array.shape}, names)
            for detail, array in zip(details, self.example, strict=True)
        )

    def _signature_names(self) -> dict[int, str]:
        """Tensor index -> the name that the file's serving (or only) signature gives an output."""
        keys = list(self._interpreter.get_signature_list())
        if _SERVING not in keys and len(keys) != 1:
            return {}
        key = _SERVING if _SERVING in keys else keys[0]
        outputs = self._interpreter.get_signature_runner(key).get_output_details()
        return {int(detail["index"]): str(name) for name, detail in outputs.items()}

    def _operators(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for operator in self._operator_details():
            counts[operator["op_name"]] = counts.get(operator["op_name"], 0) + 1
        return {name: counts[name] for name in sorted(counts) if name != "DELEGATE"}

    def anchor_scores(self) -> int:
        """See ``GraphFacts``."""
        inputs = [op["inputs"] for op in self._operator_details() if op["op_name"] == _POSTPROCESS]
        if not inputs or len(inputs[0]) < 2:
            return 0
        scores = next(
            t for t in self._interpreter.get_tensor_details() if t["index"] == inputs[0][1]
        )
        return int(scores["shape"][-1])

    def _operator_details(self) -> list[dict[str, Any]]:
        """Both packages have this, though neither calls it public: be ready to go without."""
        listing = getattr(self._interpreter, "_get_ops_details", None)
        return list(listing()) if listing is not None else []


def example_input(tensor: Tensor) -> Array:
    """A fixed noise picture for an input: the same on every machine."""
    chance = np.random.Generator(np.random.PCG64(0))
    noise = chance.integers(0, 256, tensor.shape)
    dtype = np.dtype(tensor.dtype)
    if dtype.kind == "f":
        return (noise / 255).astype(dtype)
    return (noise - (128 if dtype == np.int8 else 0)).astype(dtype)


def _described(detail: Mapping[str, Any], names: Mapping[int, str]) -> Tensor:
    scale, zero_point = detail["quantization"]
    return Tensor(
        names.get(int(detail["index"]), str(detail["name"])),
        tuple(int(size) for size in detail["shape"]),
        np.dtype(detail["dtype"]).name,
        float(scale),
        int(zero_point),
    )
