"""Encoded words and raw bytes of a field become one clean line of text."""

from __future__ import annotations

import pytest

from vedette.mime import Defect, words


def octets(raw: bytes) -> str:
    """Return a value as a header holds it, unfolded."""
    return raw.replace(b"\r\n", b"").decode("latin-1")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?iso-8859-1?q?a_b?= c", "a b c"),
        ("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
        ("=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab"),
        ("=?utf-8?Q?a?= =?iso-8859-1?Q?b?=", "ab"),
        ("=?utf-8?Q?a?= and =?utf-8?Q?b?=", "a and b"),
        ("=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?B?R3LDvMOfZQ?=", "Grüße"),
        ("=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?Q?two words?=", "two words"),
        ("=?utf-8?Q?what?_?=", "what? "),
        ("x=?utf-8?Q?a?=y", "xay"),
        ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?gb2312?B?w868+w==?=", "梦见"),
        ("=?ks_c_5601-1987?B?yK+06w==?=", "환대"),
        ("=?utf-8?X?a?=", "=?utf-8?X?a?="),
        ("=?utf-8?Q?no end", "=?utf-8?Q?no end"),
        ("50% =? 50%", "50% =? 50%"),
    ],
)
def test_encoded_words_are_read_as_they_are_written(raw: str, text: str) -> None:
    """RFC 2047, and what senders make of it."""
    assert words.unstructured(octets(raw.encode()), set()) == text.strip()


@pytest.mark.parametrize("evil", ["=0D=0ABcc:_x@y", "=0ABcc:_x@y", "=0DBcc:_x@y"])
def test_a_line_end_inside_an_encoded_word_is_a_space(evil: str) -> None:
    """Three well-known readers let ``Bcc:`` out on a line of its own."""
    defects: set[Defect] = set()

    text = words.unstructured(f"=?utf-8?Q?Hi{evil}?=", defects)

    assert " ".join(text.split()) == "Hi Bcc: x@y"
    assert text.isprintable()
    assert Defect.HEADER_CONTROL in defects


def test_raw_utf8_is_read_without_a_defect() -> None:
    """RFC 6532 allows it."""
    defects: set[Defect] = set()

    assert words.unstructured(octets("Grüße".encode()), defects) == "Grüße"
    assert defects == set()


def test_raw_bytes_that_are_no_utf8_are_told() -> None:
    """Windows-1252 is what most of them are."""
    defects: set[Defect] = set()

    assert words.unstructured(octets(b"Gr\xfc\xdfe"), defects) == "Grüße"
    assert defects == {Defect.HEADER_8BIT}


def test_a_folded_tab_is_no_defect() -> None:
    """RFC 5322 section 2.2.3 folds at a tab as well as at a space."""
    defects: set[Defect] = set()

    assert words.unstructured("a\tb", defects) == "a b"
    assert defects == set()


def test_a_charset_of_a_word_that_is_none_is_guessed() -> None:
    """The word is read as UTF-8, the defect is told."""
    defects: set[Defect] = set()

    assert words.unstructured("=?x-none?Q?=C3=BC?=", defects) == "ü"
    assert Defect.CHARSET_UNKNOWN in defects
