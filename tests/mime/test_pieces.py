"""A body that is decoded piece by piece is the body that is decoded at once."""

from __future__ import annotations

from base64 import b64encode
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.mime import encoding, pieces
from vedette.mime.pieces import Pieces

ENCODINGS = ("base64", "quoted-printable", "x-uuencode", "7bit", "", "no-such")

#: What the encodings are made of, and what breaks them.
TEXT = st.one_of(
    st.binary(max_size=300),
    st.text("AZaz09+/= \r\n", max_size=300).map(str.encode),
    st.text("ab=09AF \r\n", max_size=300).map(str.encode),
    st.binary(max_size=200).map(lambda data: b64encode(data) + b"\r\n" + b64encode(data)),
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({min(place, len(data)) for place in places} | {0, len(data)})
    return [data[first:end] for first, end in pairwise(ends)]


def decoded(name: str, parts: list[bytes]) -> bytes:
    decoder = Pieces(name)
    return b"".join([*(decoder.feed(part) for part in parts), decoder.end()])


@given(data=TEXT, places=st.lists(st.integers(0, 300), max_size=8), name=st.sampled_from(ENCODINGS))
def test_however_a_body_is_cut_it_decodes_to_the_same(
    data: bytes, places: list[int], name: str
) -> None:
    """The law of chunks, for every encoding and for what is none."""
    assert decoded(name, cut(data, places)) == encoding.decode(data, name, set())


def test_padding_in_the_middle_ends_a_text_and_not_the_body() -> None:
    """Two texts that were glued together both come out, cut anywhere."""
    data = b64encode(b"one!") + b64encode(b"two")

    for place in range(len(data)):
        assert decoded("base64", [data[:place], data[place:]]) == b"one!two"


@pytest.mark.parametrize("name", ["quoted-printable", "x-uuencode"])
def test_a_line_without_end_is_not_kept_without_end(name: str) -> None:
    """More than the longest line waits for nothing."""
    decoder = Pieces(name)
    held = 0
    for _ in range(64):
        held = max(held, len(decoder._left))
        decoder.feed(b"x" * 64 * 1024)

    assert held <= pieces.MAX_LINE
