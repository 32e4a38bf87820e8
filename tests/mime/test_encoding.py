"""Transfer encodings: whatever can be decoded is decoded, and sizes need no decoding."""

from __future__ import annotations

import base64
import binascii
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.mime import Defect, encoding


@pytest.mark.parametrize(
    ("data", "found", "bad"),
    [
        (b"QUJD", b"ABC", False),
        (b"QUI=", b"AB", False),
        (b"QUI", b"AB", True),
        (b"QU\r\nI=\r\n", b"AB", False),
        (b"QUI=\r\nQUI=", b"ABAB", True),
        (b"QUJDR", b"ABC", True),
        (b"Q!U*I=", b"AB", False),
        (b"====", b"", False),
        (b"", b"", False),
    ],
)
def test_broken_base64_gives_what_it_holds(data: bytes, found: bytes, *, bad: bool) -> None:
    """One bad character costs one character, not the message."""
    defects: set[Defect] = set()

    assert encoding.decode(data, "base64", defects) == found
    assert (Defect.BASE64 in defects) is bad


def test_an_unknown_encoding_leaves_the_bytes_as_they_are() -> None:
    """And is told."""
    defects: set[Defect] = set()

    assert encoding.decode(b"x", "x-own", defects) == b"x"
    assert defects == {Defect.ENCODING_UNKNOWN}


def test_uuencode_is_read_line_by_line() -> None:
    """The lines around it are not part of it."""
    line = binascii.b2a_uu(b"hello")

    assert encoding.decode(b"begin 644 a\r\n" + line + b"`\nend\n", "x-uuencode", set()) == b"hello"


@given(st.binary(max_size=3000))
def test_base64_comes_back_and_its_size_was_known(data: bytes) -> None:
    """The size told of an attachment is the size that is fetched."""
    wire = base64.encodebytes(data).replace(b"\n", b"\r\n")

    assert encoding.decode(wire, "base64", set()) == data
    assert encoding.size(wire, 0, len(wire), "base64") == len(data)


@given(st.binary(max_size=3000))
def test_quoted_printable_comes_back_and_its_size_was_known(data: bytes) -> None:
    """Soft line breaks count for nothing."""
    wire = quopri.encodestring(data, quotetabs=True).replace(b"\r", b"=0D").replace(b"\n", b"\r\n")

    found = encoding.decode(wire, "quoted-printable", set())

    assert encoding.size(wire, 0, len(wire), "quoted-printable") == len(found)


@given(st.binary(max_size=3000), st.integers(1, 500))
def test_the_head_of_a_text_is_decoded_without_the_rest(data: bytes, most: int) -> None:
    """It is a prefix of the whole, and says whether more was there."""
    wire = base64.encodebytes(data).replace(b"\n", b"\r\n")
    defects: set[Defect] = set()

    head, cut = encoding.decode_head(wire, "base64", most, defects)

    assert data.startswith(head)
    assert cut == (len(data) > most)
    assert defects == set()


@given(st.binary(max_size=500), st.sampled_from(["base64", "quoted-printable", "x-uuencode", "x"]))
def test_no_bytes_make_a_decoder_raise(data: bytes, name: str) -> None:
    """Whatever the sender says the encoding is."""
    encoding.decode(data, name, set())
    assert encoding.size(data, 0, len(data), name) >= 0
