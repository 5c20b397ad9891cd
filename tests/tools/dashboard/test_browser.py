"""The dashboard in Debian's Chromium: nothing runs that should not, and everybody can use it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tools.dashboard.desk import HASH, PASSWORD
from tests.tools.dashboard.seed import FLEET, LAB, Camera, seed, status_of
from tools.dashboard.access.roll import User, editing
from tools.stores import Contact, Store, open_store

playwright = pytest.importorskip("playwright.sync_api")

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Browser, Page, expect  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "<img src=x onerror=\"document.title='hit'\"><script>document.title='hit'</script>"
BAD = Camera(
    "lab", "bad", model=HOSTILE, profile=HOSTILE, suite=HOSTILE, target=HOSTILE, hours=1,
    evidence=2, kinds={HOSTILE: 0.3, "'\"><svg onload=document.title='hit'>": 0.4},
)  # fmt: skip

pytestmark = pytest.mark.timeout(300)


class Site:
    """A dashboard of its own process, and the store that it shows."""

    def __init__(self, folder: Path, store: Store, url: str, *options: str) -> None:
        self.store, self.port = store, free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "tools.cli", "dashboard", "--store", url]
        with (folder / "dashboard.log").open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *options], cwd=ROOT, stderr=log
            )
        self.log = folder / "dashboard.log"
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < end
                time.sleep(0.05)

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(30) == 0, self.log.read_text()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def now_ms() -> int:
    return int(time.time() * 1000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed: apt install chromium")
        pytest.skip("chromium is not installed on this machine")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A fleet with a device whose every word is hostile; ``ada`` is its operator."""
    folder = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder / 'store.db'}"
    with editing(folder / "users.toml") as (people, _):
        people["ada"] = User(role="operator", hash=HASH)
    (folder / "places.toml").write_text(
        f"[devices.\"lab/bad\"]\nname = '''{HOSTILE[:30]}'''\ntags = ['''{HOSTILE[:40]}''']\n"
        '[devices."yard/gate"]\nlat = 52.5\nlon = 13.4\n'
    )
    with open_store(url) as store:
        seed(store, [*FLEET, BAD], now_ms())
        store.open_alert(HOSTILE[:60], HOSTILE, HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, now_ms())
        options = ("--users", str(folder / "users.toml"), "--places", str(folder / "places.toml"))
        running = Site(folder, store, url, *options)
        yield running
        running.stop()


@pytest.fixture
def complaints() -> list[str]:
    """What the console of the tab has complained of; a test takes out what it expects."""
    return []


@pytest.fixture
def page(browser: Browser, site: Site, complaints: list[str]) -> Iterator[Page]:
    """A tab that has signed in; whatever its console complains of fails the test."""
    context = browser.new_context(base_url=site.base)
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/")
    page.fill("#name", "ada")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    expect(page.locator("h1")).to_have_text("Fleet")
    yield page
    context.close()
    assert complaints == []


def a_failure(site: Site) -> str:
    row = next(iter(site.store.evidence(limit=1)))
    return f"/failures/{row['at_ms']}-{row['stream']}-{row['seq']}"


def pages(site: Site) -> list[str]:
    return [
        "/", "/?group=tag", "/devices/yard/gate", "/devices/lab/bad", "/sessions/lab/bad/s-bad",
        "/failures", a_failure(site), "/compare?a_device=lab%2Fpi-1&a_span=24h&b_device=lab%2Fbad",
        "/compare?a_device=lab%2Fpi-1&a_span=24h&b_device=yard%2Fgate", "/alerts", "/alerts/1",
        "/alerts/4", "/nowhere",
    ]  # fmt: skip


def test_no_page_runs_what_a_device_sent_nor_reaches_for_anything_outside(
    page: Page, site: Site
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
    failed: list[str] = []
    for place in pages(site):
        if place != "/nowhere":
            page.goto(place)
            page.wait_for_load_state("load")
            assert page.title() != "hit", place
            assert page.locator("main img[src=x], main script").count() == 0, place
            assert page.locator("h1").count() == 1, place
    assert failed == []
    assert {url.split("/")[2] for url in asked} == {site.base.split("/")[2]}
    shown = page.goto("/devices/lab/bad")
    assert shown is not None
    assert "&lt;script&gt;" in shown.text()


@pytest.mark.parametrize(
    ("scheme", "rules"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})]
)
def test_axe_finds_nothing_serious(page: Page, site: Site, scheme: Any, rules: Any) -> None:
    """In the dark only the colours differ."""
    page.emulate_media(color_scheme=scheme)
    axe, found = Axe(), []
    for place in [*pages(site)[2:], "/sign-in", "/"]:
        if place == "/nowhere":
            continue
        page.goto(place)
        for one in axe.run(page, options=rules).response["violations"]:
            if one["impact"] in ("serious", "critical"):
                nodes = [node["html"][:160] for node in one["nodes"][:3]]
                found.append((place, one["id"], nodes))
    assert found == []


