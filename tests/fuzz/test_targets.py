"""A short run of what ``make fuzz`` does at length; inputs that were findings once are kept."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent


def _targets() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_targets", HERE / "targets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


targets = _targets()
NAMES = sorted(targets.TARGETS)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_good_is_taken(name: str) -> None:
    target = targets.TARGETS[name]
    read = [targets.read(target, seed) for seed in target.seeds()]
    assert read
    assert None not in read


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_inputs_end_as_documented(name: str, data: st.DataObject) -> None:
    target = targets.TARGETS[name]
    good = data.draw(st.sampled_from(target.seeds()))
    at = data.draw(st.integers(0, len(good)))
    noise = data.draw(st.binary(max_size=12))
    gone = data.draw(st.integers(0, 8))
    targets.read(target, good[:at] + noise + good[at + gone :])


FINDINGS = [
    ("suite", b"a = " + b"[" * 3000),
    ("card", b"a = " + b"{b = " * 3000),
    ("policy", b"a = " + b"9" * 5000),
    ("profile", b".".join([b"a"] * 2000) + b" = 1"),
]


@pytest.mark.parametrize(("name", "data"), FINDINGS, ids=[name for name, _ in FINDINGS])
def test_what_was_a_finding_is_refused(name: str, data: bytes) -> None:
    assert targets.read(targets.TARGETS[name], data) is None


def test_the_fuzzer_runs(tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: make fuzz installs it")
    command = [sys.executable, str(HERE / "fuzz.py"), "--runs", "300", "--target", "status"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, env={**os.environ}
    )
    assert done.returncode == 0, done.stdout
    assert '"inputs": 300' in done.stdout
