"""A line shows what was recognised, and nothing of a mail reaches the terminal as a command."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.demo.telling import line, recognised


def event(**data: Any) -> dict[str, Any]:
    """Return an event about a message."""
    return {
        "type": "message.received",
        "time": "2026-11-20T09:12:00.000Z",
        "data": {
            "account": {"id": "a", "email": "anna@demo.example"},
            "folder": {"path": "INBOX"},
            "from": {"name": "", "address": "c@x.example"},
            "subject": "Hi",
            **data,
        },
    }


def test_a_line_holds_who_where_and_what() -> None:
    """Time, account, folder, sender, subject, and that the signature was verified."""
    text = line(event(), milliseconds=12.4)
    for each in ("09:12:00", "anna", "INBOX", "c@x.example", "Hi", "verified, 12 ms"):
        assert each in text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"automatic": {"kind": "list"}}, "mailing list"),
        (
            {
                "automatic": {
                    "kind": "bounce",
                    "recipients": [{"address": "n@x.example", "status": "5.1.1"}],
                }
            },
            "bounce of n@x.example (5.1.1)",
        ),
        ({"calendar": [{"method": "REQUEST", "start": "2026-12-01"}]}, "REQUEST for 2026-12-01"),
        (
            {"attachments": [{"inline": False, "filename": "a.pdf", "size": 2048}]},
            "attachment a.pdf (2 KiB)",
        ),
        ({"attachments": [{"inline": True, "filename": "logo.png", "size": 1}]}, "a person's mail"),
        (
            {"inReplyTo": "<1@x>", "text": {"plain": "Yes\n> No?", "reply": "Yes"}},
            'the reply alone: "Yes"',
        ),
        ({"defects": ["date-bad"]}, "defects: date-bad"),
        ({}, "a person's mail"),
    ],
)
def test_what_was_recognised_is_said(data: dict[str, Any], words: str) -> None:
    """One remark for each kind of mail."""
    assert recognised(event(**data)["data"]) == words


def test_a_change_of_an_account_is_a_line_with_its_reason() -> None:
    """The reason may be a server's words: they are made harmless too."""
    changed = event(error="no\x1b[2J")
    changed["type"] = "account.degraded"
    text = line(changed, milliseconds=None)
    assert "account.degraded: no\N{REPLACEMENT CHARACTER}[2J" in text


@given(st.text(), st.text(), st.text())
def test_a_line_is_one_printable_line(subject: str, name: str, folder: str) -> None:
    """Line ends, escapes and letters that turn text around are shown as what they are not."""
    text = line(
        event(subject=subject, **{"from": {"name": name, "address": ""}}, folder={"path": folder}),
        milliseconds=None,
    )
    assert text.isprintable()
