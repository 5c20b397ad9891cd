"""What of a camera's text may be printed."""

from __future__ import annotations

import pytest

from agent.cameras._spec import without_secrets


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("rtsp://u:p@host/live", "rtsp://host/live"),
        ("http://host/a?user=u&password=p&x=1", "http://host/a?user=u&password=***&x=1"),
        ("http://host/a?pass=p", "http://host/a?pass=***"),
        ("rtspsrc user-id=u user-pw=p passwd=q", "rtspsrc user-id=u user-pw=*** passwd=***"),
        ("srtsrc passphrase=p", "srtsrc passphrase=***"),
        ("drive_by:fps=5,passes=2", "drive_by:fps=5,passes=2"),
    ],
)
def test_passwords_are_hidden_and_nothing_else(text: str, printed: str) -> None:
    assert without_secrets(text) == printed
