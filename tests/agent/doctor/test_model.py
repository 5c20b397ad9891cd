"""The model is loaded as a run would load it, and its time compared with the profile's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agent.doctor import Finding, Host, Plan
from agent.doctor.model import Model
from agent.errors import ModelError


def found(card: Path, host: Host, **profile: float) -> dict[str, Finding]:
    plan = Plan(model=str(card))
    return {f.name: f for f in Model().examine(plan, host, {"profile": profile})}


def test_the_bundled_model_loads_and_answers(root: Path, host: Host) -> None:
    findings = found(root / "tools/demo/model/stop_sign.toml", host, latency_ms=10_000)
    assert {f.verdict for f in findings.values()} == {"ok"}
    assert findings["latency"].facts["latency_ms"] > 0


def test_a_card_without_a_hash_is_warned_of_and_told_which_it_is(
    root: Path, host: Host, tmp_path: Path
) -> None:
    shutil.copytree(root / "tools/demo/model", tmp_path / "model")
    card = tmp_path / "model" / "stop_sign.toml"
    (line,) = [line for line in card.read_text().splitlines() if line.startswith("sha256")]
    card.write_text(card.read_text().replace(line, ""))
    finding = found(card, host)["model file"]
    assert (finding.verdict, line in finding.mend) == ("warning", True)


def test_a_real_classifier_loads_and_answers(shared_data: Path, host: Host) -> None:
    findings = found(shared_data / "models" / "feranick.toml", host)
    assert findings["model"].verdict == "ok"
    assert "30 x 30 px" in findings["latency"].text


def test_a_file_that_was_exchanged_is_an_error_of_the_model(
    root: Path, host: Host, tmp_path: Path
) -> None:
    shutil.copytree(root / "tools/demo/model", tmp_path / "model")
    with (tmp_path / "model" / "stop_sign.tflite").open("r+b") as file:
        file.seek(4000)
        file.write(b"\xff" * 64)
    with pytest.raises(ModelError, match="SHA-256") as caught:
        found(tmp_path / "model" / "stop_sign.toml", host)
    assert caught.value.exit_code == 65


def test_a_larger_input_may_take_longer_by_its_area() -> None:
    check = Model()
    assert check.judge(90, (448, 448), 25, "ai-edge-litert 2").verdict == "ok"
    slow = check.judge(110, (448, 448), 25, "ai-edge-litert 2")
    assert (slow.verdict, "100 at most" in slow.text) == ("warning", True)
    assert "threads" in slow.mend
    assert "ai-edge-litert" in check.judge(110, (224, 224), 25, "tflite-runtime 2.14.0").mend
    assert check.judge(110, (224, 224), 0, "tflite-runtime 2.14.0").verdict == "ok"
