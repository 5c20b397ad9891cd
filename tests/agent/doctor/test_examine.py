"""Checks run in processes that may crash, hang or raise; the others go on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from agent.doctor import Finding, Host, Plan, family
from agent.doctor._examine import examine, in_order, made
from agent.doctor._report import exit_code, print_findings, print_json

ROOT = Path(__file__).resolve().parents[3]
PLAN = Plan(model="tools/demo/model/stop_sign.toml")
NO_GL = "raise ImportError('libGL.so.1: cannot open shared object file: No such file')"


def tried(host: Host, kind: str = "model", seconds: float = 30.0) -> list[Finding]:
    return list(made(family.load(kind)(), PLAN, host, {}, [], seconds))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed (SIGSEGV)"),
        ("import os; os._exit(3)", "ended with status 3"),
        ("raise ZeroDivisionError('a bug')", "the check itself failed: ZeroDivisionError: a bug"),
    ],
)
def test_a_check_that_breaks_is_a_failure_in_a_sentence(
    host: Host, stand_ins: Path, code: str, said: str
) -> None:
    (stand_ins / "numpy.py").write_text(code)
    (finding,) = tried(host)
    assert finding.verdict == "failure"
    assert said in finding.text
    assert "\n" not in finding.text
    assert finding.mend
    assert finding.code in (65, 70)


def test_a_check_that_hangs_is_ended_with_what_it_started(
    host: Host, stand_ins: Path, tmp_path: Path
) -> None:
    """What it has found by then counts, and its children go with it."""
    told = tmp_path / "child"
    (stand_ins / "numpy.py").write_text(
        "import subprocess, time, pathlib\n"
        f"child = subprocess.Popen(['sleep', '600']); pathlib.Path({str(told)!r})"
        ".write_text(str(child.pid)); time.sleep(600)"
    )
    (finding,) = tried(host, seconds=1.5)
    assert (finding.verdict, finding.code) == ("failure", 65)
    assert "did not end within 1.5 s" in finding.text
    assert not alive(int(told.read_text()))


def alive(process: int) -> bool:
    """Whether it runs still; a zombie that waits for its parent does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in ("Z", "X")


def test_what_is_not_given_or_stands_on_a_failure_is_not_checked(host: Host) -> None:
    model = family.load("model")()
    (absent,) = made(model, Plan(), host, {}, [], 5)
    assert (absent.verdict, absent.mend) == ("not checked", "--model model.toml, the model's card")
    (barred,) = made(model, PLAN, host, {}, ["opencv"], 5)
    assert (barred.verdict, "opencv" in barred.text) == ("not checked", True)
    (late,) = made(model, PLAN, host, {}, [], 0.0)
    assert (late.verdict, "no time" in late.text) == ("not checked", True)


def test_checks_come_after_what_they_need() -> None:
    order = [type(check).__name__ for check in in_order()]
    assert order[:4] == ["Python", "Packages", "Libraries", "Profile"]
    assert order.index("Outbox") < order.index("Camera") < order.index("Broker")


def test_the_worst_failures_code_is_the_exit_code() -> None:
    def failed(*codes: int) -> int:
        return exit_code(Finding("failure", "x", "x", code=code) for code in codes)

    assert failed() == 0
    assert failed(75) == 75
    assert failed(75, 69) == 69
    assert failed(75, 65, 69) == 65
    assert failed(75, 78, 65) == 78
    assert exit_code([Finding("warning", "x", "x"), Finding("not checked", "x", "x")]) == 0


def test_lines_have_the_verdict_first_and_the_mending_below() -> None:
    out = StringIO()
    print_findings([Finding("failure", "camera", "there is none", "plug it in", 69)], out)
    first, second, counts = out.getvalue().splitlines()
    assert first.split() == ["failure", "camera", "there", "is", "none"]
    assert second.split() == ["->", "plug", "it", "in"]
    assert counts == "0 ok, 0 warning, 1 failure, 0 not checked"


def test_json_has_every_finding_and_the_exit_code() -> None:
    out = StringIO()
    print_json([Finding("failure", "camera", "there is none", "plug it in", 69)], out)
    document = json.loads(out.getvalue())
    assert document["exit_code"] == 69
    plan = Finding("ok", "settings", "", facts={"plan": {"camera": "rtsp://me:secret@cam"}})
    print_json([plan], secretless := StringIO())
    assert "secret" not in secretless.getvalue()
    assert document["findings"][0]["mend"] == "plug it in"


def test_a_whole_examination_in_order(host: Host, tmp_path: Path) -> None:
    findings = list(examine(Plan(state=str(tmp_path / "state")), host, total_s=60))
    assert not [f for f in findings if f.verdict == "failure"]
    names = [f.name for f in findings]
    assert names[:2] == ["python", "packages"]
    assert names[-3:] == ["model", "camera", "broker"]


def test_the_command_speaks_where_opencv_pydantic_and_numpy_do_not_import(
    stand_ins: Path, tmp_path: Path
) -> None:
    for name in ("cv2", "numpy", "pydantic", "paho"):
        (stand_ins / f"{name}.py").write_text(NO_GL if name == "cv2" else "import not_there")
    done = subprocess.run(
        [sys.executable, "-m", "agent", "doctor", "--json", "--state", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=dict(os.environ),
    )
    assert done.returncode == 78, done.stderr
    findings = {f["name"]: f for f in json.loads(done.stdout)["findings"]}
    assert findings["numpy"]["verdict"] == "failure"
    assert findings["profile"]["verdict"] == "not checked"
    assert findings["clock"]["verdict"] in ("ok", "warning", "not checked")
    assert findings["room"]["verdict"] in ("ok", "warning")
