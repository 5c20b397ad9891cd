"""The unit that `install-service` writes, as systemd itself reads it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.errors import FieldproofError, OutputError, UsageError
from agent.service.install import Told, advice, service_of
from agent.service.unit import quoted, text_of

ROOT = Path(__file__).resolve().parents[3]
CARD = ROOT / "tools" / "demo" / "model" / "stop_sign.toml"
RUN = ["--model", str(CARD), "--broker", "mqtt://127.0.0.1"]
PYTHON = Path("/usr/bin/python3")


def install(*words: str) -> int:
    return main(["install-service", *words])


def unit(*rest: str, camera: str = "v4l2:/dev/video0", user: str = "", mb: int = 200) -> str:
    return text_of(service_of([*RUN, *rest], Told(mb, camera), PYTHON, user))


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def analyze(*words: str) -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("systemd-analyze is not installed: apt install systemd")
        pytest.skip("systemd is not installed on this machine")
    done = subprocess.run([program, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("camera", ["v4l2:/dev/video0", "gstreamer:nvarguscamerasrc"])
def test_systemd_reads_the_unit_without_a_complaint_and_calls_it_safe(
    tmp_path: Path, camera: str
) -> None:
    file = tmp_path / "fieldproof.service"
    file.write_text(
        unit("--key-file", "/etc/device key", "--alias", 'stop="100% $x"', camera=camera)
    )
    assert analyze("verify", str(file)) == ""
    said = analyze("security", "--offline=true", str(file))
    score = re.search(r"exposure level for fieldproof.service: ([\d.]+)", said)
    assert score is not None
    assert float(score[1]) < 3.0


def test_every_line_has_its_reason_above_it() -> None:
    before = ""
    for line in unit("--key-file", "/etc/key", user="agent").splitlines():
        assert not re.match(r"\w+=", line) or before, line
        if line.startswith(("#", "[")) or not line:
            before = line


def test_what_the_facts_ask_for_is_in_the_unit() -> None:
    found = lines(unit(mb=200))
    for line in (
        "Type=notify",
        "NotifyAccess=main",
        "Restart=on-failure",
        "RestartPreventExitStatus=2 65 78",
        "KillMode=mixed",
        "DynamicUser=yes",
        "StateDirectory=fieldproof",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "DevicePolicy=closed",
        "DeviceAllow=char-video4linux rw",
        "DeviceAllow=char-usb_device rw",
        "MemoryMax=286M",
    ):
        assert line in found
    assert not [line for line in found if line.startswith("ReadWritePaths")]


def test_secrets_become_credentials_and_leave_the_command_line() -> None:
    text = unit("--key-file", "/etc/k", "--ca-file=/etc/ca", "--password-file", "/etc/p")
    found = lines(text)
    assert "LoadCredential=broker-key:/etc/k" in found
    assert "LoadCredential=broker-ca:/etc/ca" in found
    assert "LoadCredential=broker-password:/etc/p" in found
    (command,) = (line for line in found if line.startswith("ExecStart="))
    assert "/etc/" not in command
    words = shlex.split(command.removeprefix("ExecStart="))
    assert words == [
        *map(str, (PYTHON, "-m", "agent", "run")),
        *RUN,
        "--state",
        "/var/lib/fieldproof",
    ]


def test_only_groups_that_there_are_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/group").write_text("root:x:0:\nvideo:x:44:\n")
    service = service_of(RUN, Told(200, ""), PYTHON, "", tmp_path)
    assert service.groups == ("video",)
    assert not service_of(RUN, Told(200, ""), PYTHON, "", tmp_path / "none").groups


def test_a_program_in_a_home_folder_can_be_read_there_and_a_warning_says_if_not() -> None:
    assert "ProtectHome=yes" in lines(unit())
    service = service_of(RUN, Told(200, ""), Path("/home/pi/venv/bin/python"), "")
    assert "ProtectHome=read-only" in lines(text_of(service))


def test_what_the_services_user_cannot_read_is_warned_of(tmp_path: Path) -> None:
    card = tmp_path / "card.toml"
    card.touch(mode=0o600)
    words = ["--model", str(card)]
    said = list(advice(service_of(words, Told(200, ""), PYTHON, "agent")))
    assert any("cannot read" in line and str(card) in line for line in said)
    assert [line for line in said if "daemon-reload" in line or "enable --now" in line]


@pytest.mark.parametrize("option", ["--state", "--heartbeat=x"])
def test_a_service_has_its_own_place_for_state_and_heartbeat(option: str) -> None:
    with pytest.raises(UsageError, match="own place"):
        service_of([*RUN, option, "x"], Told(200, ""), PYTHON, "")


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("plain", "plain"),
        ("100%", "100%%"),
        ("$HOME", "$$HOME"),
        ("two words", '"two words"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("", '""'),
        (";", '";"'),
    ],
)
def test_words_of_the_command_are_quoted_as_systemd_reads_them(word: str, written: str) -> None:
    assert quoted(word) == written


def test_the_unit_is_written_once_and_one_that_differs_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "etc/systemd/system/fieldproof.service"
    options = ["--root", str(tmp_path), *RUN]
    assert install(*options) == 0
    text = file.read_text()
    out = capsys.readouterr()
    assert text in out.out
    assert f"next: systemctl --root {tmp_path} enable fieldproof" in out.err
    assert install(*options) == 0
    assert "unchanged" in capsys.readouterr().out
    file.write_text(text + "# mine\n")
    assert install(*options) == OutputError.exit_code
    assert file.read_text().endswith("# mine\n")
    assert install(*options, "--force") == 0
    assert file.read_text() == text


def test_print_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert install("--print", "--root", str(tmp_path), *RUN) == 0
    assert "ExecStart=" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_options_that_run_would_refuse_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        install("--root", str(tmp_path), *RUN, "--no-such-option")
    assert ended.value.code == 2
    assert install("--root", str(tmp_path), "--model", "m", "--broker", "http://x") == 2
    assert issubclass(UsageError, FieldproofError)
    assert list(tmp_path.iterdir()) == []


def test_files_are_given_by_their_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(CARD, "card.toml")
    assert install("--print", "--model", "card.toml", "--broker", "mqtt://127.0.0.1") == 0
    assert f"--model {tmp_path}/card.toml" in capsys.readouterr().out
