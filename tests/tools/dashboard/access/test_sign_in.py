"""Who gets in, who does not, and what an attacker may try at the door."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from tests.tools.dashboard.desk import HASH, PASSWORD, Desk, form_of, sign_in
from tools.dashboard.access import passwords
from tools.dashboard.access.roll import Token, User, digest, editing, new_token
from tools.dashboard.access.sessions import IDLE_S, LONGEST_S

REAL_NOBODYS = passwords._NOBODYS
COOKIE = "fieldproof-8080"
FILLED = {"site": "lab", "device": "pi-1", "session": "s-pi-1", "name": "clean", "number": "1"}
"""What stands for the parts of a route's path."""


def routes(desk: Desk, *methods: str) -> Iterator[str]:
    """The paths of all routes that take one of the methods."""
    for found in iter_route_contexts(desk.app.routes):
        route = found.route
        if isinstance(route, APIRoute) and route.methods & set(methods):
            path = found.path.replace("{rest:path}", "x")
            for name, value in FILLED.items():
                path = path.replace(f"{{{name}}}", value)
            yield path.replace("{at_ms}", "1").replace("{stream}", "1").replace("{seq}", "1")


def test_who_has_the_password_gets_in_and_sees_who_is_in(desk: Desk) -> None:
    browser = desk.signed_in("ada")
    text = browser.get("/").text
    assert "ada (operator)" in text
    assert "vic (viewer)" in desk.signed_in("vic").get("/").text


def test_nothing_is_shown_to_who_has_not_signed_in(desk: Desk) -> None:
    browser, seen = desk.browser(), 0
    for path in routes(desk, "GET"):
        if path in ("/sign-in", "/healthz", "/readyz") or path.startswith("/static/"):
            continue
        answer = browser.get(path)
        assert answer.status_code in (303, 401), path
        assert "pi-1" not in answer.text, path
        seen += 1
    assert seen > 15


def test_a_page_that_was_wanted_is_shown_after_the_sign_in(desk: Desk) -> None:
    browser = desk.browser()
    asked = browser.get("/alerts?state=resolved")
    assert asked.status_code == 303
    form = browser.get(asked.headers["location"]).text
    assert 'value="/alerts?state=resolved"' in form
    answer = sign_in(browser, next="/alerts?state=resolved")
    assert answer.headers["location"] == "/alerts?state=resolved"


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\r\nX: y",
    ],
)
def test_signing_in_leads_nowhere_else(desk: Desk, wanted: str) -> None:
    assert sign_in(desk.browser(), next=wanted).headers["location"] == "/"
    assert "evil" not in desk.browser().get("/sign-in", params={"next": wanted}).text


def test_the_session_cookie_is_for_this_site_and_no_script(desk: Desk) -> None:
    given = cookies(sign_in(desk.browser()))[COOKIE]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= given
    assert "Secure" not in given


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(desk: Desk) -> None:
    desk.context.settings = replace(desk.context.settings, secure=True)
    browser = desk.browser("https://cameras.example")
    answer = sign_in(browser)
    assert {"HttpOnly", "SameSite=Strict", "Secure", "Path=/"} <= cookies(answer)[
        f"__Host-{COOKIE}"
    ]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_wrong_password_and_a_name_that_is_not_there_get_the_same_answer(desk: Desk) -> None:
    wrong = sign_in(desk.browser(), "ada", "not the password")
    unknown = sign_in(desk.browser(), "eve", "not the password")
    assert wrong.status_code == unknown.status_code == 403

    def plain(answer: Any, name: str) -> str:
        return answer.text.replace(form_of(answer.text), "").replace(f'value="{name}"', "")

    assert plain(wrong, "ada") == plain(unknown, "eve")


def test_a_name_that_is_not_there_costs_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            seen.append(kept)
            return bool(passwords.PasswordHasher().verify(kept, password))

    kept = passwords.hashed(PASSWORD)
    monkeypatch.setattr(passwords, "_HASHER", Counting())
    monkeypatch.setattr(passwords, "_NOBODYS", REAL_NOBODYS)
    assert passwords.matches(PASSWORD, kept)
    assert not passwords.matches(PASSWORD, None)
    assert not passwords.matches("x" * 5000, kept)
    assert [one.split("$")[1:4] for one in seen] == [kept.split("$")[1:4]] * 2


