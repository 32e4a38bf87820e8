"""The one way to the wire: whatever text comes in, one command goes out or none."""

from __future__ import annotations

import pytest

from vedette.errors import UsageError
from vedette.imap.encoder import Encoder


def encoder(*, free: int = 0, utf8: bool = False, maximum: int = 8_000) -> Encoder:
    return Encoder("A1", "X", free_literal=free, utf8=utf8, maximum=maximum)


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\0b", b"\r\n", "\ud800"])
def test_string_refuses_line_ends_and_nul(text: str | bytes) -> None:
    """P10: CR, LF and NUL pass in no string, quoted or literal."""
    for utf8 in (False, True):
        with pytest.raises(UsageError):
            encoder(utf8=utf8).string(text)


def test_string_escapes_quotes_and_backslashes() -> None:
    """A name with both specials is one quoted string."""
    out = encoder()
    out.string('a"b\\c')

    assert out.finish() == [b'A1 X "a\\"b\\\\c"\r\n']


def test_eight_bit_text_is_a_literal_that_waits() -> None:
    """Without LITERAL+ the server is asked before the octets follow."""
    out = encoder()
    out.string("ü")
    out.string("x")

    assert out.finish() == [b"A1 X {2}\r\n", b'\xc3\xbc "x"\r\n']


def test_literal_within_the_free_size_is_sent_at_once() -> None:
    """LITERAL- lets 4,096 octets pass unasked, and not one more."""
    within, over = encoder(free=4_096), encoder(free=4_096)
    within.string(b"\xff" * 4_096)
    over.string(b"\xff" * 4_097)

    assert within.finish() == [b"A1 X {4096+}\r\n" + b"\xff" * 4_096 + b"\r\n"]
    assert over.finish()[0] == b"A1 X {4097}\r\n"


def test_eight_bit_text_is_quoted_where_utf8_is_accepted() -> None:
    """UTF8=ACCEPT: valid UTF-8 is quoted, anything else is still a literal."""
    out = encoder(utf8=True)
    out.string("ü")
    out.string(b"\xff")

    assert out.finish() == [b'A1 X "\xc3\xbc" {1}\r\n', b"\xff\r\n"]


@pytest.mark.parametrize("word", ["", "a b", 'a"', "a(", "a\r\n", "ü", "a{3}", "a%", "a*", "a]"])
def test_atom_refuses_what_is_special(word: str) -> None:
    """A word of the protocol holds nothing that ends it."""
    with pytest.raises(UsageError):
        encoder().atom(word)


@pytest.mark.parametrize("name", ["", "\\", "\\Seen)", "a b", "\\\\x", "ü", "a\n", "\\*"])
def test_flag_refuses_what_is_none(name: str) -> None:
    """A flag is a word with at most one backslash, in front."""
    with pytest.raises(UsageError):
        encoder().flag(name)


@pytest.mark.parametrize("value", [-1, 11, True])
def test_number_stays_within_its_bounds(value: int) -> None:
    """A number that the server can not read is not sent."""
    with pytest.raises(UsageError):
        encoder().number(value, 10)


def test_line_has_a_length_that_servers_take() -> None:
    """S21: a longer line is refused here, before Dovecot says BYE to it."""
    out = encoder(maximum=20)
    out.string("x" * 20)

    with pytest.raises(UsageError, match="smaller sets"):
        out.finish()


def test_line_before_a_literal_has_the_same_bound() -> None:
    """A literal does not hide a long line."""
    out = encoder(maximum=20)
    out.string("x" * 20)

    with pytest.raises(UsageError, match="smaller sets"):
        out.string("ü")


def test_message_may_hold_line_ends_but_no_nul() -> None:
    """The octets of a message are counted; NUL would need BINARY."""
    out = encoder(free=100)
    out.message(b"A: b\r\n\r\n")

    assert out.finish() == [b"A1 X {8+}\r\nA: b\r\n\r\n\r\n"]
    with pytest.raises(UsageError):
        encoder().message(b"\0")


def test_syntax_and_ascii_refuse_line_ends_too() -> None:
    """No way around the encoder's rule lies within the encoder."""
    with pytest.raises(UsageError):
        encoder().syntax(b"x\r\ny")
    with pytest.raises(UsageError, match="the password"):
        encoder().ascii_string("pä", what="the password")
