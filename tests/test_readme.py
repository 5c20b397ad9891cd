"""What the README says is so: its commands parse, its tables are complete."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from agent import errors
from agent.card import ModelCard
from agent.settings._sources import OTHERS, VARIABLES, from_text
from agent.toml import parse

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


COMMANDS = [
    line.split("  #")[0].strip()
    for block in blocks("sh")
    for line in block.splitlines()
    if line.startswith("fieldproof ")
]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_readme_parses(line: str) -> None:
    from tools.cli import app

    # An option that does not exist is refused before help is shown.
    done = CliRunner().invoke(app, [*shlex.split(line)[1:], "--help"])
    assert done.exit_code == 0, done.output


def test_the_readme_shows_every_command() -> None:
    from tools.cli import app

    shown = {tuple(shlex.split(line)[1:3]) for line in COMMANDS}
    names = {words[0] for words in shown}
    assert names >= set(typer.main.get_command(app).commands) - {"demo"}
    assert "make demo" in README
    assert "make test" in README


def test_every_exit_code_is_explained() -> None:
    codes = {
        member.exit_code
        for member in vars(errors).values()
        if isinstance(member, type) and issubclass(member, errors.FieldproofError)
    }
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", README, flags=re.MULTILINE)}
    assert listed == codes | {0, 1}


def test_the_model_card_of_the_readme_is_valid(tmp_path: Path) -> None:
    (block,) = [text for text in blocks("toml") if "fieldproof.model/1" in text]
    assert parse(block, ModelCard, "README").kind == "ssd"


def test_the_alert_rules_of_the_readme_are_rules() -> None:
    from tools.alerts.rules import parse_rules

    (block,) = [text for text in blocks("toml") if "fieldproof.alerts/1" in text]
    assert parse_rules(block, "README").rules[0].name == "robustness falls"


def test_the_settings_of_the_readme_are_settings() -> None:
    (block,) = [text for text in blocks("toml") if "agent.toml" in text]
    assert from_text(block, Path("agent.toml"))["budgets.cpu_share"].value == 0.3
    named = set(re.findall(r"FIELDPROOF_[A-Z_]*[A-Z]", README))
    assert named - set(VARIABLES) <= OTHERS


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib comes with Python 3.11")
def test_every_dependency_is_justified() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(d for e in extras if e != "test" for d in extras[e])]
    names = {re.split(r"[\s<>=;\[]", text)[0].lower().removesuffix("-cpu") for text in wanted}
    given = {"fieldproof", "opencv-python", "tomli"}
    assert [name for name in sorted(names - given) if name not in README.lower()] == []
