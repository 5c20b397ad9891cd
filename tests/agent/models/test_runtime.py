from __future__ import annotations

import ctypes
import gc
import importlib
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.models import _runtime
from agent.models._graph import Graph
from agent.models._runtime import VARIABLE, find_runtime
from agent.values import Execution

FLOAT_MODEL = Path(__file__).resolve().parents[3] / "tools/demo/model/stop_sign_float32.tflite"


def test_the_runtime_in_use_is_named_with_its_version() -> None:
    name, _, version = find_runtime().name.partition(" ")
    assert name in ("ai-edge-litert", "tflite-runtime")
    assert version[0].isdigit()


def test_litert_is_preferred_where_both_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(importlib, "import_module", lambda name: SimpleNamespace(Interpreter=name))
    monkeypatch.setattr(_runtime, "_version", lambda module, package: "9")
    assert find_runtime().interpreter == "ai_edge_litert.interpreter"


def test_a_profile_may_prefer_the_other_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(importlib, "import_module", lambda name: SimpleNamespace(Interpreter=name))
    monkeypatch.setattr(_runtime, "_version", lambda module, package: "9")
    monkeypatch.setattr(_runtime, "_refuse_numpy_2", lambda key: None)
    assert find_runtime("tflite-runtime").interpreter == "tflite_runtime.interpreter"


def test_a_preferred_package_that_is_absent_gives_way_to_the_other() -> None:
    assert find_runtime("no-such-package").name == find_runtime().name


def test_xnnpack_computes_float_operators_unless_it_is_told_not_to() -> None:
    def delegated(delegate: Any) -> int:
        graph = Graph(FLOAT_MODEL, execution=Execution(delegate=delegate))
        return sum(op["op_name"] == "DELEGATE" for op in graph._operator_details())

    assert delegated("xnnpack") > 0
    assert delegated("none") == 0


def test_the_answers_of_xnnpack_and_of_tflites_own_kernels_agree() -> None:
    own, fast = (Graph(FLOAT_MODEL, execution=Execution(delegate=d)) for d in ("none", "xnnpack"))
    for a, b in zip(own.example, fast.example, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)


@pytest.mark.parametrize("library", ["libno-such-thing.so.9", "libc.so.6"])
def test_a_delegate_that_cannot_be_loaded_is_named_with_the_profiles_remedy(
    library: str, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = Execution(delegate="edgetpu", library=library, remedy="Plug the processor in.")
    with pytest.raises(ConfigError, match=re.escape(library)) as caught:
        Graph(FLOAT_MODEL, execution=wanted)
    assert caught.value.remedy == "Plug the processor in."
    gc.collect()
    assert capfd.readouterr().err == ""


def test_a_delegate_goes_to_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    class Interpreter:
        def __init__(self, **arguments: Any) -> None:
            given.update(arguments)

        def allocate_tensors(self) -> None: ...

    monkeypatch.setattr(sys.modules[__name__], "load_delegate", "loaded {}".format, raising=False)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: MagicMock(name=name))
    wanted = Execution(delegate="edgetpu", library="libedgetpu.so.1")
    _runtime.Runtime("x", "x", Interpreter).open(FLOAT_MODEL, 3, wanted)
    assert given["experimental_delegates"] == ["loaded libedgetpu.so.1"]
    assert given["num_threads"] == 3


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
