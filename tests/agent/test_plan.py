"""What a run is made of, and what is said where something is missing or does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.__main__ import parser
from agent.errors import UsageError
from agent.plan import plan_of


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["--broker", "mqtt://h"], "No model card", "FIELDPROOF_MODEL"),
        (["--model", "card.toml"], "No broker", "FIELDPROOF_BROKER"),
        (["--model", "c", "--broker", "mqtt://u:p@h"], "run.broker is from --broker", ""),
        (["--model", "c", "--broker", "mqtts://h", "--key-file", "k"], "run.key_file is from", ""),
        (["--model", "c", "--broker", "mqtt://h", "--alias", "x"], "run.alias is from --alias", ""),
    ],
)
def test_what_is_missing_or_does_not_fit_is_said_with_where_it_could_come_from(
    alone: Path, words: list[str], said: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        plan_of(parser().parse_args(["run", *words]))
    assert said in caught.value.message
    assert hint in caught.value.remedy
    assert "u:p" not in str(caught.value)


def test_a_run_takes_what_the_sources_say(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone / "usual.toml").write_text(
        '[run]\nmodel = "card.toml"\nbroker = "mqtt://h"\n[runtime]\nthreads = 3\n'
        'delegate = "none"\n[camera]\nspec = "v4l2:/dev/video7"\nfps = 5\n'
    )
    monkeypatch.setenv("FIELDPROOF_CAMERA__WIDTH", "320")
    plan = plan_of(parser().parse_args(["run", "--profile", "raspberry-pi-4b", "--seed", "9"]))
    assert plan.camera == "v4l2:/dev/video7,width=320,height=480,fps=5"
    assert plan.examiner.card == alone / "card.toml"
    assert (plan.examiner.threads, plan.examiner.seed) == (3, 9)
    assert plan.examiner.execution.delegate == "none"
    assert plan.profile.runtime.threads == 3
