"""The model: its card, its file, a trial in a process of its own, and how long an answer takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from agent.doctor import MODEL, Check, Finding, Host, Plan
from agent.doctor._lines import pip
from agent.doctor.packages import LITERT, TFLITE

if TYPE_CHECKING:
    from agent.models._tflite import TFLiteModel

SIDE_PX: Final = 224
"""The input that a profile's ``latency_ms`` is of."""

WARM_UP: Final = 2
RUNS: Final = 20
RUN_S: Final = 1.5


class Model(Check):
    """What ``run`` does before its first frame, and then the time of an inference."""

    place: ClassVar[int] = 100
    needs: ClassVar[tuple[str, ...]] = ("numpy", "opencv", "runtime", "pydantic", "tomli")
    seconds: ClassVar[float] = 10.0
    code: ClassVar[int] = MODEL
    crashed: ClassVar[str] = "Copy the model file again from where it was made."

    def absent(self, plan: Plan) -> str:
        return "" if plan.model else "--model model.toml, the model's card"

    def examine(self, plan: Plan, host: Host, facts: Mapping[str, Any]) -> Iterator[Finding]:
        from agent.card import ModelCard
        from agent.models._load import load_model
        from agent.models._quarantine import check_file, sha256_of
        from agent.values import Execution

        card = ModelCard.read(Path(plan.model))
        check_file(card.file, card.sha256)
        if card.sha256 is None:
            text = "the card has no sha256: a file that was exchanged or cut off is not noticed"
            mend = f'Put into {plan.model}: sha256 = "{sha256_of(card.file)}"'
            yield self.warning("model file", text, mend)
        profile = facts.get("profile", {})
        execution = Execution(**profile.get("execution", {}))
        model = load_model(card, threads=int(profile.get("threads", 1)), execution=execution)
        said = f"{card.file.name}, {model.kind}, {len(model.labels)} labels, on {model.runtime}"
        steady = "tried first in a process of its own, where it answers noise twice alike"
        yield self.ok("model", f"{said}; {steady}", runtime=model.runtime, sha256=model.sha256)
        yield self._latency(model, float(profile.get("latency_ms", 0)))

    def _latency(self, model: TFLiteModel, profile_ms: float) -> Finding:
        height, width = model.graph.inputs[0].shape[1:3]
        took = latency_ms(model)
        return self.judge(took, (width, height), profile_ms, model.runtime)

    def judge(
        self, took_ms: float, size: tuple[int, int], profile_ms: float, runtime: str
    ) -> Finding:
        """An inference's time against the profile's, which is for ``SIDE_PX`` squared: a larger
        input may take longer by its area."""
        width, height = size
        share = max(1.0, width * height / SIDE_PX**2)
        limit = profile_ms * share
        said = f"{took_ms:.1f} ms for one inference of {width} x {height} px"
        if not limit:
            return self.ok("latency", said, latency_ms=round(took_ms, 3))
        said += f", the profile expects {limit:.0f} at most"
        if took_ms <= limit:
            return self.ok("latency", said, latency_ms=round(took_ms, 3))
        mend = "Give it more threads ([runtime] threads in a profile), or a smaller model"
        if runtime.startswith(TFLITE):
            mend = f"A faster runtime: {pip(LITERT)}"
        return self.warning("latency", said, mend, latency_ms=round(took_ms, 3))


def latency_ms(model: TFLiteModel) -> float:
    """The median time of an inference on noise, without what comes before and after it."""
    from agent.models._graph import example_input

    picture = example_input(model.graph.inputs[0])
    times: list[float] = []
    end = time.monotonic() + RUN_S
    while len(times) < WARM_UP + 1 or (len(times) < WARM_UP + RUNS and time.monotonic() < end):
        start = time.perf_counter()
        model.graph.run(picture)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times[WARM_UP:])
