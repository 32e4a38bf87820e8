"""format=flowed is put back into paragraphs (RFC 3676)."""

from __future__ import annotations

import base64

import pytest

from tests.mime.letter import multipart, typed
from vedette import mime
from vedette.mime import text


@pytest.mark.parametrize(
    ("wire", "delsp", "paragraphs"),
    [
        ("one \ntwo\nthree", False, "one two\nthree"),
        ("one \ntwo", True, "onetwo"),
        (" From stuffed\n >not quoted", False, "From stuffed\n>not quoted"),
        ("> one \n> two\n>> deep \n>> er\nplain", False, "> one two\n>> deep er\nplain"),
        ("> one \ntwo", False, "> one \ntwo"),
        ("text \n-- \nJoe", False, "text \n-- \nJoe"),
        ("", False, ""),
        ("one ", False, "one "),
    ],
)
def test_flowed_lines_are_joined_within_one_depth(
    wire: str, paragraphs: str, *, delsp: bool
) -> None:
    """Soft breaks go, quote depth and signature stay."""
    assert text.unflow(wire, delsp=delsp) == paragraphs


def test_a_flowed_part_is_unflowed_in_the_message() -> None:
    """The parameter of the part decides, whatever its case."""
    message = mime.read(typed("text/plain; Format=Flowed; DelSp=yes", "one \ntwo"))

    assert message.text.plain == "onetwo"


def test_a_text_beyond_its_limit_is_cut_and_told() -> None:
    """The limit counts bytes of UTF-8."""
    limits = mime.Limits(text_bytes=10)

    message = mime.read(typed("text/plain; charset=utf-8", "ä" * 100), limits=limits)

    assert message.text.plain == "ä" * 5
    assert message.text.truncated
    assert mime.Defect.TEXT_CUT in message.defects


def test_the_limit_holds_for_all_texts_of_a_message_together() -> None:
    """The third text has no room left."""
    data = multipart("\n" + "a" * 50, "\n" + "b" * 60, "\nccc")

    text = mime.read(data, limits=mime.Limits(text_bytes=100)).text

    assert text.plain == "a" * 50 + "\n" + "b" * 49
    assert text.truncated


def test_a_text_in_base64_is_decoded_no_further_than_its_limit() -> None:
    """The cut falls on whole bytes, and is no defect of the encoding."""
    wire = base64.encodebytes(b"a" * 5000).decode()
    data = typed("text/plain", wire, fields="Content-Transfer-Encoding: base64\n")

    message = mime.read(data, limits=mime.Limits(text_bytes=100))

    assert message.text.plain == "a" * 100
    assert message.defects == (mime.Defect.TEXT_CUT,)


def test_full_depth_reads_the_text_that_the_default_cuts() -> None:
    """``Depth.FULL`` has a limit of its own."""
    data = typed("text/plain", "a" * 100_000)

    assert len(mime.read(data).text.plain or "") == 64 * 1024
    assert len(mime.read(data, depth=mime.Depth.FULL).text.plain or "") == 100_000
