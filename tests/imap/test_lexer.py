"""The lexer: values of a response as a tree, and numbers read strictly."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.imap.lexer import (
    INT63,
    Atom,
    ParseError,
    Value,
    display,
    is_nil,
    number,
    positive,
    read_values,
)
from vedette.imap.limits import Limits


def values(text: bytes, *literals: bytes, limits: Limits | None = None) -> list[Value]:
    return read_values(text, 0, literals, limits or Limits())


def test_lexer_tells_atoms_strings_and_lists_apart() -> None:
    """Atoms are words of the protocol, strings are text, parentheses make lists."""
    tree = values(b'UID 7 ("a b" NIL ()) {3}\n', b"abc")

    assert tree == [b"UID", b"7", [b"a b", b"NIL", []], b"abc"]
    assert [isinstance(value, Atom) for value in tree] == [True, True, False, False]


def test_lexer_unescapes_quotes_and_backslashes() -> None:
    """A quoted string may hold both special characters, escaped."""
    assert values(rb'"a\"b\\c"') == [b'a"b\\c']


def test_lexer_keeps_a_section_with_its_spaces_and_parentheses_in_one_atom() -> None:
    """The name of a body item holds what separates values elsewhere."""
    tree = values(b'BODY[HEADER.FIELDS (FROM "]")]<0> {1}\n body[1.2] NIL', b"x")

    assert tree == [b'BODY[HEADER.FIELDS (FROM "]")]<0>', b"x", b"body[1.2]", b"NIL"]


def test_lexer_takes_each_literal_for_its_marker() -> None:
    """Literals stand in the order of their markers, without spaces if need be."""
    assert values(b"BODY[]{1}\n{2}\n ~{1}\n", b"a", b"bc", b"d") == [b"BODY[]", b"a", b"bc", b"d"]


def test_lexer_takes_eight_bit_octets_in_strings_and_atoms() -> None:
    """Servers send raw octets; they are kept as they are."""
    assert values('"é" ü'.encode()) == ["é".encode(), "ü".encode()]


@pytest.mark.parametrize("text", [b"(a", b"a)", b'"a', b'a "b" "', b"((a)"])
def test_lexer_refuses_unbalanced_values(text: bytes) -> None:
    """What does not balance can not be read."""
    with pytest.raises(ParseError):
        values(text)


def test_lexer_stops_at_the_depth_limit() -> None:
    """One level more than the limit is refused; the limit itself is read."""
    assert values(b"(" * 64 + b")" * 64)

    with pytest.raises(ParseError, match="deeper"):
        values(b"(" * 65 + b")" * 65)


def test_lexer_stops_at_the_limit_of_items() -> None:
    """Values are counted while they are read, not afterwards."""
    assert len(values(b"a " * 10, limits=Limits(items=10))) == 10

    with pytest.raises(ParseError, match="more than 10"):
        values(b"a " * 11, limits=Limits(items=10))


@pytest.mark.parametrize(
    "text",
    [
        b"(" * 60_000,
        b'"' * 60_001,
        b"BODY[ " * 10_000,
        b'BODY[" ' * 10_000,
        b"\\" * 60_000,
        b'"' + b"\\" * 60_000,
        b"{1" * 30_000,
        b" " * 65_000,
        b'BODY["[' * 9_000,
    ],
)
def test_lexer_is_linear_on_hostile_lines(text: bytes) -> None:
    """64 KiB of anything is read or refused in a fraction of a second."""
    started = time.process_time()
    for _ in range(3):
        try:
            values(text, limits=Limits(depth=100_000))
        except ParseError:
            continue

    assert time.process_time() - started < 1.5


@pytest.mark.parametrize("text", [b"-1", b"1_000", b" 7", b"9.3e+06", b"", b"\xd9\xa1", b"0x1"])
def test_number_is_ascii_digits_only(text: bytes) -> None:
    """What int() would take and a server must not send is no number."""
    assert number(text) is None


def test_number_has_a_maximum_and_a_longest_form() -> None:
    """A value over its type's range is no value, however it is written."""
    assert number(b"4294967295") == 2**32 - 1
    assert number(b"4294967296") is None
    assert number(b"9223372036854775807", INT63) == INT63
    assert number(b"1" * 5_000, 10**30) is None
    assert number(None) is None


def test_positive_reads_zero_as_nothing() -> None:
    """A UID is never 0."""
    assert positive(b"0") is None
    assert positive(b"1") == 1


def test_nil_is_an_atom_in_any_case() -> None:
    """NIL as a string is a name like any other."""
    assert is_nil(Atom(b"nil"))
    assert not is_nil(b"NIL")


def test_display_reads_utf8_and_falls_back_to_latin_1() -> None:
    """Text is always displayable."""
    assert display("é".encode()) == "é"
    assert display(b"\xe9") == "é"


@given(st.binary(max_size=300))
def test_lexer_raises_nothing_but_its_own_error(text: bytes) -> None:
    """Any octets are read or refused."""
    literals = (b"",) * text.count(b"\n")
    try:
        read_values(text, 0, literals, Limits())
    except ParseError:
        return
