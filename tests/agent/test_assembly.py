"""From names to a working session."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.assembly import Examiner, lay_out, plan_with
from agent.errors import ConfigError, DataError, UnknownKind, UsageError
from agent.suite import Suite

CARD = Path(__file__).resolve().parents[2] / "tools" / "demo" / "model" / "stop_sign.toml"


def suite(**condition: object) -> Suite:
    return Suite.model_validate(
        {"schema": "fieldproof.suite/1", "name": "mine", "conditions": [condition]}
    )


def test_conditions_know_whether_they_lie_on_the_object() -> None:
    assert all(c.per_target for c in lay_out(suite(kind="sticker"), 1))
    assert not any(c.per_target for c in lay_out(suite(kind="fog"), 1))
    both = suite(parts=[{"kind": "fog"}, {"kind": "sticker"}])
    assert all(c.per_target for c in lay_out(both, 1))


def test_conditions_know_what_varies_and_whether_its_harm_grows() -> None:
    text = {
        "severities": [0.5],
        "conditions": [
            {"kind": "fog"},
            {"kind": "ic_snow"},
            {"parts": [{"kind": "fog"}, {"kind": "ic_snow", "severity": 0.5}]},
        ],
    }
    fog, snow, both = lay_out(
        Suite.model_validate({"schema": "fieldproof.suite/1", **text}), seed=0
    )
    assert (fog.monotone, snow.monotone) == (True, False)
    assert [part.fixed for part in both.parts] == [False, True]
    assert both.monotone, "what does not vary does no harm to order"
    assert [part.severity for part in both.at(0.25).parts] == [0.25, 0.5]
    assert (both.at(0.25).severity, both.at(0.5)) == (0.25, both)


def test_a_strategy_is_a_kind_and_its_settings() -> None:
    strategy = plan_with("sequential:claim=flip_rate<5%@0.3,unit=clip", ())
    assert strategy.kind == "sequential"
    assert strategy.finished, "there is nothing to test"
    assert plan_with("grid", ()).kind == "grid"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("breaking", "Did you mean 'breaking_point'"),
        ("breaking_point:tolerence=0.1", "Did you mean 'tolerance'"),
        ("breaking_point:tolerance=2", "tolerance=2"),
        ("sequential:claim=often", r"flip_rate<0.10@0.4"),
        ("grid:tolerance=1", "grid has no settings"),
        ("coverage:budget", "key=value"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_those_that_can(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        plan_with(text, ())


def test_an_unknown_kind_and_a_wrong_parameter_are_refused_before_anything_runs() -> None:
    with pytest.raises(UnknownKind, match="stiker"):
        lay_out(suite(kind="stiker"), 1)
    with pytest.raises(ConfigError, match=r"mine, condition sticker: .*colour: no such key"):
        lay_out(suite(kind="sticker", parameters={"colour": 3}), 1)


def test_data_whose_labels_are_no_targets_is_refused() -> None:
    session, joined = Examiner(CARD, "none").open(("stop sign",))
    assert joined.mapping == {"stop sign": "stop sign"}
    assert session.model.targets == ("stop sign",)
    with pytest.raises(DataError, match=r"yield"):
        Examiner(CARD, "none").open(("yield",))


def test_a_cards_own_aliases_join_labels_and_a_users_come_first(tmp_path: Path) -> None:
    card = tmp_path / "card.toml"
    text = CARD.read_text().replace('"labels.txt"', f'"{CARD.parent / "labels.txt"}"')
    text = text.replace('"stop_sign.tflite"', f'"{CARD.with_suffix(".tflite")}"')
    card.write_text(text + '\n[aliases]\nhalt = "stop sign"\nA14 = "yield"\n')
    _, joined = Examiner(card, "none").open(("halt",))
    assert joined.mapping == {"halt": "stop sign"}
    _, joined = Examiner(card, "none", aliases={"A14": "stop sign"}).open(("A14",))
    assert joined.mapping == {"A14": "stop sign"}


def test_data_without_labels_counts_phantoms_only() -> None:
    session, joined = Examiner(CARD, "none").open(())
    assert joined.mapping == {}
    assert session.model.targets == ("stop sign",)
