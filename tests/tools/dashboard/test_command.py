"""``fieldproof dashboard``: who may sign in, and what must not be served."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.errors import ConfigError, FieldproofError, UsageError
from agent.toml import read
from tools.cli import app
from tools.dashboard import command
from tools.dashboard.access.passwords import matches
from tools.dashboard.access.roll import Roll, bearer
from tools.dashboard.serve import Address, check

WORDS = "a few words that fit"


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return tmp_path / "etc" / "users.toml"


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(f"{WORDS}\n")
    return file


def run(*words: object) -> Any:
    done = CliRunner().invoke(app, ["dashboard", *map(str, words)])
    if done.exception and isinstance(done.exception, FieldproofError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def test_a_user_is_added_listed_changed_and_removed(users: Path, password: Path) -> None:
    run("user", "add", "ada", "--role", "operator", "--users", users, "--password-file", password)
    run("user", "add", "vic@example.org", "--users", users, "--password-file", password)
    roll = read(users, Roll)
    assert {name: user.role for name, user in roll.users.items()} == {
        "ada": "operator",
        "vic@example.org": "viewer",
    }
    assert matches(WORDS, roll.users["ada"].hash)
    assert roll.users["ada"].hash != roll.users["vic@example.org"].hash
    assert WORDS not in users.read_text()
    assert run("user", "list", "--users", users).output.split() == [
        "ada", "operator", "vic@example.org", "viewer",
    ]  # fmt: skip
    run("user", "remove", "ada", "--users", users)
    assert list(read(users, Roll).users) == ["vic@example.org"]


def test_only_its_owner_reads_the_file(users: Path, password: Path) -> None:
    run("user", "add", "ada", "--users", users, "--password-file", password)
    assert stat.S_IMODE(users.stat().st_mode) == 0o600


def test_a_password_is_asked_for_twice(users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([WORDS, WORDS, WORDS, "another"])
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))
    monkeypatch.setattr(command.sys.stdin.__class__, "isatty", lambda _: True, raising=False)
    assert command._password(None) == WORDS
    with pytest.raises(UsageError, match="not the same"):
        command._password(None)


def test_no_option_takes_a_password(users: Path) -> None:
    done = CliRunner().invoke(
        app, ["dashboard", "user", "add", "ada", "--users", str(users), "--password", WORDS]
    )
    assert done.exit_code == 2
    assert not users.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["user", "add", "a b"], "cannot be a name"),
        (["user", "add", 'x"]'], "cannot be a name"),
        (["user", "add", "ada", "--role", "root"], "no role"),
        (["user", "remove", "eve"], "no user eve"),
        (["token", "remove", "eve"], "no token eve"),
    ],
)
def test_mistakes_are_said_in_a_sentence(
    users: Path, password: Path, words: list[str], said: str
) -> None:
    more = ["--password-file", password] if words[1] == "add" else []
    with pytest.raises(UsageError, match=said):
        run(*words, "--users", users, *more)


def test_short_passwords_are_refused(users: Path, tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("hunter2")
    with pytest.raises(UsageError, match="12 to 1024 characters"):
        run("user", "add", "ada", "--users", users, "--password-file", short)
    assert not users.exists()


def test_a_token_is_shown_once_and_kept_as_a_hash(users: Path) -> None:
    token = run("token", "add", "grafana", "--users", users).output.split()[0]
    assert token.startswith("fpt_")
    assert token not in users.read_text()
    assert bearer(read(users, Roll), token) == "grafana"
    assert bearer(read(users, Roll), token[:-1]) is None
    with pytest.raises(UsageError, match="already"):
        run("token", "add", "grafana", "--users", users)
    run("token", "remove", "grafana", "--users", users)
    assert bearer(read(users, Roll), token) is None


def test_a_store_has_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Which store"):
        run()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "cameras.example"])
def test_without_users_it_is_served_to_this_computer_alone(host: str) -> None:
    with pytest.raises(UsageError, match="open to everybody"):
        check(Address(host, 8080), None)
    with pytest.raises(UsageError, match="open to everybody"):
        check(Address("127.0.0.1", 8080, proxy="127.0.0.1"), None)
    for loopback in ("127.0.0.1", "::1", "localhost"):
        assert check(Address(loopback, 8080), None) == []


def test_passwords_in_clear_and_an_empty_roll_are_warned_of(users: Path, password: Path) -> None:
    run("token", "add", "grafana", "--users", users)
    assert "nobody can sign in" in check(Address("127.0.0.1", 1), users)[0]
    run("user", "add", "ada", "--users", users, "--password-file", password)
    assert check(Address("127.0.0.1", 1), users) == []
    assert "unencrypted" in check(Address("0.0.0.0", 1), users)[0]
    assert check(Address("0.0.0.0", 1, proxy="10.0.0.1"), users) == []


def test_half_a_certificate_and_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    there = tmp_path / "cert.pem"
    there.write_text("x")
    with pytest.raises(UsageError, match="together"):
        check(Address("127.0.0.1", 1, cert=there), None)
    with pytest.raises(ConfigError, match="no file"):
        check(Address("127.0.0.1", 1, cert=there, key=tmp_path / "none"), None)
    with pytest.raises(ConfigError, match="cannot be read"):
        check(Address("127.0.0.1", 1), tmp_path / "none.toml")
