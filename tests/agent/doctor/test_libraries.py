"""Imports are tried in processes of their own; what they complain of is turned into a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.doctor import Finding, Host, Plan
from agent.doctor.libraries import Libraries

CRASH = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"


def found(host: Host, **facts: dict[str, str]) -> dict[str, Finding]:
    return {finding.name: finding for finding in Libraries().examine(Plan(), host, facts)}


def test_what_works_is_said_with_its_version_as_imported(host: Host) -> None:
    findings = found(host)
    assert list(findings) == ["libraries"]
    assert "numpy" in findings["libraries"].text
    assert "OpenCV" in findings["libraries"].text


def test_a_missing_library_a_crash_and_a_working_one_are_told_apart(
    host: Host, stand_ins: Path
) -> None:
    (stand_ins / "cv2.py").write_text(
        "raise ImportError('libGL.so.1: cannot open shared object file: No such file')"
    )
    (stand_ins / "paho.py").write_text(CRASH)
    findings = found(host, runtime={"verdict": "failure"})
    assert findings["opencv"].text == "opencv cannot be imported: libGL.so.1 is missing"
    assert findings["opencv"].mend.endswith("apt-get install -y libgl1 libglib2.0-0")
    assert "it crashed (SIGSEGV)" in findings["paho-mqtt"].text
    assert "pydantic" in findings["libraries"].text, "the others are not held up"
    assert "runtime" not in findings, "what has failed already is not tried"


def test_what_stands_on_numpy_is_not_blamed_for_it(host: Host, stand_ins: Path) -> None:
    (stand_ins / "numpy.py").write_text("raise ImportError('no numpy here')")
    findings = found(host)
    assert findings["numpy"].verdict == "failure"
    assert {findings[name].verdict for name in ("opencv", "runtime")} == {"not checked"}


@pytest.mark.parametrize(
    ("problem", "mend"),
    [
        (
            "ImportError: libgthread-2.0.so.0: cannot open shared object file: No such file",
            "apt-get install -y libglib2.0-0",
        ),
        ("OSError: libfoo.so.3: cannot open shared object file", "apt-file search libfoo.so.3"),
        ("ImportError: /lib/libm.so.6: version `GLIBC_2.38' not found (required", "newer system"),
        ("ModuleNotFoundError: No module named 'cv2'", "pip install --force-reinstall"),
    ],
)
def test_complaints_of_the_loader_become_commands(problem: str, mend: str) -> None:
    assert mend in Libraries().judge("opencv", problem).mend
