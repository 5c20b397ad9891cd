"""What `fieldproof deploy` writes: whole or not at all, secrets unreadable, nothing overwritten."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from agent.__main__ import parser
from agent.errors import ConfigError, FieldproofError, OutputError, UsageError
from tools.deploy.deployment import Deployment


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment.create(tmp_path / "site", ["broker.lan", "10.0.0.2"], passwords=True)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_secrets_can_be_read_by_their_owner_alone(deployment: Deployment) -> None:
    deployment.device("lab", "pi")
    deployment.device("lab", "keypad", password=True)
    deployment.collector()
    folder = deployment.folder
    secret = [*folder.rglob("*.key"), *folder.rglob("password*"), folder / "ca" / "issued.tsv"]
    secret += [path for path in folder.rglob("*.pem") if b"PRIVATE KEY" in path.read_bytes()]
    assert len(secret) == 7
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
    assert not [path for path in folder.rglob("*") if path.name.endswith(".new")]


@pytest.mark.skipif(
    shutil.which("openssl") is None and os.environ.get("CI") != "true", reason="no openssl here"
)
def test_certificates_are_what_openssl_calls_strictly_valid(deployment: Deployment) -> None:
    device = deployment.device("lab", "pi").folder / "device.pem"
    lists = ["-CAfile", "ca.pem", "-CRLfile", "revoked.pem"]
    for purpose, path in (("sslserver", "broker.pem"), ("sslclient", str(device))):
        done = subprocess.run(
            ["openssl", "verify", "-x509_strict", "-crl_check", "-purpose", purpose, *lists, path],
            cwd=deployment.broker,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    names = certificate(deployment.broker / "broker.pem").extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert [str(name.value) for name in names.value] == ["broker.lan", "10.0.0.2"]


def test_the_command_that_is_printed_is_one_that_the_agent_takes(deployment: Deployment) -> None:
    for client in (
        deployment.device("lab", "pi"),
        deployment.device("lab", "keypad", password=True),
    ):
        options = parser().parse_args(client.command.split()[1:])
        assert options.broker.startswith("mqtts://")
        assert options.ca_file.is_file()
    assert options.broker == "mqtts://lab%2Fkeypad@broker.lan:8884"
    assert options.password_file.is_file()


def test_nothing_that_is_there_is_overwritten(deployment: Deployment) -> None:
    def content() -> dict[Path, bytes]:
        return {p: p.read_bytes() for p in deployment.folder.rglob("*") if p.is_file()}

    deployment.device("lab", "pi")
    before = content()
    with pytest.raises(OutputError, match="not empty"):
        Deployment.create(deployment.folder, ["broker.lan"])
    with pytest.raises(OutputError, match="not empty"):
        deployment.device("lab", "pi")
    assert content() == before
    assert list(deployment.folder.parent.iterdir()) == [deployment.folder]


def test_what_goes_wrong_leaves_no_half_deployment(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="host"):
        Deployment.create(tmp_path / "site", ["höst"])
    assert not list(tmp_path.iterdir())


def test_a_renewal_changes_the_brokers_certificate_and_nothing_else(
    deployment: Deployment,
) -> None:
    files = {p: p.read_bytes() for p in deployment.broker.iterdir() if p.is_file()}
    until = deployment.renew(days=900)
    changed = {path.name for path, was in files.items() if path.read_bytes() != was}
    assert changed == {"broker.pem"}
    assert certificate(deployment.broker / "broker.pem").not_valid_after_utc == until


@pytest.mark.parametrize(
    ("site", "device"), [("+", "pi"), ("lab", "#"), ("lab", "a/b"), ("", "pi"), ("lab", "p\n")]
)
def test_a_name_that_no_topic_may_hold_gets_no_certificate(
    deployment: Deployment, site: str, device: str
) -> None:
    with pytest.raises(UsageError, match="is no name for a"):
        deployment.device(site, device)
    assert not (deployment.folder / "clients").exists()


def test_a_name_too_long_for_a_certificate_is_refused_and_gets_in_by_password(
    deployment: Deployment,
) -> None:
    with pytest.raises(UsageError, match="holds 64"):
        deployment.device("s" * 40, "d" * 40)
    deployment.device("s" * 40, "d" * 40, password=True)


def test_a_certificate_cannot_outlive_its_authority(deployment: Deployment) -> None:
    with pytest.raises(UsageError, match=f"{deployment.authority.until:%Y-%m-%d}"):
        deployment.device("lab", "pi", days=4000)


def test_revoking_what_was_never_let_in_names_those_that_were(deployment: Deployment) -> None:
    deployment.device("lab", "pi")
    with pytest.raises(UsageError, match="lab/pi") as caught:
        deployment.revoke("lab/pj")
    assert "broker," not in str(caught.value)
    assert deployment.revoke("lab/pi") == 1
    listed = x509.load_pem_x509_crl((deployment.broker / "revoked.pem").read_bytes())
    held = certificate(deployment.folder / "clients" / "lab.pi" / "device.pem")
    assert [entry.serial_number for entry in listed] == [held.serial_number]
    # A broker refuses everybody once its list is out of date.
    assert listed.next_update_utc == deployment.authority.until


def test_a_folder_without_a_deployment_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fieldproof deploy broker"):
        Deployment(tmp_path)


def test_the_commands_say_dates_and_what_to_do_next(tmp_path: Path) -> None:
    from tools.cli import app

    def run(*words: object) -> str:
        done = CliRunner().invoke(app, ["deploy", *map(str, words)], catch_exceptions=False)
        assert done.exit_code == 0
        return done.output

    folder = tmp_path / "site"
    said = run("broker", "--out", folder, "--host", "broker.lan")
    made = Deployment(folder)
    assert f"authority ends on {made.authority.until:%Y-%m-%d}" in said
    said = run("device", folder, "lab", "pi", "--days", 10)
    assert (
        f"{certificate(folder / 'clients/lab.pi/device.pem').not_valid_after_utc:%Y-%m-%d}" in said
    )
    assert "fieldproof run --model model.toml --site lab --device pi --broker mqtts://" in said
    assert "fieldproof collect --broker mqtts://broker.lan:8883" in run("collector", folder)
    assert "restart mosquitto" in run("revoke", folder, "lab/pi")
    assert "counts until" in run("broker", "--renew", "--out", folder)
    for words, error in (
        (("device", folder, "lab", "two", "--password"), "certificates only"),
        (("broker", "--out", tmp_path / "a b", "--host", "x"), "configuration"),
        (("broker", "--out", tmp_path / "new"), "needs a name"),
        (("broker", "--out", folder, "--renew", "--host", "x"), "leave them out"),
    ):
        with pytest.raises(FieldproofError, match=error):
            run(*words)


def test_an_operator_completes_rules_that_know_no_replies(deployment: Deployment) -> None:
    rules = deployment.broker / "acl"
    reply = "pattern write fieldproof/v1/%u/reply\n"
    rules.write_text(rules.read_text().replace(reply, ""))
    deployment.operator()
    assert rules.read_text().count(reply) == 1
    assert "user operator\ntopic write fieldproof/v1/+/+/cmd\n" in rules.read_text()
