"""A user's mistakes end with one clear sentence and the right exit code, never a traceback."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "tools" / "demo" / "model" / "stop_sign.toml"
MODEL = CARD.with_suffix(".tflite")


def fieldproof(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would; colours off and lines long, so that text can be matched."""
    return subprocess.run(
        [sys.executable, "-c", "from tools.cli import main; main()", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "300"},
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], code: int, *said: str) -> None:
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    for words in said:
        assert words in done.stderr, done.stderr


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Three drive-by pictures in VOC form, the sign near enough to be seen."""
    from agent.cameras._open import open_camera

    camera = open_camera("drive_by")
    folder = tmp_path / "scenes"
    (folder / "images").mkdir(parents=True)
    (folder / "annotations").mkdir()
    for index in range(len(camera) - 8, len(camera) - 5):
        frame = camera.read(index)  # type: ignore[attr-defined]
        cv2.imwrite(str(folder / "images" / f"{index}.png"), frame.pixels[:, :, ::-1])
        box = frame.truth.objects[0].box
        sides = "".join(
            f"<{name}>{value:.0f}</{name}>"
            for name, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
        )
        (folder / "annotations" / f"{index}.xml").write_text(
            f"<annotation><filename>{index}.png</filename><size><width>640</width>"
            f"<height>480</height><depth>3</depth></size><object><name>stop sign</name>"
            f"<bndbox>{sides}</bndbox></object></annotation>"
        )
    return folder


def card(folder: Path, model: Path, **changes: str) -> Path:
    text = CARD.read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("file", "sha256"))]
    at = next((i for i, line in enumerate(lines) if line.startswith("[")), len(lines))
    head = {"file": model.name, "sha256": hashlib.sha256(model.read_bytes()).hexdigest(), **changes}
    lines[at:at] = [f'{key} = "{value}"' for key, value in head.items()]
    shutil.copy(CARD.parent / "labels.txt", folder)
    path = folder / "card.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def evaluate(card: Path, data: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return fieldproof(
        "evaluate", "--model", card, "--data", data, "--suite", "none", "--out", out, *more
    )


def test_a_good_run_writes_results_trials_and_a_report(scenes: Path, tmp_path: Path) -> None:
    done = evaluate(CARD, scenes, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["schema"] == "fieldproof.results/1"
    assert results["clean"]["n"] == results["clean"]["correct"] == 3
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"results.json", "report.html"}


@pytest.mark.parametrize("what", ["data", "model"])
def test_no_such_file(scenes: Path, tmp_path: Path, what: str) -> None:
    absent = tmp_path / "absent"
    done = evaluate(
        absent if what == "model" else CARD, absent if what == "data" else scenes, tmp_path / "out"
    )
    refused(done, 65, str(absent))
    assert not (tmp_path / "out").exists()


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(evaluate(CARD, tmp_path / "empty", tmp_path / "out"), 65, "empty")


def test_a_truncated_jpeg_among_good_ones_is_named_and_the_run_goes_on(
    scenes: Path, tmp_path: Path
) -> None:
    first = sorted((scenes / "images").iterdir())[0]
    jpeg = cv2.imencode(".jpg", cv2.imread(str(first)))[1].tobytes()
    first.unlink()
    note = scenes / "annotations" / f"{first.stem}.xml"
    note.write_text(note.read_text().replace(".png", ".jpg"))
    first.with_suffix(".jpg").write_bytes(jpeg[: len(jpeg) // 2])
    done = evaluate(CARD, scenes, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["clean"]["n"] == 2
    assert [name for name in results["data"]["rejected"] if f"{first.stem}.jpg" in name]
    assert f"{first.stem}.jpg" in done.stdout


def test_a_text_file_as_a_model(scenes: Path, tmp_path: Path) -> None:
    text = tmp_path / "model.tflite"
    text.write_text("this is not a model\n" * 50)
    refused(evaluate(card(tmp_path, text), scenes, tmp_path / "out"), 65, "model.tflite")


def test_a_corrupt_model_cannot_kill_the_command(scenes: Path, tmp_path: Path) -> None:
    raw = bytearray(MODEL.read_bytes())
    raw[64 : len(raw) // 2 : 7] = b"\xff" * len(raw[64 : len(raw) // 2 : 7])
    broken = tmp_path / "model.tflite"
    broken.write_bytes(bytes(raw))
    refused(evaluate(card(tmp_path, broken), scenes, tmp_path / "out"), 65, "model.tflite")


def test_a_model_of_another_hash(scenes: Path, tmp_path: Path) -> None:
    shutil.copy(MODEL, tmp_path)
    wrong = card(tmp_path, tmp_path / MODEL.name, sha256="0" * 64)
    actual = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    refused(evaluate(wrong, scenes, tmp_path / "out"), 65, "0" * 64, actual)


def test_labels_that_do_not_meet_the_models(scenes: Path, tmp_path: Path) -> None:
    for note in (scenes / "annotations").iterdir():
        note.write_text(note.read_text().replace("stop sign", "halt"))
    done = evaluate(CARD, scenes, tmp_path / "out")
    refused(done, 65, "halt", "stop sign", "--alias")
    joined = evaluate(CARD, scenes, tmp_path / "out", "--alias", "halt=stop sign")
    assert joined.returncode == 0, joined.stderr


def test_an_unknown_suite_and_a_live_camera_are_refused(scenes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    refused(
        fieldproof("evaluate", "--model", CARD, "--data", scenes, "--suite", "nope"), 78, "nope"
    )
    refused(evaluate(CARD, Path("/dev/video0"), out), 69 if not Path("/dev/video0").exists() else 2)


def test_an_output_folder_that_cannot_be_made(scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused(evaluate(CARD, scenes, tmp_path / "file" / "out"), 73, "file/out")


def test_the_same_seed_gives_the_same_results_with_one_worker_and_with_two(
    scenes: Path, tmp_path: Path
) -> None:
    suite = tmp_path / "suite.toml"
    suite.write_text(
        'schema = "fieldproof.suite/1"\nseverities = [0.6]\n'
        'conditions = [{kind = "sticker"}, {kind = "rain"}, {kind = "sensor_noise"}]\n'
    )
    found = []
    for workers in ("1", "2"):
        out = tmp_path / workers
        done = fieldproof(
            "evaluate", "--model", CARD, "--data", scenes, "--suite", suite, "--seed", "7",
            "--workers", workers, "--out", out,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        results = json.loads((out / "results.json").read_text())
        found.append({k: v for k, v in results.items() if k not in ("timing", "environment")})
    assert found[0] == found[1]
    assert len(found[0]["conditions"]) == 3


def test_json_is_all_that_stands_on_standard_output(scenes: Path, tmp_path: Path) -> None:
    done = evaluate(CARD, scenes, tmp_path / "out", "--json")
    assert json.loads(done.stdout)["clean"]["n"] == 3
    facts = json.loads(fieldproof("model", "inspect", MODEL, "--json").stdout)
    assert facts["kind"] == "centernet"
    assert np.prod(facts["inputs"][0]["shape"]) == 416 * 416 * 3


def test_version_and_help_answer_at_once() -> None:
    assert fieldproof("--version").stdout.startswith("fieldproof ")
    assert "evaluate" in fieldproof("--help").stdout
