"""A model's file that is replaced under the agent is noticed, once."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

import pytest

from agent.models._loaded import LoadedFile


def test_another_file_in_its_place_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(b"one")
    loaded = LoadedFile(file, hashlib.sha256(b"one").hexdigest())
    caplog.set_level(logging.WARNING)
    assert not loaded.look()
    os.utime(file, (1, 1))
    assert not loaded.look(), "the same bytes with another time are the same file"
    file.write_bytes(b"two")
    assert loaded.look()
    assert loaded.look()
    file.unlink()
    assert loaded.look()
    assert len(caplog.records) == 1
