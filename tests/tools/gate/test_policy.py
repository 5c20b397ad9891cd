"""A policy that cannot be used is refused, and says where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.suite import load_suite
from tools.gate.policy import load_policy, shipped

HEAD = 'schema = "fieldproof.policy/1"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[rules]]\nrule = "clean_accuracy"\nat_leats = 0.9', "rules.0.clean_accuracy.at_leats"),
        (
            'unsur = "pass"\n[[rules]]\nrule = "clean_accuracy"\nat_least = 0.9',
            "unsur: no such key",
        ),
        ('[[rules]]\nrule = "clean_acuracy"\nat_least = 0.9', "clean_acuracy"),
        ('[[rules]]\nrule = "clean_accuracy"\nat_least = 1.0', "less than 1"),
        (
            '[[rules]]\nrule = "flip_rate"\nkind = "fog"\nseverity = 1.0\nat_most = 0',
            "greater than",
        ),
        ('[[rules]]\nrule = "robust_accuracy"\nkind = "fog"\nat_least = 0.9', "severity or level"),
        ('[[rules]]\nrule = "breaking_severity"\nkind = "fog"', "at_least (a severity) or up_to"),
        ('[[rules]]\nrule = "phantoms_per_frame"\nat_most = 1\nkind = "fog"', "severity or level"),
        ("rules = []", "rules"),
        ("rules = [", "is not TOML"),
    ],
)
def test_a_bad_policy_names_the_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(HEAD + text)
    with pytest.raises(ConfigError) as refused:
        load_policy(str(path))
    assert said in str(refused.value)
    assert refused.value.exit_code == 78


def test_an_unknown_policy_lists_those_that_ship() -> None:
    with pytest.raises(ConfigError, match="stop_sign"):
        load_policy("stop_signs")


def test_every_shipped_policy_loads_and_can_be_asked_of_the_quick_suite() -> None:
    quick = {(c.kind, c.severity) for c in load_suite("quick").expand(0)}
    for name in shipped():
        policy, _ = load_policy(name)
        for rule in policy.rules:
            assert rule.why, "a number without a reason"
            if getattr(rule, "severity", None) is not None:
                assert (rule.kind, rule.severity) in quick  # type: ignore[union-attr]
