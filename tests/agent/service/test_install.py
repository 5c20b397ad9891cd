"""The unit that `install-service` writes, as systemd itself reads it."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent import places
from agent.__main__ import main, parser
from agent.errors import FieldproofError, OutputError, UsageError
from agent.installed import told
from agent.plan import settings_of
from agent.service.install import Told, advice, service_of
from agent.service.unit import quoted, text_of

ROOT = Path(__file__).resolve().parents[3]
CARD = ROOT / "tools" / "demo" / "model" / "stop_sign.toml"
RUN = ["--model", str(CARD), "--broker", "mqtt://127.0.0.1"]
PYTHON = Path("/usr/bin/python3")


def install(*words: str) -> int:
    return main(["install-service", *words])


def facts(*rest: str, **environment: str) -> Told:
    return told(parser().parse_args(["run", *RUN, *rest]), environment=environment)


def unit(*rest: str, camera: str = "v4l2:/dev/video0", user: str = "", mb: int = 200) -> str:
    made = replace(facts(*rest), memory_mb=mb, camera=camera)
    return text_of(service_of(made, PYTHON, user))


def command(made: Told) -> list[str]:
    """The words of the unit's command that say what the agent is told."""
    text = text_of(service_of(made, PYTHON, ""))
    (line,) = (line for line in lines(text) if line.startswith("ExecStart="))
    words = shlex.split(line.removeprefix("ExecStart="))
    assert words[:4] == [str(PYTHON), "-m", "agent", "run"]
    assert words[-2:] == ["--state", "/var/lib/fieldproof"]
    return words[4:-2]


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
    file, password = tmp_path / "fieldproof.service", tmp_path / "pass word"
    password.write_text("geheim")
    words = ("--broker", "mqtt://me@127.0.0.1", "--password-file", str(password))
    file.write_text(unit(*words, "--alias", 'stop="100% $x"', camera=camera))
    assert analyze("verify", str(file)) == ""
    said = analyze("security", "--offline=true", str(file))
    score = re.search(r"exposure level for fieldproof.service: ([\d.]+)", said)
    assert score is not None
    assert float(score[1]) < 3.0


def test_every_line_has_its_reason_above_it(alone: Path) -> None:
    before = ""
    for line in unit(user="agent").splitlines():
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


