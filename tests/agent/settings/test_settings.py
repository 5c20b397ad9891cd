"""Command line > environment > file > profile > defaults, and whatever is wrong has an origin."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from agent.__main__ import main, parser
from agent.errors import ConfigError, FieldproofError, UsageError
from agent.plan import settings_of
from agent.profile import EvidenceTable, fit, load_profile
from agent.settings import KEYS, Resolved, resolve
from agent.settings import _sources as sources
from agent.settings._print import as_text
from agent.settings._sources import VARIABLES, from_environment, from_file, from_options, variable

PROFILE = 'schema = "fieldproof.profile/1"\nname = "mine"\nsummary = "x"\nmachine = "x86_64"\n'
AGENT = Path(sources.__file__).parents[1]
LAYERS = ("command line", "environment", "file", "profile")
VALUES = {
    "run.seed": st.integers(0, 10**6),
    "run.site": st.sampled_from(["a", "b", "c"]),
    "camera.fps": st.floats(1, 60),
    "budgets.cpu_share": st.floats(0.01, 1),
    "budgets.outbox_bytes": st.integers(2**20, 2**30),
    "telemetry.batch_records": st.integers(1, 10_000),
    "evidence.per_hour": st.floats(0, 3600),
    "runtime.delegate": st.sampled_from(["none", "xnnpack"]),
}


def resolved(
    *words: str, environment: dict[str, str] | None = None, file: Path | None = None
) -> Resolved:
    """What a command line, variables and a file come to."""
    return resolve(
        from_options(vars(parser().parse_args(["run", *words]))),
        from_environment(environment or {}),
        from_file(file) if file else {},
    )


def toml(values: dict[str, Any]) -> str:
    """Settings as a file, table by table."""
    lines: list[str] = []
    for table in sorted({key.split(".")[0] for key in values}):
        lines.append(f"[{table}]")
        lines += [
            f"{key.split('.')[1]} = {json.dumps(value)}"
            for key, value in values.items()
            if key.startswith(f"{table}.")
        ]
    return "\n".join(lines) + "\n"


def value_of(found: Resolved, key: str) -> Any:
    table, name = key.split(".")
    return getattr(getattr(found.settings, table), name)


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {key: st.dictionaries(st.sampled_from(LAYERS), value) for key, value in VALUES.items()}
    )
)
def test_the_strongest_source_that_has_a_setting_decides_it(
    told: dict[str, dict[str, Any]],
) -> None:
    def of(layer: str) -> dict[str, Any]:
        # No profile has a table [run].
        skip = "run." if layer == "profile" else "-"
        return {k: by[layer] for k, by in told.items() if layer in by and not k.startswith(skip)}

    with tempfile.TemporaryDirectory() as folder:
        profile, file = Path(folder, "profile.toml"), Path(folder, "agent.toml")
        profile.write_text(PROFILE + toml(of("profile")))
        file.write_text(toml(of("file")))
        found = resolved(
            "--profile",
            str(profile),
            *(word for k, v in of("command line").items() for word in ("--set", f"{k}={v}")),
            environment={variable(k): str(v) for k, v in of("environment").items()},
            file=file,
        )
    origins = {
        "command line": "--set {key}",
        "environment": "${variable}",
        "file": str(file),
        "profile": "profile mine",
    }
    for key in told:
        strongest = next((layer for layer in LAYERS if key in of(layer)), None)
        if strongest is None:
            assert found.origins[key] == "default"
            continue
        assert value_of(found, key) == of(strongest)[key]
        assert found.origins[key] == origins[strongest].format(key=key, variable=variable(key))
        if not key.startswith("run."):
            table, name = key.split(".")
            assert getattr(getattr(found.profile, table), name) == of(strongest)[key]


def test_an_option_is_stronger_than_its_assignment() -> None:
    found = resolved("--seed", "3", "--set", "run.seed=4")
    assert found.run.seed == 3
    assert found.origins["run.seed"] == "--seed"


def test_evidence_as_an_option_is_the_profiles_setting() -> None:
    found = resolved("--evidence", "6", environment={"FIELDPROOF_EVIDENCE__MAX_PX": "320"})
    assert found.profile.evidence == EvidenceTable(per_hour=6, max_px=320)
    assert found.origins["evidence.per_hour"] == "--evidence"


def test_every_setting_has_a_variable_of_its_own_that_is_nothing_else() -> None:
    assert len(VARIABLES) == len(KEYS)
    assert not set(VARIABLES) & sources.OTHERS
    assert variable("run.ca_file") == "FIELDPROOF_CA_FILE"
    assert variable("budgets.cpu_share") == "FIELDPROOF_BUDGETS__CPU_SHARE"


def test_every_variable_that_the_agent_reads_is_known() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in AGENT.rglob("*.py"))
    named = set(re.findall(r"\bFIELDPROOF_[A-Z_]*[A-Z]", text))
    assert named - set(VARIABLES) - sources.OTHERS == set()


def test_words_may_be_given_with_commas_between_them() -> None:
    environment = {
        "FIELDPROOF_SERVICE__COMMANDS": "pause, resume",
        "FIELDPROOF_ALIAS": "stop=stop sign",
    }
    found = resolved(environment=environment)
    assert found.profile.service.commands == ("pause", "resume")
    assert found.run.alias == ("stop=stop sign",)


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert resolved(environment={"FIELDPROOF_SUITE": ""}).origins["run.suite"] == "default"


def test_the_profile_may_be_chosen_in_every_source(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('[run]\nprofile = "raspberry-pi-5"\n')
    assert resolved(file=file).profile == load_profile("raspberry-pi-5")
    found = resolved(environment={"FIELDPROOF_PROFILE": "jetson-nano"}, file=file)
    assert found.profile.name == "jetson-nano"
    found = resolved("--profile", "raspberry-pi-4b", file=file)
    assert found.origins["budgets.memory_mb"] == "profile raspberry-pi-4b"


def test_without_a_profile_the_one_that_fits_is_taken_and_the_reason_said() -> None:
    found = resolved("--profile", "")
    assert found.settings == resolved().settings
    assert found.profile.name == found.run.profile == fit().name
    assert found.origins["run.profile"] == f"this device: {fit().why}"


def test_relative_paths_in_a_file_are_seen_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(PROFILE)
    file = tmp_path / "agent.toml"
    file.write_text(
        '[run]\nmodel = "card.toml"\nstate = "/var/lib/x"\nprofile = "mine.toml"\nsuite = "quick"\n'
    )
    run = resolved(file=file).run
    assert run.model == tmp_path / "card.toml"
    assert run.state == Path("/var/lib/x")
    assert run.suite == "quick"
    assert run.profile == str(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("words", "environment", "content", "said", "near", "code"),
    [
        (["--set", "budgets.cpu_shar=1"], {}, "", "'budgets.cpu_shar'", "budgets.cpu_share?", 2),
        (["--set", "seed"], {}, "", "key=value", "budgets.cpu_share=0.5", 2),
        ([], {"FIELDPROOF_MODLE": "x"}, "", "FIELDPROOF_MODLE", "FIELDPROOF_MODEL?", 78),
        ([], {"FIELDPROOF_CPU_SHARE": "1"}, "", "_CPU_SHARE", "FIELDPROOF_BUDGETS__CPU_SHARE?", 78),
        ([], {}, "[budgets]\ncpu_shar = 1", "key budgets.cpu_shar", "budgets.cpu_share?", 78),
        ([], {}, "[run]\ncpu_share = 1", "key run.cpu_share", "budgets.cpu_share?", 78),
        ([], {}, "[budget]\ncpu_share = 1", "table [budget]", "[budgets]?", 78),
        ([], {}, 'model = "x"', "table [model]", "below a line with [run]", 78),
        ([], {}, "budgets = 1", "table [budgets]", "[budgets]?", 78),
    ],
)
def test_an_unknown_name_is_refused_with_its_place_and_the_nearest(
    words: list[str],
    environment: dict[str, str],
    content: str,
    said: str,
    near: str,
    code: int,
    tmp_path: Path,
) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(content)
    with pytest.raises(FieldproofError) as caught:
        resolved(*words, environment=environment, file=file)
    assert said in caught.value.message
    assert near in caught.value.remedy
    assert caught.value.exit_code == code
    if content:
        assert str(file) in caught.value.message


@pytest.mark.parametrize(
    ("words", "environment", "content", "origin"),
    [
        (["--set", "budgets.cpu_share=2"], {}, "", "--set budgets.cpu_share"),
        ([], {"FIELDPROOF_BUDGETS__CPU_SHARE": "2"}, "", "$FIELDPROOF_BUDGETS__CPU_SHARE"),
        ([], {}, "[budgets]\ncpu_share = 2", "agent.toml"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_origin(
    words: list[str], environment: dict[str, str], content: str, origin: str, tmp_path: Path
) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(content)
    with pytest.raises(FieldproofError) as caught:
        resolved(*words, environment=environment, file=file)
    said = "budgets.cpu_share = 2: input should be less than or equal to 1"
    assert f"{origin}: {said}" in caught.value.message
    assert isinstance(caught.value, UsageError if words else ConfigError)


def test_a_rule_for_two_settings_names_both_origins() -> None:
    with pytest.raises(UsageError) as caught:
        resolved("--set", "thermal.pause_c=60", environment={"FIELDPROOF_THERMAL__RESUME_C": "70"})
    assert "--set thermal.pause_c" in caught.value.message
    assert "$FIELDPROOF_THERMAL__RESUME_C" in caught.value.message
    assert "resume_c (70) must be below pause_c (60)" in caught.value.message


def test_an_unknown_profile_is_named_with_its_origin() -> None:
    with pytest.raises(ConfigError, match=r"'pi9'.*run\.profile is from \$FIELDPROOF_PROFILE"):
        resolved(environment={"FIELDPROOF_PROFILE": "pi9"})


def test_one_file_is_read_the_one_that_was_asked_for_or_the_usual_one(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("usual", "named", "asked"):
        (alone / f"{name}.toml").write_text(f'[run]\nsite = "{name}"\n')

    def site(*words: str) -> str:
        return settings_of(parser().parse_args(["run", *words])).run.site

    assert site() == "usual"
    monkeypatch.setenv("FIELDPROOF_CONFIG", str(alone / "named.toml"))
    assert site() == "named"
    assert site("--config", str(alone / "asked.toml")) == "asked"
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read"):
        site("--config", str(alone / "none.toml"))


def test_the_printed_settings_tell_value_and_origin_and_no_secret(
    alone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDPROOF_CAMERA", "rtsp://cam:hidden@10.0.0.1/live?token=hidden")
    words = ["run", "--print-config", "--broker", "mqtts://user@host", "--password-file", "nowhere"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert 'run.broker = "mqtts://host"' in text
    assert 'run.password_file = "nowhere"' in text
    assert "# --broker" in text
    assert "# profile " in text
    assert "# default" in text
    assert "hidden" not in text
    assert "user@" not in text
    assert main([*words, "--json"]) == 0
    out = capsys.readouterr().out
    assert "hidden" not in out
    told = json.loads(out)
    assert set(told) == set(KEYS)
    assert told["run.broker"] == {"value": "mqtts://host", "origin": "--broker"}
    assert told["run.model"] == {"value": None, "origin": "default"}


def test_the_printed_settings_are_a_file_of_settings(alone: Path) -> None:
    found = resolved("--profile", "coral-dev-board", "--seed", "5", "--set", "budgets.max_fps=2")
    file = alone / "printed.toml"
    file.write_text(as_text(found))
    again = resolved(file=file)
    assert again.settings.model_copy(update={"run": found.run}) == found.settings
    assert again.run.seed == 5
    assert again.run.profile == "coral-dev-board"


def test_a_credential_of_systemd_is_shown_by_its_path_alone(
    alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(alone))
    (alone / "broker-password").write_text("sesame")
    assert main(["run", "--print-config"]) == 0
    text = capsys.readouterr().out
    assert f'run.password_file = "{alone}/broker-password"' in text
    assert "systemd's credential broker-password" in text
    assert "sesame" not in text


def test_a_wrong_setting_ends_the_command_with_its_code() -> None:
    assert main(["run", "--set", "run.frames=-1"]) == 2
    done = subprocess.run(
        [sys.executable, "-m", "agent", "run"],
        cwd=AGENT.parent,
        env={**os.environ, "FIELDPROOF_FRAMES": "many"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 78
    assert "$FIELDPROOF_FRAMES: run.frames = many" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--camera", "rtsp://cam:hidden@10.0.0.1/live"],
        ["--set", "run.camera=rtsp://cam:hidden@10.0.0.1/live"],
        ["--set", "camera.spec=http://10.0.0.1/live?token=hidden"],
    ],
)
def test_a_cameras_password_on_the_command_line_is_refused_and_not_repeated(
    words: list[str],
) -> None:
    with pytest.raises(UsageError, match="read by every user") as caught:
        settings_of(parser().parse_args(["run", *words]))
    assert "of mode 0600" in caught.value.remedy
    assert "hidden" not in str(caught.value)


def test_paths_in_a_file_are_seen_from_its_folder_the_cameras_too(alone: Path) -> None:
    file = alone / "agent.toml"
    file.write_text('[run]\nmodel = "m.toml"\ncamera = "video:drive.mp4"\n[camera]\nspec = "a/b"\n')
    found = resolved(file=file)
    assert found.run.model == alone / "m.toml"
    assert found.run.camera == f"video:{alone}/drive.mp4"
    assert found.profile.camera.spec == f"{alone}/a/b"
    assert resolved("--camera", "video:drive.mp4", file=file).run.camera == "video:drive.mp4"


def test_a_service_reads_its_file_of_settings_and_what_that_names_as_credentials(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = alone / "credentials"
    held.mkdir()
    (held / "agent-settings").write_text('[run]\ncert_file = "c.pem"\nmodel = "m.toml"\n')
    (held / "broker-cert").touch()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(held))
    found = settings_of(parser().parse_args(["run", "--config", str(alone / "closed/agent.toml")]))
    assert found.run.model == alone / "closed/m.toml", "as in the file itself"
    assert found.access()["cert_file"] == held / "broker-cert"
    assert found.access()["key_file"] is None
    assert f'"{held}/broker-cert"' in as_text(found)
    words = ["run", "--config", str(alone / "agent.toml"), "--cert-file", "mine.pem"]
    assert settings_of(parser().parse_args(words)).access()["cert_file"] == Path("mine.pem")


def test_json_without_print_config_is_refused(alone: Path) -> None:
    command = [sys.executable, "-m", "agent", "run", "--json"]
    done = subprocess.run(command, cwd=AGENT.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, "--json is for --print-config" in done.stderr) == (2, True)
