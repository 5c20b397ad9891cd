"""What a run does when it is told to, and what it refuses."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from agent.assembly import Examiner
from agent.orders import EVIDENCE_S, Orders
from agent.profile import load_profile
from agent.record import Command, Reply, Stamp, encode_message
from agent.service.commands import NAMES, Intake, Memory, Speaker


@pytest.fixture
def replies() -> list[Reply]:
    return []


@pytest.fixture
def orders(tmp_path: Path, replies: list[Reply]) -> Orders:
    profile = load_profile("generic-x86-64")
    budgets = profile.budgets.model_copy(update={"cpu_share": 0.5})
    speaker = Speaker("lab", "pi", lambda: "s1", lambda: Stamp("boot", 1, 1, False))
    return Orders(
        Intake(speaker, frozenset(NAMES), Memory(tmp_path / "commands.json")),
        Examiner(tmp_path / "card.toml", "quick"),
        profile.model_copy(update={"budgets": budgets}),
        replies.append,
        lambda: {"frames": 12, "trials": 3},
    )


def tell(orders: Orders, name: str, of: str = "1", **more: Any) -> None:
    orders.hear(encode_message(Command(device="pi", id=of, name=name, **more)), False)
    orders.look()


def test_pause_and_resume(orders: Orders, replies: list[Reply]) -> None:
    tell(orders, "pause", "1")
    assert orders.paused
    tell(orders, "resume", "2")
    assert not orders.paused
    assert [reply.outcome for reply in replies] == ["done", "done"]


def test_a_report_has_the_figures(orders: Orders, replies: list[Reply]) -> None:
    tell(orders, "report")
    assert replies[0].figures == {"frames": 12, "trials": 3}
    assert replies[0].said == "12 frames, 3 trials."


def test_another_suite_is_done_when_its_session_has_begun(
    orders: Orders, replies: list[Reply]
) -> None:
    tell(orders, "suite", "1", suite="weather")
    assert orders.change is not None
    assert orders.change.examiner.suite == "weather"
    assert replies == []
    tell(orders, "pause", "2")
    assert not orders.paused, "what comes after a change waits for it"
    orders.changed()
    orders.look()
    assert [reply.id for reply in replies] == ["1", "2"]
    assert orders.examiner.suite == "weather"
    assert orders.paused


@pytest.mark.parametrize("suite", ["../../etc/passwd", "mine.toml", "/etc/x.toml", "", None, "qu"])
def test_a_suite_is_chosen_by_its_shipped_name_only(
    orders: Orders, replies: list[Reply], suite: str | None
) -> None:
    tell(orders, "suite", suite=suite)
    assert orders.change is None
    assert replies[0].outcome == "refused"
    assert "shipped suite only" in replies[0].said


def test_a_budget_is_lowered_and_raised_again_but_never_above_the_profiles(
    orders: Orders, replies: list[Reply]
) -> None:
    for number, (share, outcome) in enumerate(
        [(0.2, "done"), (0.5, "done"), (0.51, "refused"), (None, "refused"), (0.0, "refused")]
    ):
        tell(orders, "budget", str(number), cpu_share=share)
        if orders.change is not None:
            assert orders.change.profile.budgets.cpu_share == share
        orders.changed()
        assert replies[-1].outcome == outcome


def test_what_is_so_already_changes_nothing(orders: Orders, replies: list[Reply]) -> None:
    tell(orders, "suite", suite="quick")
    assert orders.change is None
    assert replies[0].outcome == "done"


@pytest.mark.parametrize(("kept", "outcome"), [(True, "done"), (False, "failed")])
def test_evidence_is_done_with_the_next_frame_of_trials(
    orders: Orders, replies: list[Reply], kept: bool, outcome: str
) -> None:
    assert not orders.wants_evidence
    tell(orders, "evidence")
    assert orders.wants_evidence
    orders.evidence(kept)
    assert not orders.wants_evidence
    assert [reply.outcome for reply in replies] == [outcome]


def test_evidence_that_does_not_come_is_given_up(
    orders: Orders, replies: list[Reply], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(orders, "evidence")
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + EVIDENCE_S + 1)
    orders.look()
    assert replies[0].outcome == "failed"
    assert not orders.wants_evidence


def test_at_the_end_whoever_waits_is_told(orders: Orders, replies: list[Reply]) -> None:
    tell(orders, "evidence", "1")
    tell(orders, "suite", "2", suite="weather")
    tell(orders, "pause", "3")
    orders.end()
    assert sorted(reply.id for reply in replies) == ["1", "2", "3"]
    assert {reply.outcome for reply in replies} == {"failed"}
