"""Folder names: shown to people, written for the wire, never confused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import UsageError
from vedette.imap.names import decode_name, encode_name, folder_key

PAIRS = [
    ("Entwürfe", b"Entw&APw-rfe"),
    ("A&B", b"A&-B"),
    ('a"b\\c', b'a"b\\c'),
    ("[x]", b"[x]"),
    ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
    ("💬", b"&2D3crA-"),
    ("ü&ü", b"&APw-&-&APw-"),
    ("", b""),
]


@pytest.mark.parametrize(("name", "wire"), PAIRS)
def test_name_is_decoded_from_modified_utf7(name: str, wire: bytes) -> None:
    """S18: what a person reads is decoded; RFC 3501's own examples included."""
    assert decode_name(wire) == name


@pytest.mark.parametrize(("name", "wire"), PAIRS[:-1])
def test_name_is_encoded_into_modified_utf7(name: str, wire: bytes) -> None:
    """S18: what a person typed is encoded in its one canonical form."""
    assert encode_name(name) == wire


@pytest.mark.parametrize(
    ("wire", "shown"),
    [
        (b"&APw", "&APw"),
        (b"a&b", "a&b"),
        (b"&!!-", "&!!-"),
        (b"&A-", "&A-"),
        (b"&2D0-", "&2D0-"),
        (b"Entw\xc3\xbcrfe", "Entwürfe"),
        (b"Entw\xfcrfe", "Entwürfe"),
    ],
)
def test_broken_name_is_shown_as_it_is_written(wire: bytes, shown: str) -> None:
    """S18: a wrong & (Yandex) or raw 8-bit name never fails."""
    assert decode_name(wire) == shown


def test_name_is_plain_utf8_where_the_server_accepts_it() -> None:
    """UTF8=ACCEPT: the wire is UTF-8, and & is an ampersand."""
    assert encode_name("A&Ü", utf8=True) == "A&Ü".encode()
    assert decode_name(b"A&-\xc3\x9c", utf8=True) == "A&-Ü"


@pytest.mark.parametrize("name", ["", "a\r\nb", "a\0", "\x7f", "a\tb", "\ud800"])
def test_name_with_control_characters_is_refused(name: str) -> None:
    """No server keeps such a name, and no command should carry it."""
    with pytest.raises(UsageError):
        encode_name(name)


def test_inbox_alone_ignores_case() -> None:
    """RFC 9051 section 5.1: INBOX in any case is one folder, others are not."""
    assert folder_key(b"inBox") == b"INBOX"
    assert folder_key(b"Inbox/Sub") == b"Inbox/Sub"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_name_survives_both_encodings(name: str) -> None:
    """Encoding then decoding is the identity."""
    assert decode_name(encode_name(name)) == name
    assert decode_name(encode_name(name, utf8=True), utf8=True) == name
    assert encode_name(name).isascii()


@given(st.binary())
def test_any_wire_name_can_be_shown(wire: bytes) -> None:
    """Decoding never fails."""
    assert isinstance(decode_name(wire), str)
