"""The strict grammar, held against the encoder of ``vedette.imap``: two readings of one RFC."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.demo.talk import NOW
from vedette.demo.arguments import STAR, Arguments, BadSyntaxError, date_time, quoted
from vedette.demo.intake import Command, Intake
from vedette.imap import Connection, Login, UidSet
from vedette.imap.dates import read_date_time
from vedette.imap.encoder import Encoder
from vedette.secret import Secret

GREETING = b"* OK [CAPABILITY IMAP4rev1 LITERAL+ ID] hi\r\n"


def words(text: str, *literals: bytes) -> Arguments:
    """Return the arguments of a command."""
    return Arguments(Command(text=text.encode("latin-1"), literals=literals))


def sent(connection: Connection) -> Arguments:
    """Read what our client sends as the server does; it must be exactly one command."""
    intake = Intake()
    intake.feed(connection.data_to_send())
    command = intake.command(65_536)
    assert isinstance(command, Command)
    assert intake.command(65_536) is None
    return Arguments(command)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=60)
ASCII = st.text(st.characters(codec="ascii", exclude_characters="\r\n\0"), max_size=60)


@given(ASCII, ASCII)
def test_what_our_client_encodes_is_read_back(user: str, password: str) -> None:
    """Any name and password that LOGIN can carry arrive as they are."""
    connection = Connection(encrypted=True)
    connection.receive_data(GREETING)
    connection.send(Login(user=user, password=Secret(password)))
    found = sent(connection)
    found.tag()
    found.space()
    assert found.word() == "LOGIN"
    found.space()
    assert found.astring().decode() == user
    found.space()
    assert found.astring().decode() == password
    found.end()


@given(TEXT)
def test_a_literal_of_our_client_is_read_back(text: str) -> None:
    """Text beyond ASCII comes as a literal, in the same write."""
    out = Encoder("a", "X", free_literal=4096, utf8=False, maximum=8192)
    out.string(text)
    intake = Intake()
    intake.feed(b"".join(out.finish()))
    command = intake.command(65_536)
    assert isinstance(command, Command)
    found = Arguments(command)
    found.tag()
    found.space()
    found.word()
    found.space()
    assert found.astring().decode() == text
    found.end()


@given(st.sets(st.tuples(st.integers(1, 2**32 - 1), st.integers(0, 9)), min_size=1, max_size=20))
def test_sets_are_read_as_our_client_writes_them(pairs: set[tuple[int, int]]) -> None:
    """Every UID of the set is in the ranges that are read, and no other."""
    uids = UidSet(
        min(first + extra, 2**32 - 1) for first, width in pairs for extra in range(width + 1)
    )
    ranges = words(uids.wire.decode()).set()
    assert sum(last - first + 1 for first, last in ranges) == len(uids)
    assert all(first in uids and last in uids for first, last in ranges)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("1", ((1, 1),)),
        ("5:2", ((2, 5),)),
        ("4:*", ((4, STAR),)),
        ("*:4,7", ((4, STAR), (7, 7))),
        ("*", ((STAR, STAR),)),
    ],
)
def test_a_set_may_be_written_in_any_order(text: str, ranges: object) -> None:
    """RFC 3501 section 9, seq-range: 2:4 and 4:2 are the same."""
    assert words(text).set() == ranges


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0", Arguments.set),
        ("01", Arguments.set),
        ("4294967296", Arguments.set),
        ("x", Arguments.set),
        ("99999999999", Arguments.number),
        ("4294967296", Arguments.number),
        ('"open', Arguments.string),
        ('"\\x"', Arguments.string),
        ('"\xe4"', Arguments.string),
        ("{3}x", Arguments.string),
        ("atom", Arguments.string),
        ("", Arguments.atom),
        ("(", Arguments.astring),
        ("+", Arguments.tag),
        ("a" * 65, lambda found: (found.tag(), found.end())),
        ("31-Feb-2026", Arguments.date),
        ("1-Foo-2026", Arguments.date),
        ('"yesterday"', Arguments.date_time),
        ("&", lambda found: (found.mailbox(), found.space())),
        ("\\\\Seen", Arguments.flag),
        ("a  b", lambda found: (found.atom(), found.space(), found.atom())),
    ],
)
def test_what_the_grammar_does_not_allow_is_refused(
    text: str, read: Callable[[Arguments], object]
) -> None:
    """Each is one mistake that real clients make."""
    with pytest.raises(BadSyntaxError):
        read(words(text))


def test_nul_is_refused_in_a_literal() -> None:
    """CHAR8 of RFC 3501 section 9 begins at 1."""
    with pytest.raises(BadSyntaxError):
        words("{1}\n", b"\0").string()


@given(st.text(st.characters(min_codepoint=1, max_codepoint=126, exclude_characters="\r\n")))
def test_a_quoted_text_is_read_back(text: str) -> None:
    """What the server quotes, it would understand itself."""
    assert words(quoted(text)).string().decode() == text


@given(st.integers(0, 4_000_000_000))
def test_an_internal_date_is_read_back(seconds: int) -> None:
    """Ours is understood by our own client and by the grammar of APPEND."""
    moment = read_date_time(date_time(seconds))
    assert moment is not None
    assert moment.timestamp() == seconds
    assert words(f'"{date_time(seconds)}"').date_time() == seconds


def test_dates_are_utc() -> None:
    """The server has no time zone."""
    assert date_time(NOW) == "20-Nov-2026 09:12:00 +0000"


@given(st.lists(st.sampled_from('()[]<>{}"\\ \n%*+AB1.,:-'), max_size=40))
def test_no_text_makes_the_grammar_fail_in_another_way(signs: list[str]) -> None:
    """Every reading ends in a value or in BadSyntaxError."""
    for read in (
        Arguments.set,
        Arguments.astring,
        Arguments.pattern,
        Arguments.flag,
        Arguments.date,
        Arguments.nstring,
        lambda found: found.parenthesised(found.nstring, least=0),
    ):
        found = words("".join(signs).replace("\n", ""))
        try:
            read(found)
        except BadSyntaxError:
            continue
