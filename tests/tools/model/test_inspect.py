from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import ModelError
from tools.model.inspect import inspect


def test_a_file_tells_what_it_is(shared_data: Path) -> None:
    facts = inspect(shared_data / "models" / "det_yolov8n_coco_192_full_int8.tflite")
    assert (facts.kind, facts.classes) == ("yolo", 80)
    assert facts.embedded_labels == 80
    assert facts.metadata["task"] == "detect"
    assert facts.inputs[0].dtype == "int8"
    assert facts.inputs[0].scale == pytest.approx(0.01866, abs=1e-5)
    assert facts.inputs[0].zero_point == -14
    assert facts.refusal == ""
    assert facts.size == 3245284
    assert facts.model_dump_json()


def test_a_file_that_cannot_be_used_is_still_described(shared_data: Path) -> None:
    facts = inspect(shared_data / "models" / "det_coral_traffic_model_256_uint8.tflite")
    assert facts.kind is None
    assert len(facts.inputs) == 3
    assert "takes 3 inputs" in facts.refusal


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.tflite"
    path.write_text("call mother\n")
    with pytest.raises(ModelError, match="begins with 'call mother'"):
        inspect(path)
