"""Only `make test-arm64` collects these tests: it says in ARM64 which releases are meant."""

from __future__ import annotations

import os

import pytest

from tests.arm64.userland import RELEASES

ASKED = os.environ.get("ARM64", "").split()

if not ASKED:
    collect_ignore_glob = ["test_*.py"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "release" in metafunc.fixturenames:
        releases = [RELEASES[name] for name in ASKED]
        metafunc.parametrize("release", releases, ids=ASKED, scope="module")
