"""How long pages take: what is asked for, and what is held against the goals."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rich.console import Console

from agent.errors import DataError, UsageError
from tools.bench.pages import Pages, Taken, measure, show, sort_of

PAGES = {
    "/": '<a href="/devices/a/1">1</a><a href="/devices/a/2#top">2</a><a href="//elsewhere/x">'
    '<a href="https://elsewhere/"><img src="/charts/a/1/x.svg"><link href="/static/style.css">',
    "/devices/a/1": '<a href="/sessions/a/1/s1">',
    "/devices/a/2": '<a href="/broken/1">',
    "/sessions/a/1/s1": "",
    "/charts/a/1/x.svg": "",
}


@contextmanager
def site(asked: Counter[str]) -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked[self.path] += 1
            known = self.path in PAGES or self.path.startswith("/api/")
            body = PAGES.get(self.path, "").encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_links_are_followed_and_every_sort_of_page_is_asked_for_as_often() -> None:
    asked: Counter[str] = Counter()
    with site(asked) as url:
        pages = measure(url, 4, lambda done, of: None)
    taken = {one.sort: one for one in pages.taken}
    sorts = {"/", "/devices/*/*", "/sessions/*/*/*", "/charts/*/*/*.svg", "/broken/*"}
    assert sorts == {sort for sort in taken if not sort.startswith("/api/")}
    assert {one.n for one in taken.values()} == {4}
    assert taken["/devices/*/*"].places == 2
    assert asked["/devices/a/1"] == asked["/devices/a/2"] == 3, "once for its links"
    assert not asked["/static/style.css"]
    assert taken["/broken/*"].wrong == 4
    assert not pages.met


@pytest.mark.parametrize(
    ("place", "sort"),
    [
        ("/", "/"),
        ("/failures?condition=fog", "/failures"),
        ("/sessions/a/b/c/report", "/sessions/*/*/*/report"),
        ("/pictures/1/2/clean.jpg", "/pictures/*/*/*.jpg"),
        ("/api/v1/sums?by=hour", "/api/v1/sums"),
    ],
)
def test_pages_that_differ_in_parameters_alone_are_of_one_sort(place: str, sort: str) -> None:
    assert sort_of(place) == sort


def test_goals_are_of_the_median_and_of_the_slowest_twentieth() -> None:
    def taken(median_ms: float, p95_ms: float) -> Taken:
        return Taken("/", 50, 1, median_ms, p95_ms, p95_ms, 1.0, 0)

    assert Pages("u", (taken(300, 1000),)).met
    assert not Pages("u", (taken(301, 1000),)).met
    assert not Pages("u", (taken(300, 1001),)).met
    console = Console(record=True, width=120)
    show(console, Pages("u", (taken(12, 34),)))
    assert "12" in console.export_text()


def test_an_address_without_a_dashboard_is_said_to_be_one() -> None:
    with pytest.raises(DataError, match="does not answer"):
        measure("http://127.0.0.1:1", 1, lambda done, of: None)
    with pytest.raises(UsageError, match="no address of a dashboard"):
        measure("postgresql://x", 1, lambda done, of: None)
