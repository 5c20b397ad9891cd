"""Rule files: what is refused, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import ConfigError
from tools.alerts.explain import explained
from tools.alerts.rules import METRICS, RateRule, load_rules, parse_rules

HEAD = 'schema = "fieldproof.alerts/1"\n'
RATE = '[[rules]]\nname = "r"\nmetric = "flip_rate"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RATE + 'limit = 0.1\nwindo = "3d"\n', r"rule 'r', key windo:.*did you mean window"),
        (RATE + 'limit = 0.1\nwindow = "3 days"\n', r"rule 'r', key window: a span is written as"),
        (RATE + "limit = 0.1\nwindow = 30\n", r"rule 'r', key window: a span is written as"),
        (RATE + 'limit = 0.1\nwindow = "10m"\n', r"rule 'r': window is \"1h\" or more"),
        (RATE, r"rule 'r': give either limit or baseline"),
        (RATE + "limit = 1.5\n", r"rule 'r', key limit: .*less than 1"),
        (RATE + "baseline = { scenes = 3 }\n", r"rule 'r', key baseline.scenes: .*100"),
        (RATE + "baseline = { scene = 300 }\n", r"key baseline.scene: .*did you mean scenes"),
        (RATE + "baseline = { rate = 0.1, scenes = 300 }\n", r"give one of rate, scenes"),
        (RATE + 'baseline = { since = "x", until = "y" }\n', r"a time is written as"),
        (
            RATE + 'limit = 0.1\nsinks = ["pager"]\n',
            r"rule 'r', key sinks: there is no sink 'pager'",
        ),
        (RATE + "limit = 0.1\n" + RATE + "limit = 0.2\n", r"two rules are called 'r'"),
        (
            RATE.replace("flip_rate", "flips") + "limit = 0.1\n",
            r"rule 'r', key metric: expected one of",
        ),
        ('[[rules]]\nname = "(sinks)"\nmetric = "gaps"\n', r"key name:"),
        ('[[rules]]\nname = "h"\nmetric = "temperature_c"\nabove = 80\nclear = 81\n', r"good side"),
        ('[[rules]]\nname = "h"\nmetric = "reading"\nabove = 80\n', r"reading goes with"),
        ('[[rules]]\nmetric = "gaps"\n', r"rule 'number 1', key name: is missing"),
        ("rules = []\n", r"key rules:"),
        ('[sinks.a]\nkind = "pager"\n' + RATE, r"sink 'a':.*pager"),
        ('[sinks.a]\nkind = "webhook"\n' + RATE, r"sink 'a': url: is missing"),
        ("sinks = 3\n" + RATE, r"key sinks:"),
    ],
)
def test_what_is_wrong_is_said_with_its_rule_and_key(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        parse_rules(HEAD + text, "rules.toml")
    assert caught.value.message.startswith("rules.toml cannot be used: ")
    assert "alerts check" in caught.value.remedy


def test_the_rules_that_ship_use_most_metrics_and_say_why() -> None:
    rules = load_rules("default").rules
    assert all(rule.why for rule in rules)
    assert len({rule.metric for rule in rules}) == len(rules)
    assert {"flip_rate", "device_offline", "model_changed", "gaps"} < {r.metric for r in rules}


def test_every_metric_can_be_told_in_words() -> None:
    more = {
        "robust_accuracy": "limit = 0.9",
        "mean_confidence_drop": "above = 0.2",
        "reading": 'reading = "load_1min"\nbelow = 0.1\nclear = 0.2',
    }
    for metric, text in more.items():
        parsed = parse_rules(f'{HEAD}[[rules]]\nname = "r"\nmetric = "{metric}"\n{text}\n', "r")
        assert "None" not in explained(parsed.rules[0])
    shipped = {rule.metric for rule in load_rules("default").rules}
    assert shipped | set(more) == set(METRICS)
    for rule in load_rules("default").rules:
        assert explained(rule).count(". ") >= 1


def test_words_name_the_scope_the_baseline_and_the_sinks() -> None:
    text = RATE + (
        "baseline = { since = 2026-01-01, until = 2026-02-01T12:00:00Z }\n"
        'scope = { sites = ["lab"], severities = [0.5] }\n'
    )
    said = explained(parse_rules(HEAD + text, "r").rules[0])
    assert "from 2026-01-01 00:00 to 2026-02-01 12:00 UTC" in said
    assert "only on sites lab, on severities 0.5" in said
    assert "told to log" in said


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no rule file"):
        load_rules(str(tmp_path / "none.toml"))


def test_the_docstrings_example_is_a_rule_file() -> None:
    from tools.alerts import rules

    example = (rules.__doc__ or "").partition("::\n\n")[2].partition("\n\nSpans")[0]
    lines = [line.removeprefix("    ") for line in example.splitlines()]
    (rule,) = parse_rules("\n".join(lines), "the example").rules
    assert isinstance(rule, RateRule)
