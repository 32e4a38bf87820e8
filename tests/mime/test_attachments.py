"""Attachments have safe names, true sizes and ids, and are told apart from the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mime.letter import multipart, typed
from vedette import mime
from vedette.mime import attachments


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\a.dll", "a.dll"),
        ("/etc/passwd", "passwd"),
        ("C:\\a.pdf", "a.pdf"),
        ("..", None),
        (".", None),
        ("...", None),
        ("a/", None),
        ("", None),
        (" ", None),
        (".bashrc", "bashrc"),
        ("a.pdf. .", "a.pdf"),
        ("a\x00.pdf", "a.pdf"),
        ("a\r\nb.pdf", "a  b.pdf"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ('a<b>:"|?*c.txt', "a_b______c.txt"),
        ("€uro.pdf", "€uro.pdf"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("x" * 300, "x" * 255),
        ("ä" * 200 + ".pdf", "ä" * 125 + ".pdf"),
    ],
)
def test_a_name_is_one_file_in_one_folder(given_name: str, name: str | None) -> None:
    """RFC 2183 section 2.3: never trust a path."""
    assert attachments.safe_name(given_name) == name


@given(st.text(max_size=600))
def test_no_name_leads_out_of_its_folder(given_name: str) -> None:
    """Whatever the sender wrote."""
    name = attachments.safe_name(given_name)

    assert name is None or (
        0 < len(name.encode()) <= 255
        and not set(name) & set('/\\\x00\r\n<>:"|?*')
        and not name.startswith(".")
        and not name.endswith((".", " "))
    )


def test_what_is_told_of_an_attachment() -> None:
    """Name, kind, decoded size, content id, and whether it is shown in the text."""
    message = mime.read(
        multipart(
            "\nHello",
            "Content-Type: image/png; name=a.png\nContent-ID: <logo@x>\n"
            "Content-Transfer-Encoding: base64\n\nQUJD",
            'Content-Type: application/pdf\nContent-Disposition: attachment; filename="../b.pdf"\n\nx',
        )
    )

    assert message.attachments == (
        mime.Attachment(
            id="2", filename="a.png", content_type="image/png", size=3, content_id="logo@x",
            inline=True,
        ),
        mime.Attachment(id="3", filename="b.pdf", content_type="application/pdf", size=1),
    )  # fmt: skip


def test_a_text_that_is_attached_is_no_text_of_the_message() -> None:
    """Whether it says so, or has a name beside a text without one."""
    message = mime.read(
        multipart(
            "\nHello",
            "Content-Disposition: attachment\n\nattached",
            'Content-Type: text/plain; name="log.txt"\n\nlog',
            "Content-Disposition: inline; filename=notes.txt\n\nnotes",
            "\nBye",
        )
    )

    assert message.text.plain == "Hello\nBye"
    assert [each.filename for each in message.attachments] == [None, "log.txt", "notes.txt"]


def test_the_last_of_a_kind_in_an_alternative_is_the_best() -> None:
    """RFC 2046 section 5.1.4."""
    message = mime.read(
        multipart(
            "\nplain",
            "Content-Type: text/html\n\n<p>simple",
            "Content-Type: text/html\n\n<p>rich",
            kind="alternative",
        )
    )

    assert (message.text.plain, message.text.html) == ("plain", "<p>rich")


def test_a_type_that_is_none_is_an_attachment_of_bytes() -> None:
    """It is not shown as text."""
    message = mime.read(typed("weird stuff", "x"))

    assert [each.content_type for each in message.attachments] == ["application/octet-stream"]
