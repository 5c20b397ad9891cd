"""Errors carry a sentence, a remedy and an exit code, across processes too."""

from __future__ import annotations

import pickle

import pytest

from agent import errors


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("UsageError", 2),
        ("UnknownKind", 2),
        ("DataError", 65),
        ("ModelError", 65),
        ("CameraError", 69),
        ("FieldproofError", 70),
        ("OutputError", 73),
        ("OutboxError", 73),
        ("BrokerError", 75),
        ("ConfigError", 78),
    ],
)
def test_exit_codes_follow_sysexits(kind: str, code: int) -> None:
    assert getattr(errors, kind)("what was wrong").exit_code == code


def test_an_error_survives_pickling_whole() -> None:
    error = pickle.loads(pickle.dumps(errors.MissingExtra("jinja2", "report", "A report")))
    assert type(error) is errors.MissingExtra
    assert "jinja2" in error.message
    assert "'.[report]'" in error.remedy
    assert str(error) == f"{error.message} {error.remedy}"
