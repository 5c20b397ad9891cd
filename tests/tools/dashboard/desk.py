"""A dashboard and the browsers before it, without a network between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.tools.dashboard.seed import NOW_MS
from tools.dashboard.access.roll import User, editing
from tools.dashboard.app import make_app
from tools.dashboard.context import Context, Settings
from tools.stores import Store

PASSWORD = "correct horse battery"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""Cheap to check: a hash says itself what it costs."""
HERE = "http://127.0.0.1:8080"


@dataclass
class Clock:
    """Stands still until it is moved."""

    now_s: float = NOW_MS / 1000

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Desk:
    """A dashboard and what stands around it."""

    context: Context
    clock: Clock
    users: Path

    @cached_property
    def app(self) -> FastAPI:
        return make_app(self.context)

    def browser(self, base: str = HERE, **options: Any) -> TestClient:
        """A browser that has not signed in; it does not follow redirects."""
        options = {"follow_redirects": False, "headers": {"Origin": base}, **options}
        return TestClient(self.app, base_url=base, **options)

    def signed_in(self, name: str = "ada", base: str = HERE) -> TestClient:
        """A browser that has."""
        browser = self.browser(base)
        answer = sign_in(browser, name)
        assert answer.status_code == 303, answer.text
        return browser


def form_of(text: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="form" value="([0-9a-f]+)"', text)
    assert found, text
    return found[1]


def sign_in(browser: TestClient, name: str = "ada", password: str = PASSWORD, **fields: str) -> Any:
    """Fill in the form of the sign-in and send it."""
    form = form_of(browser.get("/sign-in").text)
    return browser.post(
        "/sign-in", data={"form": form, "name": name, "password": password, **fields}
    )


def make_desk(
    folder: Path,
    store: Store,
    *,
    secure: bool = False,
    open_to_all: bool = False,
    places: Path | None = None,
) -> Desk:
    """A dashboard over a store, with an operator and a viewer unless it is open to all."""
    users = folder / "users.toml"
    with editing(users) as (people, _):
        people["ada"] = User(role="operator", hash=HASH)
        people["vic"] = User(role="viewer", hash=HASH)
    settings = Settings("sqlite:///store.db", users, places, secure=secure)
    if open_to_all:
        settings = replace(settings, users=None)
    clock = Clock()
    return Desk(Context(settings, store, clock=clock, steady=clock), clock, users)
