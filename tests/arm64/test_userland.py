"""What cannot be prepared is said in one sentence; what is there is not prepared again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.arm64 import userland
from tests.arm64.userland import NotPrepared, Release, main, prepare


def test_a_system_without_apt_is_named_as_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(userland.shutil, "which", lambda tool: None)
    with pytest.raises(NotPrepared, match="need a Debian system: there is no apt-get"):
        prepare(userland.RELEASES["bookworm"])


def test_a_release_that_cannot_be_downloaded_is_said_in_one_sentence() -> None:
    potato = Release("potato", "3.11", 36)
    try:
        with pytest.raises(NotPrepared, match=r"No arm64 potato: apt-get failed: .*potato"):
            prepare(potato)
    finally:
        shutil.rmtree(potato.folder)


def test_an_unknown_release_is_refused_with_those_that_exist(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["potato"]) == 2
    assert "bookworm, trixie" in capsys.readouterr().err


def test_a_user_space_in_the_cache_is_left_as_it_is(
    release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path(release.command).stat().st_ctime_ns
    assert prepare(release) == release.command
    assert "is in the cache" in capsys.readouterr().out
    assert release.command.stat().st_ctime_ns == before
