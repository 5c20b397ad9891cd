"""Suites: shipped ones load, wrong ones are refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.suite import load_suite, shipped

HEAD = 'schema = "fieldproof.suite/1"\n'


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_suite_loads_and_says_what_it_is_for(name: str) -> None:
    suite = load_suite(name)
    assert suite.name == name
    assert name == "none" or (suite.summary and list(suite.expand(1)))


def test_none_has_no_conditions() -> None:
    assert list(load_suite("none").expand(1)) == []


def test_parts_without_a_severity_vary_and_lists_become_keys(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        HEAD + "severities = [0.2, 0.8]\n[[conditions]]\nname = 'wet dusk'\n"
        "parts = [{kind = 'rain', severity = 0.5}, {kind = 'sticker', parameters = {a = [1, 2]}}]\n"
    )
    first, second = load_suite(str(path)).expand(3)
    assert [part.severity for part in first.parts] == [0.5, 0.2]
    assert [part.severity for part in second.parts] == [0.5, 0.8]
    assert first.kind == "wet dusk"
    assert [first.severity, second.severity] == [0.2, 0.8]
    assert len({first, second}) == 2


def test_a_condition_in_which_nothing_varies_stands_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        HEAD + "[[conditions]]\nname = 'dusk'\nparts = [{kind = 'low_light', severity = 0.7}]\n"
    )
    (only,) = load_suite(str(path)).expand(1)
    assert (only.kind, only.severity) == ("dusk", 0.7)


def test_a_standards_levels_are_fifths_of_severity_and_are_named() -> None:
    conditions = list(load_suite("imagenet-c-224").expand(0))
    assert len(conditions) == 19 * 5
    fog = [(c.level, c.severity) for c in conditions if c.kind == "fog"]
    assert fog == [(1, 0.2), (2, 0.4), (3, 0.6), (4, 0.8), (5, 1.0)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema = 'fieldproof.suite/2'", "schema"),
        (HEAD + "severitys = [1]", "severitys: no such key"),
        (HEAD + "levels = 5\nseverities = [0.5]", "either severities or levels"),
        (HEAD + "severities = [1.5]", "less than or equal to 1"),
        (HEAD + "[[conditions]]\nname = 'x'", "either kind or parts"),
        (HEAD + "[[conditions", "not TOML"),
        (
            HEAD + "severities = [0.3]\nconditions = [{kind = 'fog'}, {kind = 'fog'}]",
            r"fog at severity 0\.3 stands here 2 times",
        ),
        ("", "schema: is missing"),
    ],
)
def test_a_wrong_suite_is_refused_with_the_key(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        load_suite(str(path))
    assert "wrong.toml" in str(caught.value)


def test_an_unknown_suite_is_refused_with_the_list() -> None:
    with pytest.raises(ConfigError, match=r"no suite called 'fast'.*none, .*quick, "):
        load_suite("fast")
