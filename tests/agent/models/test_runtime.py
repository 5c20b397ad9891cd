from __future__ import annotations

import importlib
import os
from types import SimpleNamespace
from typing import Any

import pytest

from agent.errors import ConfigError
from agent.models import _runtime
from agent.models._runtime import VARIABLE, find_runtime


def test_the_runtime_in_use_is_named_with_its_version() -> None:
    name, _, version = find_runtime().name.partition(" ")
    assert name in ("ai-edge-litert", "tflite-runtime")
    assert version[0].isdigit()


def test_litert_is_preferred_where_both_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(importlib, "import_module", lambda name: SimpleNamespace(Interpreter=name))
    monkeypatch.setattr(_runtime, "_version", lambda module, package: "9")
    assert find_runtime().interpreter == "ai_edge_litert.interpreter"


def test_the_environment_forces_a_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    key = find_runtime().key
    monkeypatch.setenv(VARIABLE, key)
    assert find_runtime().key == key
    monkeypatch.setenv(VARIABLE, "tensorflow")
    with pytest.raises(ConfigError, match="litert or tflite"):
        find_runtime()


def test_without_any_runtime_the_line_that_installs_one_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ConfigError, match="pip install ai-edge-litert") as caught:
        find_runtime()
    assert caught.value.exit_code == 78


def test_numpy_2_beside_tflite_runtime_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tflite_runtime", reason="tflite-runtime is not installed here")
    monkeypatch.setenv(VARIABLE, "tflite")
    monkeypatch.setattr(_runtime.np, "__version__", "2.1.3")
    with pytest.raises(ConfigError, match="pip install 'numpy<2'"):
        find_runtime()


def test_chatter_is_dropped_and_the_rest_of_stderr_kept(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with _runtime._quiet():
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
        os.write(2, b"ERROR: something real\n")
    assert capfd.readouterr().err == "ERROR: something real\n"
