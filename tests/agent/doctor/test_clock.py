"""The clock: set, ahead of the installation, kept."""

from __future__ import annotations

from agent.doctor import Host, Plan
from agent.doctor.clock import Clock, kernel_synced
from agent.telemetry.outbox import clock_synced

NOW = 1_800_000_000.0
DAY = 86_400


def test_this_machines_clock_is_not_before_its_installation(host: Host) -> None:
    (finding,) = Clock().examine(Plan(), host, {})
    assert finding.verdict != "failure"
    assert "no clock chip" in finding.text or finding.verdict == "not checked"
    assert bool(kernel_synced()) == clock_synced()


def test_a_year_in_the_past_is_a_failure() -> None:
    finding = Clock().judge(NOW - 365 * DAY, NOW, True, True)
    assert (finding.verdict, finding.code) == ("failure", 78)
    assert "certificates" in finding.text


def test_unsynchronised_is_a_warning_and_no_chip_a_note() -> None:
    assert Clock().judge(NOW, NOW - DAY, False, True).verdict == "warning"
    assert Clock().judge(NOW, NOW - DAY, None, True).verdict == "not checked"
    fine = Clock().judge(NOW, NOW - DAY, True, False)
    assert (fine.verdict, "no clock chip" in fine.text) == ("ok", True)
