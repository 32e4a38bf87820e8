"""Charset names as mail writes them, and text that is safe to store."""

from __future__ import annotations

import codecs

import pytest

from vedette.mime import Defect, charset


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UTF-8", "utf-8"), ("utf8", "utf-8"), ('"utf-8"', "utf-8"), ("utf_8", "utf-8"),
        ("iso-8859-1", "cp1252"), ("ISO_8859-1", "cp1252"), ("latin1", "cp1252"),
        ("iso8859-1", "cp1252"), ("iso-8859-15", "iso8859-15"), ("iso-8859-9", "cp1254"),
        ("ISO-8859-8-I", "iso8859-8"), ("windows-1251", "cp1251"), ("cp-850", "cp850"),
        ("cp1251", "cp1251"), ("win-1250", "cp1250"), ("gb2312", "gb18030"), ("GBK", "gb18030"),
        ("ks_c_5601-1987", "cp949"), ("euc-kr", "cp949"), ("shift_jis", "cp932"),
        ("iso-2022-jp", "iso2022_jp"), ("euc-jp", "euc_jp"), ("big5", "big5hkscs"),
        ("koi8-r", "koi8-r"), ("tis-620", "cp874"), ("utf-16le", "utf-16le"), ("utf-7", "utf-7"),
        ("x-unknown", None), ("base64", None), ("idna", None), ("punycode", None), ("", None),
        ("unicode_escape", None), ("a" * 1000, None), ("cp99999", None), ("iso-8859-99", None),
    ],
)  # fmt: skip
def test_a_name_stands_for_the_codec_its_senders_mean(name: str, codec: str | None) -> None:
    """The superset, as browsers take it; what is no charset of text is none."""
    assert charset.codec(name) == codec


def test_every_codec_of_the_table_is_one_that_python_has() -> None:
    """A codec that does not exist would be a guess without a word."""
    for name in {*charset._CODECS, *charset._ALIASES.values()}:
        assert codecs.lookup(name)


def test_half_a_character_is_dropped_where_the_text_was_cut() -> None:
    """It is no defect there, and one elsewhere."""
    defects: set[Defect] = set()

    assert charset.decode("ä".encode()[:1], "utf-8", defects, cut=True) == ""
    assert defects == set()
    assert charset.decode("ä".encode()[:1], "utf-8", defects) == "Ã"
    assert defects == {Defect.CHARSET_WRONG}


def test_text_without_a_name_is_no_defect_when_it_is_utf8() -> None:
    """RFC 2045 says ASCII, the world says UTF-8."""
    defects: set[Defect] = set()

    assert charset.decode("ü".encode(), None, defects) == "ü"
    assert defects == set()


def test_a_codec_that_this_python_lacks_is_no_error() -> None:
    """The text is guessed then."""
    assert charset.strict(b"a", "no-such-codec") is None


def test_controls_go_and_line_ends_become_one() -> None:
    """CRLF and CR are LF, NUL and other controls are nothing."""
    assert charset.decode(b"a\r\nb\rc\x00\x08\x1b\td", "utf-8", set()) == "a\nb\nc\td"


@pytest.mark.parametrize(("text", "limit", "cut"), [("äää", 4, "ää"), ("aaa", 3, "aaa")])
def test_a_cut_is_counted_in_bytes_and_falls_between_characters(
    text: str, limit: int, cut: str
) -> None:
    """Whoever stores the event counts bytes."""
    assert charset.cut_bytes(text, limit) == (cut, cut != text)


@pytest.mark.parametrize(
    ("page", "name"),
    [
        (b'<meta charset="koi8-r">', "koi8-r"),
        (b'<meta http-equiv=x content="text/html; charset=utf-8">', "utf-8"),
        (codecs.BOM_UTF8 + b"<p>", "utf-8-sig"),
        (b"<p>", None),
    ],
)
def test_a_page_may_name_its_own_charset(page: bytes, name: str | None) -> None:
    """It is believed where the part names none."""
    assert charset.sniff(page) == name


@pytest.mark.parametrize("text", ["Büro", "Rückforderung „jetzt“ für 5 €", "фриспинов", "δώρο"])
def test_utf_8_that_is_called_latin_1_is_read_as_utf_8(text: str) -> None:
    """The default label of many programs, whatever they send."""
    defects: set[Defect] = set()

    assert charset.decode(text.encode(), "iso-8859-1", defects) == text
    assert defects == {Defect.CHARSET_WRONG}


@pytest.mark.parametrize("text", ["Büro", "NESTLÉ®", "CAFÉ » à Paris"])
def test_latin_1_is_read_as_latin_1(text: str) -> None:
    """Though some of its bytes may be UTF-8 too, of letters that nobody writes."""
    assert charset.decode(text.encode("cp1252"), "iso-8859-1", set()) == text
