"""The gate as a pipeline meets it: results read, the policy kept or broken, JUnit written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from agent.errors import DataError
from tools.evaluate.results import Results, to_json
from tools.gate.junit import junit
from tools.gate.verdict import gate

Make = Callable[..., Results]
Write = Callable[[Path, Results], Path]

POLICY = """
schema = "fieldproof.policy/1"
unsure = "{unsure}"
[[rules]]
rule = "clean_accuracy"
at_least = 0.9
[[rules]]
rule = "robust_accuracy"
kind = "fog"
severity = 0.25
at_least = 0.5
"""


def policy(folder: Path, unsure: str = "fail") -> str:
    path = folder / "p<&>.toml"
    path.write_text(POLICY.format(unsure=unsure))
    return str(path)


def test_too_little_evidence_breaks_a_strict_policy_only(
    make_results: Make, write: Write, tmp_path: Path
) -> None:
    where = write(tmp_path / "out", make_results({"fog": (90,)}, clean=93))
    strict = gate(policy(tmp_path), where)
    assert [r.answer for r in strict.rulings] == ["unsure", "pass"]
    assert not strict.kept
    assert gate(policy(tmp_path, "pass"), where).kept


def test_a_missing_condition_breaks_even_a_lenient_policy(
    make_results: Make, write: Write, tmp_path: Path
) -> None:
    where = write(tmp_path / "out", make_results({"rain": (90,)}))
    assert not gate(policy(tmp_path, "pass"), where).kept


def test_junit_counts_what_breaks_and_survives_hostile_names(
    make_results: Make, write: Write, tmp_path: Path
) -> None:
    where = write(tmp_path / "out", make_results({"fog": (10,)}, clean=93))
    for unsure, failures, skipped in (("fail", "2", "0"), ("pass", "1", "1")):
        top = ElementTree.fromstring(junit(gate(policy(tmp_path, unsure), where)))
        suite = top.find("testsuite")
        assert suite is not None
        assert (top.tag, suite.get("name")) == ("testsuites", "p<&>")
        assert [suite.get(k) for k in ("tests", "failures", "skipped")] == ["2", failures, skipped]
        assert len(suite.findall("testcase/failure")) == int(failures)
        assert len(suite.findall("testcase/skipped")) == int(skipped)
    verdict = gate(policy(tmp_path), where)
    odd = verdict.__class__("bell\x07", "m", "s", True, verdict.rulings)
    assert "\ufffd" in str(ElementTree.fromstring(junit(odd)).find("testsuite").get("name"))  # type: ignore[union-attr]


def test_the_json_says_which_rules_break(make_results: Make, write: Write, tmp_path: Path) -> None:
    where = write(tmp_path / "out", make_results({"fog": (10,)}))
    plain = json.loads(json.dumps(gate(policy(tmp_path), where).to_json()))
    assert (plain["schema"], plain["kept"]) == ("fieldproof.gate/1", False)
    assert [r["breaks"] for r in plain["rules"]] == [False, True]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "fieldproof.results/9"}, "its schema is 'fieldproof.results/9'"),
        ({"schema": None}, "names no schema"),
        ({"surprise": 1}, "surprise: no such key"),
        ({"data": {"source": "d", "frames": 0, "targets": 0}}, "no frame at all"),
    ],
)
def test_results_that_cannot_be_judged_are_refused(
    make_results: Make, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    plain = {**to_json(make_results()), **change}
    (tmp_path / "results.json").write_text(json.dumps(plain))
    with pytest.raises(DataError) as refused:
        gate(policy(tmp_path), tmp_path)
    assert said in str(refused.value)
    assert refused.value.exit_code == 65


@pytest.mark.parametrize("text", [None, "{", "[]", "\udcff"])
def test_what_is_no_results_file_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "results.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError):
        gate(policy(tmp_path), tmp_path)
