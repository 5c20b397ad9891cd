"""What becomes of files that cannot be used: each is refused, and nothing dies of it."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from agent.errors import ConfigError, ModelError
from agent.models._quarantine import check_file, refused, sha256_of, try_model
from agent.models._runtime import find_runtime
from agent.values import Execution

BUNDLED = Path(__file__).resolve().parents[3] / "tools/demo/model/stop_sign.tflite"
FERANICK = "models/cls_gtsrb_feranick_30_uint8.tflite"


def test_a_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of(path) == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"hello there\nyou", "is not a TFLite file: it begins with 'hello there'"),
        (b"PK\x03\x04" + bytes(60), r"begins with 'PK\\x03"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
    ],
)
def test_a_file_of_another_format_is_refused_by_what_it_is(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said) as caught:
        check_file(path)
    assert caught.value.exit_code == 65
    assert caught.value.remedy


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.tflite", tmp_path):
        with pytest.raises(ModelError, match="There is no model file"):
            check_file(path)


def test_another_file_than_the_cards_is_refused_with_both_hashes(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(b"\x18\0\0\0TFL3" + bytes(8))
    own = sha256_of(path)
    assert check_file(path, own) == own
    with pytest.raises(ModelError, match=own) as caught:
        check_file(path, "1" * 64)
    assert "1" * 64 in str(caught.value)


def test_a_file_that_kills_the_process_is_called_corrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = subprocess.CompletedProcess([], -11, b'{"runtime": "x"}\n', b"")
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: dead)
    with pytest.raises(ModelError, match=r"killed the process that tried it \(SIGSEGV\)"):
        try_model(tmp_path / "m.tflite")


def test_a_runtime_that_does_not_start_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = subprocess.CompletedProcess([], -4, b"", b"Illegal instruction\n")
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: dead)
    with pytest.raises(ConfigError, match=r"cannot be started.*Illegal instruction"):
        try_model(tmp_path / "m.tflite")


def test_a_file_that_does_not_answer_is_given_up(shared_data: Path) -> None:
    with pytest.raises(ModelError, match="did not answer a first picture within"):
        try_model(shared_data / FERANICK, timeout_s=0.01)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (
            "RuntimeError: Encountered unresolved custom op: edgetpu-custom-op.\nSee",
            "custom operator edgetpu-custom-op.*compiled for an Edge TPU",
        ),
        ("Encountered unresolved custom op: FlexErf. Node number 3", "FlexErf.*SELECT_TF_OPS"),
        (
            "Select TensorFlow op(s), included in the given model, is(are) not supported by this "
            "interpreter.\nNode number 4 (FlexBitwiseAnd) failed to prepare.",
            "custom operator FlexBitwiseAnd, which x does not have.*SELECT_TF_OPS",
        ),
        ("No subgraph in\nthe model.\n", r"is refused by x: No subgraph in the model\. Copy"),
    ],
)
def test_the_runtimes_words_are_made_plain(reason: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        raise refused(Path("m.tflite"), "x", reason)


def test_what_a_file_is_comes_back_from_the_child(shared_data: Path) -> None:
    facts = try_model(shared_data / FERANICK)
    assert [str(t) for t in facts.outputs] == ["dense_1 [1, 43] uint8"]
    assert facts.inputs[0].shape == (1, 30, 30, 3)
    assert (facts.inputs[0].scale, facts.inputs[0].zero_point) == (1.0, 0)
    assert facts.runtime == find_runtime().name
    assert facts.operators["CONV_2D"] == 4
    assert facts.steady


def test_corrupt_copies_are_refused_or_answer_but_never_kill(
    shared_data: Path, tmp_path: Path
) -> None:
    whole = (shared_data / FERANICK).read_bytes()
    chance = np.random.default_rng(3)
    refused = 0
    for number in range(6):
        copy = bytearray(whole)
        for place in chance.integers(8, 4000, 40):
            copy[place] ^= 0xFF
        path = tmp_path / f"{number}.tflite"
        path.write_bytes(copy)
        try:
            try_model(path)
        except ModelError as error:
            refused += "is corrupt" in str(error) or "is refused by" in str(error)
    assert refused > 0


def test_a_truncated_copy_is_refused(shared_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.tflite"
    path.write_bytes((shared_data / FERANICK).read_bytes()[:100_000])
    with pytest.raises(ModelError, match="Copy the file again"):
        try_model(path)


def test_an_operator_that_no_runtime_has_is_named_with_its_version(from_the_future: Path) -> None:
    with pytest.raises(ModelError, match="operator FULLY_CONNECTED version 99") as caught:
        try_model(from_the_future)
    assert "pip install --upgrade ai-edge-litert" in str(caught.value)
    assert find_runtime().name in str(caught.value)


def test_a_delegate_that_is_absent_is_found_by_the_child_and_said_as_in_the_agent() -> None:
    wanted = Execution(delegate="edgetpu", library="libno-such.so.1", remedy="Plug it in.")
    with pytest.raises(ConfigError, match=r"edgetpu delegate libno-such\.so\.1") as caught:
        try_model(BUNDLED, execution=wanted)
    assert caught.value.remedy == "Plug it in."


def test_a_child_that_dies_on_a_delegate_does_not_blame_the_file_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    died = subprocess.CompletedProcess([], -signal.SIGSEGV, b'{"runtime": "x"}\n', b"")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: died)
    wanted = Execution(delegate="edgetpu", library="libedgetpu.so.1", remedy="Another build.")
    with pytest.raises(ModelError, match=r"on libedgetpu\.so\.1 was killed \(SIGSEGV\)") as caught:
        try_model(BUNDLED, execution=wanted)
    assert caught.value.remedy == "Another build."