def test_secrets_become_credentials_and_leave_the_command_line(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(alone)
    for name in ("ca.pem", "c.pem", "k.pem"):
        (alone / name).touch(mode=0o600)
    (alone / "p").write_text("geheim")
    files = ["--ca-file", "ca.pem", "--cert-file=c.pem", "--key-file", "k.pem"]
    made = facts("--broker", "mqtts://me@b", *files, "--password-file", "p")
    assert made.credentials == {
        "broker-ca": alone / "ca.pem",
        "broker-cert": alone / "c.pem",
        "broker-key": alone / "k.pem",
        "broker-password": alone / "p",
    }
    assert f"LoadCredential=broker-key:{alone}/k.pem" in lines(
        text_of(service_of(made, PYTHON, ""))
    )
    assert command(made) == ["--model", str(CARD), "--broker", "mqtts://me@b"]


def test_only_groups_that_there_are_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/group").write_text("root:x:0:\nvideo:x:44:\n")
    service = service_of(Told(200, ""), PYTHON, "", tmp_path)
    assert service.groups == ("video",)
    assert not service_of(Told(200, ""), PYTHON, "", tmp_path / "none").groups


def test_a_program_or_model_in_a_home_folder_can_be_read_there(alone: Path) -> None:
    assert "ProtectHome=yes" in lines(unit())
    service = service_of(Told(200, ""), Path("/home/pi/venv/bin/python"), "")
    assert "ProtectHome=read-only" in lines(text_of(service))
    service = service_of(Told(200, "", files=(Path("/home/pi/m.tflite"),)), PYTHON, "")
    assert "ProtectHome=read-only" in lines(text_of(service))


def test_what_the_services_user_cannot_read_is_warned_of_with_what_mends_it(alone: Path) -> None:
    """Also the files that the card names."""
    model = Path(shutil.copytree(CARD.parent, alone / "model"))
    closed = model / "stop_sign.tflite"
    closed.chmod(0o600)
    made = facts("--model", str(model / "stop_sign.toml"))
    said = list(advice(service_of(made, PYTHON, "agent"), made))
    assert any(f"cannot read {closed}" in line and f"chmod o+r {closed}" in line for line in said)
    assert any("/tmp of its own" in line and str(closed) in line for line in said)
    assert [line for line in said if "daemon-reload" in line or "enable --now" in line]
    owner = pwd.getpwuid(os.geteuid()).pw_name
    said = list(advice(service_of(made, PYTHON, owner), made))
    assert not any("cannot read" in line for line in said), "they are its own"


def test_variables_of_the_installer_become_options_of_the_unit(alone: Path) -> None:
    made = told(
        parser().parse_args(["run", "--seed", "-3", "--alias", "a=b", "--alias", "c=d"]),
        environment={
            "FIELDPROOF_MODEL": str(CARD),
            "FIELDPROOF_BROKER": "mqtt://b",
            "FIELDPROOF_SEED": "5",
            "FIELDPROOF_BUDGETS__CPU_SHARE": "0.3",
            "FIELDPROOF_SERVICE__COMMANDS": "pause,resume",
            "FIELDPROOF_RUNTIME": "tflite-runtime",
        },
    )
    words = command(made)
    assert words.count("--alias") == 2
    again = told(parser().parse_args(["run", *words]), environment={})
    assert command(again) == words, "they say the same"
    found = settings_of(parser().parse_args(["run", *words]))
    assert (found.run.seed, found.run.model, found.run.alias) == (-3, CARD, ("a=b", "c=d"))
    assert found.profile.budgets.cpu_share == 0.3
    assert found.profile.service.commands == ("pause", "resume")
    said = advice(service_of(made, PYTHON, ""), made)
    assert any("$FIELDPROOF_RUNTIME is no setting" in line for line in said)


def test_a_file_of_settings_and_what_it_names_are_handed_over_as_credentials(alone: Path) -> None:
    file = alone / "agent.toml"
    for name in ("c.pem", "k.pem"):
        (alone / name).touch()
    file.write_text(
        f'[run]\nmodel = "{CARD}"\nbroker = "mqtts://b"\ncert_file = "c.pem"\nkey_file = "k.pem"\n'
        'camera = "rtsp://me:hidden@cam/live"\n'
    )
    file.chmod(0o644)
    made = told(parser().parse_args(["run", "--config", str(file)]), environment={})
    assert made.credentials == {
        "broker-cert": alone / "c.pem",
        "broker-key": alone / "k.pem",
        "agent-settings": file,
    }
    assert command(made) == ["--config", str(file)]
    text = text_of(service_of(made, PYTHON, ""))
    said = "\n".join(advice(service_of(made, PYTHON, ""), made))
    assert "hidden" not in text + said
    assert f"chmod 600 {file}" in said
    file.chmod(0o600)
    assert "chmod 600" not in "\n".join(advice(service_of(made, PYTHON, ""), made))
    named = told(parser().parse_args(["run"]), environment={"FIELDPROOF_CONFIG": str(file)})
    assert named.options == made.options
    shutil.copy(file, places.USUAL_FILE)
    usual = told(parser().parse_args(["run"]), environment={})
    assert usual.credentials["agent-settings"] == places.USUAL_FILE


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["--model", "nowhere.toml"], {}, "no model card"),
        (["--camera", "rtsp://me:hidden@cam"], {}, "read by every user"),
        ([], {"FIELDPROOF_CAMERA": "rtsp://me:hidden@cam"}, "a unit can be read by all"),
        ([], {"FIELDPROOF_STATE": "/data"}, r"own place for that: /data from \$FIELDPROOF_STATE"),
        (["--print-config"], {}, "--print-config is for `run`"),
        (["--set", "run.heartbeat=x"], {}, "own place"),
        (["--broker", "mqtts://b", "--ca-file", "none.pem"], {}, "no file"),
    ],
)
def test_what_a_unit_cannot_hold_is_refused_in_a_sentence(
    alone: Path, words: list[str], environment: dict[str, str], said: str
) -> None:
    with pytest.raises(FieldproofError, match=said) as caught:
        facts(*words, **environment)
    assert "hidden" not in str(caught.value)
    assert caught.value.remedy


def test_a_card_whose_model_file_is_missing_is_refused(alone: Path) -> None:
    card = Path(shutil.copy(CARD, alone))
    with pytest.raises(FieldproofError, match=r"no model file .*stop_sign\.tflite"):
        facts("--model", str(card))


@pytest.mark.parametrize("python", ["python3", "/nowhere/python3", "/tmp"])
def test_a_python_that_is_not_there_is_refused(
    alone: Path, python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(alone)
    assert install("--print", "--python", python, *RUN) == UsageError.exit_code


def test_a_relative_python_is_written_by_its_whole_path(
    alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(alone)
    (alone / "python").symlink_to(sys.executable)
    assert install("--print", "--python", "python", *RUN) == 0
    assert f"ExecStart={alone}/python -m agent" in capsys.readouterr().out


def test_an_images_files_are_given_as_they_will_be_there(alone: Path) -> None:
    root = alone / "image"
    (root / "etc/fieldproof").mkdir(parents=True)
    (root / "etc/fieldproof/agent.toml").write_text('[run]\nbroker = "mqtts://b"\n')
    words = ["run", "--config", "/etc/fieldproof/agent.toml", "--model", "/opt/m.toml"]
    made = told(parser().parse_args([*words, "--key-file", "/etc/k"]), root, {})
    assert made.credentials == {
        "broker-key": Path("/etc/k"),
        "agent-settings": Path("/etc/fieldproof/agent.toml"),
    }
    assert command(made) == ["--model", "/opt/m.toml", "--config", "/etc/fieldproof/agent.toml"]
    with pytest.raises(UsageError, match=r"--model m\.toml is seen from this folder"):
        told(parser().parse_args(["run", "--model", "m.toml"]), root, {})
    assert install("--root", str(root), "--python", "python3", *RUN) == UsageError.exit_code


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
    shutil.copytree(CARD.parent, "model")
    shutil.move("model/stop_sign.toml", "model/card.toml")
    assert install("--print", "--model", "model/card.toml", "--broker", "mqtt://127.0.0.1") == 0
    assert f"--model {tmp_path}/model/card.toml" in capsys.readouterr().out