def test_a_planted_session_id_is_not_taken_over(desk: Desk) -> None:
    browser = desk.browser()
    browser.cookies.set(COOKIE, "planted", domain="127.0.0.1", path="/")
    given = sign_in(browser).headers.get_list("set-cookie")
    assert not any("planted" in one for one in given)
    other = desk.browser()
    other.cookies.set(COOKIE, "planted", domain="127.0.0.1", path="/")
    assert other.get("/").status_code == 303


def test_each_sign_in_has_an_id_of_its_own(desk: Desk) -> None:
    browser = desk.signed_in()
    first = browser.cookies[COOKIE]
    sign_in(browser)
    second = browser.cookies[COOKIE]
    assert first != second
    assert len(second) >= 43
    stolen = desk.browser()
    stolen.cookies.set(COOKIE, first, domain="127.0.0.1", path="/")
    assert stolen.get("/").status_code == 303


def test_after_signing_out_the_id_is_worth_nothing(desk: Desk) -> None:
    browser = desk.signed_in()
    kept = browser.cookies[COOKIE]
    browser.post("/sign-out", data={"form": form_of(browser.get("/").text)})
    again = desk.browser()
    again.cookies.set(COOKIE, kept, domain="127.0.0.1", path="/")
    assert again.get("/").status_code == 303


def test_a_session_ends_when_it_is_not_used(desk: Desk) -> None:
    browser = desk.signed_in()
    desk.clock.now_s += IDLE_S - 1
    assert browser.get("/").status_code == 200
    desk.clock.now_s += IDLE_S + 1
    assert browser.get("/").status_code == 303


def test_a_page_that_looks_by_itself_does_not_keep_a_session_alive(desk: Desk) -> None:
    browser = desk.signed_in()
    desk.clock.now_s += IDLE_S - 1
    assert browser.get("/", headers={"X-Fieldproof-Live": "1"}).status_code == 200
    desk.clock.now_s += 2
    assert browser.get("/", headers={"X-Fieldproof-Live": "1"}).status_code == 401


def test_a_session_ends_after_half_a_day_however_much_it_is_used(desk: Desk) -> None:
    browser = desk.signed_in()
    for _ in range(int(LONGEST_S // 3600)):
        desk.clock.now_s += 3599
        assert browser.get("/").status_code == 200
    desk.clock.now_s += 60
    assert browser.get("/").status_code == 303


def test_who_is_removed_or_has_a_new_password_is_out_at_once(desk: Desk) -> None:
    ada, vic = desk.signed_in("ada"), desk.signed_in("vic")
    with editing(desk.users) as (people, _):
        del people["vic"]
        people["ada"] = User(role="operator", hash=HASH.replace("m=8", "m=9"))
    assert vic.get("/").status_code == 303
    assert ada.get("/").status_code == 303


def test_a_new_role_counts_at_once(desk: Desk) -> None:
    browser = desk.signed_in("ada")
    with editing(desk.users) as (people, _):
        people["ada"] = User(role="viewer", hash=people["ada"].hash)
    assert "ada (viewer)" in browser.get("/").text


def test_a_file_that_is_broken_lets_nobody_in_until_it_is_mended(desk: Desk) -> None:
    browser, good = desk.signed_in(), desk.users.read_text()
    desk.users.write_text(good + "\nbroken")
    assert browser.get("/").status_code == 303
    assert sign_in(desk.browser()).status_code == 403
    desk.users.write_text(good)
    assert browser.get("/").status_code == 200


def test_guessing_one_name_makes_even_the_right_password_wait(desk: Desk) -> None:
    for _ in range(5):
        assert sign_in(desk.browser(), "ada", "a wrong password").status_code == 403
    answer = sign_in(desk.browser(), "ada")
    assert answer.status_code == 429
    desk.clock.now_s += int(answer.headers["retry-after"]) + 1
    assert sign_in(desk.browser(), "ada").status_code == 303


def test_guessing_many_names_from_one_address_makes_it_wait(desk: Desk) -> None:
    for number in range(5):
        sign_in(desk.browser(), f"user{number}", "a wrong password")
    assert sign_in(desk.browser(), "ada").status_code == 429


def test_knowing_one_password_does_not_make_guessing_another_free(desk: Desk) -> None:
    for _ in range(4):
        sign_in(desk.browser(), "ada", "a wrong password")
        assert sign_in(desk.browser(), "vic").status_code == 303
    sign_in(desk.browser(), "eve", "a wrong password")
    assert sign_in(desk.browser(), "vic").status_code == 429


def test_whatever_changes_something_needs_the_forms_token(desk: Desk) -> None:
    browser, other = desk.signed_in("ada"), desk.signed_in("ada")
    paths = list(routes(desk, "POST", "PUT", "DELETE", "PATCH"))
    assert {"/sign-in", "/sign-out", "/alerts/1/acknowledge"} <= set(paths)
    stranger = form_of(other.get("/").text)
    for path in paths:
        for token in ("", "0" * 64, stranger):
            assert browser.post(path, data={"form": token}).status_code == 403, (path, token)
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "https://127.0.0.1:8080"},
    ],
)
def test_a_form_of_another_site_is_refused_even_with_the_token(
    desk: Desk, headers: dict[str, str]
) -> None:
    browser = desk.signed_in("ada")
    form = form_of(browser.get("/alerts").text)
    answer = browser.post("/alerts/1/acknowledge", data={"form": form}, headers=headers)
    assert answer.status_code == 403


