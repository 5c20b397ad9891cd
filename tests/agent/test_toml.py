"""Whatever a TOML file holds, its reader ends with one sentence of the caller's error class."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import toml
from agent.card import ModelCard
from agent.errors import ConfigError, ModelError
from agent.profile import Profile
from agent.suite import Suite
from tools.gate.policy import Policy

ROOT = Path(__file__).resolve().parents[2]
SUITE = 'schema = "fieldproof.suite/1"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a = " + "{b = " * 100_000, "nested too deeply"),
        ("a = " + "9" * 5000, "is not TOML"),
        (".".join("a" * 2000) + " = 1", "more than 1000 dots"),
        ("# " + "x" * toml.MAX_BYTES, "characters"),
        ("severities = [nan]", "finite"),
        ("severities = [" + "0.5," * 101 + "]", "at most 100"),
        ("[[conditions]]\nkind = 'fog'\n" * 1001, "at most 1000"),
        ("\n".join(f"key{i} = 1" for i in range(5000)), "4990 more"),
    ],
    ids=lambda value: value[:20],
)
def test_a_hostile_file_is_refused_in_one_short_sentence(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        toml.parse(SUITE + text, Suite, "suite mine.toml")
    assert said in refused.value.message
    assert len(refused.value.message) < 2000


def test_an_endless_file_is_not_read_to_its_end() -> None:
    with pytest.raises(ModelError, match="more than"):
        toml.read(Path("/dev/zero"), ModelCard, ModelError)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not text"):
        toml.read(tmp_path / "s.toml", Suite)


FILES = {
    ModelCard: "tools/demo/model/stop_sign.toml",
    Suite: "agent/suites/quick.toml",
    Profile: "firmware_profiles/raspberry-pi-5.toml",
    Policy: "tools/gate/policies/stop_sign.toml",
}
WORDS = st.sampled_from(
    ["nan", "-inf", "1e999", "'", '"', '"""', "[[", "]]", "{", "=", ".", "\n", "\0", "\\ud800",
     "9" * 30, "1979-05-27", "true", "[" * 50, "kind", "parts = []", "schema = 1\n"]
)  # fmt: skip


@pytest.mark.parametrize("kind", FILES, ids=lambda kind: str(kind.__name__))
@settings(max_examples=80, deadline=None)
@given(words=st.lists(WORDS | st.text(max_size=8), max_size=4), places=st.randoms())
def test_a_damaged_file_ends_with_the_callers_error(
    kind: type[ModelCard | Suite | Profile | Policy], words: list[str], places: object
) -> None:
    text = (ROOT / FILES[kind]).read_text(encoding="utf-8")
    for word in words:
        at = places.randrange(len(text))  # type: ignore[attr-defined]
        text = text[:at] + word + text[at + len(word) :]
    said = "taken"
    try:
        toml.parse(text, kind, "the file")
    except ConfigError as error:
        said = error.message
    assert 0 < len(said) < 5000
