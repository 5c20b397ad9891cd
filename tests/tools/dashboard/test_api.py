"""The JSON API says what the pages say, and answers whatever is asked in good order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.tools.dashboard.desk import HERE, Desk
from tools.dashboard.access.roll import Token, digest, editing, new_token
from tools.dashboard.api import describe

Ask = Callable[..., Any]
API = "/api/v1"
EXAMPLES = 6
"""Of each operation and mode."""


def test_devices_have_their_state_and_what_runs_on_them(ask: Ask) -> None:
    found = {row["device"]: row for row in ask(f"{API}/devices").json()["devices"]}
    assert {name: row["alive"] for name, row in found.items()} == {
        "pi-1": "online", "gate": "online", "ramp": "silent", "mast": "offline",
    }  # fmt: skip
    assert found["gate"]["model_sha256"] == "cd" * 32
    assert found["gate"]["lost_rows"] == 12
    assert found["gate"]["readings"]["throttled"] in (0.0, 1.0)


def test_sums_are_grouped_and_restricted(ask: Ask) -> None:
    (whole,) = ask(f"{API}/sums").json()["sums"]
    by = ask(f"{API}/sums", params={"by": ["device", "condition"]}).json()["sums"]
    assert len(by) == 16
    for name in ("n", "flips", "clean_seen", "perturbed_seen"):
        assert sum(row[name] for row in by) == whole[name]
    one = ask(f"{API}/sums", params={"site": "lab", "device": "pi-1", "condition": "fog"}).json()
    assert [row["n"] for row in one["sums"]] == [
        row["n"] for row in by if (row["device"], row["condition"]) == ("pi-1", "fog")
    ]
    assert ask(f"{API}/sums", params={"until_ms": 0}).json()["sums"] == []


def test_long_answers_are_cut_and_say_so(ask: Ask) -> None:
    cut = ask(f"{API}/sums", params={"by": ["hour", "condition"], "limit": 3}).json()
    assert (len(cut["sums"]), cut["more"]) == (3, True)
    first = ask(f"{API}/failures", params={"limit": 3}).json()
    rest = ask(f"{API}/failures", params={"before": first["next"]}).json()
    assert (first["more"], rest["more"]) == (True, False)
    assert len({row["place"] for row in first["failures"] + rest["failures"]}) == 4
    last = ask(f"{API}/alerts", params={"limit": 1}).json()
    assert [row["id"] for row in last["alerts"]] == [3]
    older = ask(f"{API}/alerts", params={"before": 3, "state": "open"}).json()
    assert [row["id"] for row in older["alerts"]] == [2, 1]


def test_sessions_readings_and_gaps_are_there(ask: Ask) -> None:
    assert len(ask(f"{API}/sessions").json()["sessions"]) == 4
    readings = ask(f"{API}/readings", params={"device": "gate", "site": "yard"}).json()["readings"]
    assert {"temperature_c", "outbox_rows"} <= {row["name"] for row in readings}
    assert [row["why"] for row in ask(f"{API}/gaps").json()["gaps"]] == ["the outbox was full"]


@pytest.mark.parametrize(
    "asked",
    ["/sums?by=colour", "/sums?since_ms=-1", "/sums?since_ms=1e9", "/devices?limit=0",
     "/failures?before=x", "/failures?severity=inf", "/alerts?state=dead", "/sessions?site=a%2Fb",
     "/sums?condition=%00", "/gaps?until_ms=99999999999999999999", "/sums?sinc_ms=1",
     "/devices?site=lab"],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_one_sentence(ask: Ask, asked: str) -> None:
    answer = ask(f"{API}{asked}")
    assert answer.status_code == 422
    assert set(answer.json()) == {"detail"}
    assert answer.json()["detail"].endswith(".")


def test_what_is_not_there_is_said_in_json(ask: Ask) -> None:
    answer = ask(f"{API}/nothing")
    assert (answer.status_code, list(answer.json())) == (404, ["detail"])


def test_the_document_describes_the_api_and_no_page(ask: Ask) -> None:
    document = ask(f"{API}/openapi.json").json()
    assert set(document["paths"]) == {
        f"{API}/{name}"
        for name in ("devices", "sums", "sessions", "readings", "failures", "gaps", "alerts")
    }
    assert all(set(one) == {"get"} for one in document["paths"].values())


def test_prometheus_reads_the_fleet_with_a_token(desk: Desk) -> None:
    token = new_token()
    with editing(desk.users) as (_, tokens):
        tokens["prometheus"] = Token(sha256=digest(token))
    assert desk.browser().get("/metrics").status_code == 401
    answer = desk.browser(headers={"Authorization": f"Bearer {token}"}).get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "fieldproof_devices_silent 2.0" in answer.text


def test_a_store_that_cannot_be_read_is_said_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tools.stores._errors import StoreError

    def fail(*_: object, **__: object) -> None:
        raise StoreError("The store postgresql://secret@host cannot be reached.")

    browser = desk.signed_in()
    for name in ("devices", "sums", "sessions", "evidence", "alerts"):
        monkeypatch.setattr(desk.context.store, name, fail)
    for path in ("/", "/failures", "/alerts", f"{API}/devices", f"{API}/sums"):
        answer = browser.get(path)
        assert answer.status_code == 503, path
        assert "cannot be read at this moment" in answer.text
        assert "secret" not in answer.text
        assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_the_document_allows_and_what_it_does_not_is_answered_as_it_says(
    desk: Desk, mode: GenerationMode
) -> None:
    token = new_token()
    with editing(desk.users) as (_, tokens):
        tokens["schemathesis"] = Token(sha256=digest(token))
    headers = {"Authorization": f"Bearer {token}"}
    schema = schemathesis.openapi.from_dict(describe(desk.app))
    schema.app = desk.app
    schema.config.update(base_url=HERE)
    asked = 0
    for found in schema.get_all_operations():
        strategy = found.ok().as_strategy(generation_mode=mode)

        @given(case=strategy)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: schemathesis.Case) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(headers=headers)

        ask()
    assert asked >= 30