@pytest.mark.parametrize("width", [360, 1920])
def test_no_page_is_wider_than_its_window(page: Page, site: Site, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for place in [one for one in pages(site) if one != "/nowhere"]:
        page.goto(place)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place


def test_what_arrives_is_shown_at_once_and_focus_stays(page: Page, site: Site) -> None:
    page.goto("/")
    expect(page.locator("#live-state")).to_have_text("Live")
    link = page.locator("#row-yard-gate th a")
    link.focus()
    page.evaluate("document.querySelector('#row-yard-gate').dataset.mine = 'kept'")
    other = replace(LAB, device="late", hours=1, evidence=0)
    seed(site.store, [other], now_ms())
    expect(page.locator("#row-lab-late")).to_be_visible(timeout=30_000)
    expect(link).to_be_focused()
    site.store.status(status_of(replace(other, state="offline"), now_ms()))
    expect(page.locator("#row-lab-late .state")).to_have_text(re.compile("offline"), timeout=30_000)
    expect(link).to_be_focused()


def test_updates_can_be_paused_and_resumed(page: Page, site: Site) -> None:
    page.goto("/")
    expect(page.locator("#live-state")).to_have_text("Live")
    page.click("#live-pause")
    expect(page.locator("#live-state")).to_have_text("Paused")
    seed(site.store, [replace(LAB, device="paused", hours=1, evidence=0)], now_ms())
    page.goto("/alerts")
    expect(page.locator("#live-state")).to_have_text("Paused")
    page.click("#live-pause")
    expect(page.locator("#live-state")).to_have_text("Live")


def test_a_device_that_falls_silent_is_called_so_while_the_page_is_open(
    page: Page, site: Site
) -> None:
    page.goto("/?q=ramp")
    state = page.locator("#row-yard-ramp .state")
    expect(state).to_have_text(re.compile(r"silent for \d+ min"))
    expect(page.locator("#row-yard-ramp")).to_contain_text("last heard 20")
    ramp = next(one for one in FLEET if one.device == "ramp")
    heard = replace(ramp, seen_ago_ms=0)
    seen = Contact("yard", "ramp", now_ms(), 0, True)
    site.store.status(status_of(heard, now_ms()), seen)
    expect(state).to_have_text("online", timeout=30_000)


def test_filters_work_without_a_script(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.base, java_script_enabled=False)
    tab = context.new_page()
    tab.goto("/alerts")
    tab.fill("#name", "ada")
    tab.fill("#password", PASSWORD)
    tab.click("text=Sign in >> nth=-1")
    expect(tab.locator("h1")).to_have_text("Alerts")
    tab.goto("/")
    tab.select_option("#site", "yard")
    tab.click("form.filters button")
    assert tab.locator("tbody tr").count() == 2
    tab.fill("#q", "ramp")
    tab.click("form.filters button")
    assert tab.locator("tbody tr").count() == 1
    tab.click("tbody th a")
    assert tab.locator(".chart img").first.get_attribute("src")
    context.close()


def test_by_keyboard_alone_one_signs_in_and_acknowledges_an_alert(
    browser: Browser, site: Site
) -> None:
    context = browser.new_context(base_url=site.base)
    tab = context.new_page()
    tab.goto("/")
    expect(tab.locator("#name")).to_be_focused()
    tab.keyboard.type("ada")
    tab.keyboard.press("Tab")
    tab.keyboard.type(PASSWORD)
    tab.keyboard.press("Enter")
    expect(tab.locator("h1")).to_have_text("Fleet")
    tab.keyboard.press("Tab")
    expect(tab.locator(".skip")).to_be_focused()
    press_until(tab, "text=Alerts")
    tab.keyboard.press("Enter")
    expect(tab.locator("h1")).to_have_text("Alerts")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.locator("main")).to_be_focused()
    press_until(tab, "#acknowledge-2")
    tab.keyboard.press("Enter")
    expect(tab.locator("#alert-2")).to_have_count(0)
    tab.goto("/alerts/2")
    expect(tab.locator("main")).to_contain_text("by ada")
    context.close()


def press_until(tab: Page, wanted: str) -> None:
    """Press Tab until something has the focus."""
    target = tab.locator(wanted).first
    for _ in range(40):
        tab.keyboard.press("Tab")
        if target.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"Tab never comes to {wanted}")


def test_signing_out_elsewhere_ends_what_is_open_here(page: Page, complaints: list[str]) -> None:
    page.goto("/")
    expect(page.locator("#live-state")).to_have_text("Live")
    tab = page.context.new_page()
    tab.goto("/alerts")
    tab.click("text=Sign out")
    expect(tab.locator("h1")).to_have_text("Sign in")
    expect(page.locator("#live-state")).to_contain_text("not signed in any more", timeout=30_000)
    # Whether the server says it by the stream or by refusing a look that was under way, is chance.
    page.close()
    complaints[:] = [said for said in complaints if "401" not in said]


def test_an_empty_store_fills_while_one_looks(
    browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with open_store(url) as store:
        empty = Site(tmp_path, store, url)
        request.addfinalizer(empty.stop)
        context = browser.new_context(base_url=empty.base)
        tab = context.new_page()
        for place in ("/", "/failures", "/compare", "/alerts"):
            answer = tab.goto(place)
            assert answer is not None
            assert answer.ok
            assert len(tab.locator("main").inner_text()) > 60
        tab.goto("/")
        expect(tab.locator("h2")).to_have_text("No device has sent anything yet")
        expect(tab.locator("#live-state")).to_have_text("Live")
        seed(store, [replace(LAB, hours=1)], now_ms())
        expect(tab.locator("#row-lab-pi-1")).to_be_visible(timeout=30_000)
        context.close()