def test_a_browser_that_says_another_site_sent_it_is_believed(desk: Desk) -> None:
    browser = desk.signed_in("ada")
    del browser.headers["Origin"]
    form = form_of(browser.get("/").text)
    for site in ("cross-site", "same-site"):
        refused = browser.post("/sign-out", data={"form": form}, headers={"Sec-Fetch-Site": site})
        assert refused.status_code == 403
    assert browser.post("/sign-out", data={"form": form}).status_code == 303


def test_a_form_larger_than_any_of_ours_is_refused(desk: Desk) -> None:
    answer = desk.browser().post("/sign-in", data={"form": "x", "password": "y" * 100_000})
    assert answer.status_code == 413


def test_an_open_dashboard_answers_to_loopback_names_only(open_desk: Desk) -> None:
    assert open_desk.browser().get("/").status_code == 200
    assert open_desk.browser("http://localhost:8080").get("/").status_code == 200
    for host in ("evil.example", "127.0.0.1.evil.example", "", "[::"):
        answer = open_desk.browser().get("/", headers={"Host": host})
        assert answer.status_code == 421, host


def test_a_token_reads_the_api_and_nothing_else(desk: Desk) -> None:
    token = new_token()
    with editing(desk.users) as (_, tokens):
        tokens["grafana"] = Token(sha256=digest(token))
    browser = desk.browser(headers={"Authorization": f"Bearer {token}"})
    assert browser.get("/api/v1/devices").status_code == 200
    assert browser.get("/").status_code == 303
    assert browser.get("/alerts/1").status_code == 303
    assert browser.post("/api/v1/devices").status_code == 405
    wrong = desk.browser(headers={"Authorization": f"Bearer {token}x"}).get("/api/v1/devices")
    assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, "Bearer")
    with editing(desk.users) as (_, tokens):
        del tokens["grafana"]
    assert browser.get("/api/v1/devices").status_code == 401


def test_every_answer_tells_the_browser_what_not_to_do(desk: Desk) -> None:
    browser = desk.signed_in()
    for path in (
        "/",
        "/nowhere",
        "/static/live.js",
        "/static/nowhere",
        "/api/v1/devices",
        "/sign-in",
    ):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
    assert browser.get("/").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../context.py",
        "/static/..%2fcontext.py",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/static//etc/passwd",
        "/pictures/1/1/../../../etc/passwd",
        "/devices/..%2f../etc",
        "/sessions/lab/pi-1/..%2f..%2fetc/report",
        "/charts/lab/pi-1/..%2f..%2fetc.svg",
    ],
)
def test_no_path_leads_out_of_what_is_served(desk: Desk, path: str) -> None:
    answer = desk.signed_in().get(path)
    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text
    assert "import" not in answer.text


def cookies(answer: Any) -> dict[str, set[str]]:
    """Each cookie that is set: its name and what goes with it."""
    found = {}
    for one in answer.headers.get_list("set-cookie"):
        first, *rest = one.split("; ")
        found[first.split("=")[0]] = set(rest)
    return found
