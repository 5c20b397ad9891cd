"""A session's page, and the report that is made of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.errors import FieldproofError
from tests.tools.dashboard.desk import Desk, make_desk
from tests.tools.dashboard.seed import Camera, seed
from tools.dashboard import reports
from tools.dashboard.reports import Reports
from tools.stores import Store, open_store

PAGE = "/sessions/lab/pi-1/s-pi-1"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A dashboard that knows where its store is, as a report's own process must."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with open_store(url) as store:
        seed(store, [Camera("lab", "pi-1", hours=1, suite="<script>alert(1)</script>")])
        made = make_desk(tmp_path, store, open_to_all=True)
        made.context.reports = Reports(url, time.monotonic)
        yield made
        made.context.reports.close()


def wait_for_report(browser: Any, path: str = f"{PAGE}/report") -> Any:
    end = time.monotonic() + 120
    while (answer := browser.get(path)).status_code == 202:
        assert "Refresh" in answer.headers
        assert time.monotonic() < end
        time.sleep(0.1)
    return answer


def test_it_tells_what_was_counted_and_where_it_breaks(ask: Any, fleet_store: Store) -> None:
    text = ask(PAGE).text
    (stored,) = [row["trials_stored"] for row in fleet_store.sessions() if row["device"] == "pi-1"]
    assert f"<dd>{stored}</dd>" in text
    assert "so far; the agent counts at the end" in text
    kinds = re.findall(r'<tr role="row"><th scope="row" role="rowheader">([\w ]+)</th>', text)
    assert kinds[0] == "sticker"
    assert set(kinds) == {"sticker", "fog", "motion blur", "low light"}


def test_sessions_that_are_not_there_are_not_found(ask: Any) -> None:
    assert ask("/sessions/lab/pi-1/none").status_code == 404
    assert ask("/sessions/yard/gate/s-pi-1").status_code == 404
    assert ask("/sessions/lab/pi-1/none/report").status_code == 404


def test_the_report_is_made_aside_and_runs_nothing(desk: Desk) -> None:
    browser = desk.browser()
    answer = wait_for_report(browser)
    assert answer.status_code == 200, answer.text
    assert "Where it breaks" in answer.text
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith("sandbox")
    assert browser.get(f"{PAGE}/report").status_code == 200


def test_a_report_that_cannot_be_made_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "PATIENCE_S", 100.0)
    made = Reports(f"sqlite:///{tmp_path / 'none.db'}", time.monotonic)
    with pytest.raises(FieldproofError, match="There is no store"):
        made.get(("lab", "pi-1", "s"), 1)
    made.close()


def test_a_report_waits_where_many_are_being_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Reports(f"sqlite:///{tmp_path / 'none.db'}", time.monotonic)
    monkeypatch.setattr(reports, "MOST_WAITING", 0)
    assert made.get(("lab", "pi-1", "s"), 1) is None
    monkeypatch.undo()
    monkeypatch.setattr(reports, "PATIENCE_S", 100.0)
    with pytest.raises(FieldproofError, match="There is no store"):
        made.get(("lab", "pi-1", "s"), 1)
    made.close()
