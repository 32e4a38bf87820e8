"""The live view on a terminal: readable, and obedient to nothing that stands in a mail."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from vedette.cli.live import lines, plain


@given(text=st.text())
def test_no_text_of_a_mail_moves_the_terminal(text: str) -> None:
    """Whatever a subject, name, preview, file or folder holds: every character is printable."""
    event = {
        "type": "message.received",
        "time": "2026-11-20T22:00:00Z",
        "data": {
            "folder": {"path": text},
            "from": {"name": text, "address": text},
            "subject": text,
            "text": {"plain": text},
            "attachments": [{"filename": text, "contentType": "a/b"}],
        },
    }

    shown = [line.plain for line in lines(event)]

    assert [line for line in shown if not line.isprintable()] == []


def test_escapes_and_overrides_are_replaced() -> None:
    """ESC, the C1 CSI and the right-to-left override are the classic three."""
    assert plain("a\x1b[2Jb\x9bc\u202ed") == "a\ufffd[2Jb\ufffdc\ufffdd"


def test_markup_of_the_view_is_not_read_in_a_mail() -> None:
    """A subject of ``[red]`` is five characters."""
    event = {
        "type": "message.received",
        "time": "2026-11-20T22:00:00Z",
        "data": {"subject": "[red]x"},
    }

    first = lines(event)[0]

    assert isinstance(first, Text)
    assert "[red]x" in first.plain
