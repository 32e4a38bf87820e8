"""What is told of a connection: words of the protocol and numbers, and nothing that somebody wrote."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import NetworkError
from vedette.imap import (
    Append,
    AskId,
    Authenticate,
    ByHeader,
    ByKeyword,
    ByText,
    Command,
    Connection,
    Create,
    Fatal,
    FetchItem,
    List,
    Login,
    LoginMechanism,
    OAuthBearer,
    Outliner,
    Peek,
    Plain,
    Select,
    StoreMode,
    TextKey,
    UidFetch,
    UidMove,
    UidSearch,
    UidSet,
    UidStore,
    XOAuth2,
)
from vedette.imap.outline import LONGEST
from vedette.secret import Secret

#: What somebody wrote: letters that no word of the protocol has, so that it can be looked for.
PLANTED = st.text("äßñqzñ0123456789", min_size=4, max_size=40).map(lambda text: f"qz{text}")
ASCII = st.text("qzjx0123456789", min_size=4, max_size=40).map(lambda text: f"qz{text}")


def heard(octets: bytes, outliner: Outliner | None = None) -> list[str]:
    """Return the lines of what a server says to somebody who is logged in."""
    connection = Connection(encrypted=True)
    connection.receive_data(b"* OK hi\r\n")
    connection.events()
    connection.receive_data(octets)
    told = outliner or Outliner()
    return [line for event in connection.events() if (line := told.heard(event)) is not None]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (Login(user="jane@example.org", password=Secret("hunter2")), "V1 LOGIN …"),
        (
            Authenticate(mechanism=Plain(user="jane", password=Secret("hunter2"))),
            "V1 AUTHENTICATE PLAIN …",
        ),
        (Select(mailbox=b"INBOX"), "V1 EXAMINE INBOX"),
        (Select(mailbox="Ärzte".encode()), "V1 EXAMINE {6 octets}"),
        (List(), "V1 LIST {0 octets} {1 octets}"),
        (
            UidFetch(
                uids=UidSet([1, 2, 3, 9]),
                items=(FetchItem.FLAGS, Peek(section=b"", partial=(0, 4096))),
            ),
            "V1 UID FETCH 1:3,9 (FLAGS BODY.PEEK[]<0.4096>)",
        ),
        (
            UidSearch(criteria=(ByHeader(name="Message-ID", value="<a@b>"), ByKeyword(name="$x"))),
            "V1 UID SEARCH HEADER {10 octets} {5 octets} KEYWORD {2 octets}",
        ),
        (
            UidStore(uids=UidSet([7]), flags=("\\Deleted", "secret"), mode=StoreMode.ADD),
            "V1 UID STORE 7 +FLAGS (\\Deleted {6 octets})",
        ),
        (UidMove(uids=UidSet([7]), mailbox=b"Spam"), "V1 UID MOVE 7 {4 octets}"),
        (Append(mailbox=b"INBOX", message=b"x" * 99), "V1 APPEND INBOX {99 octets}"),
        (AskId(), "V1 ID ({4 octets} {7 octets})"),
    ],
)
def test_of_a_command_its_verb_and_numbers_are_told(command: Command, line: str) -> None:
    """What it is about is a size, and a login is the way alone."""
    assert Outliner().sent("V1", command) == line


def test_of_a_response_its_kind_and_numbers_are_told() -> None:
    """Status codes, counts, sizes and flags of the protocol."""
    body = b"Subject: lunch\r\n\r\nat noon\r\n"
    said = (
        b"* 12 EXISTS\r\n* VANISHED (EARLIER) 3:5\r\n"
        b"* OK [UIDVALIDITY 7] UIDs are valid\r\n"
        b"* OK [UNHEARD-OF lunch] fine\r\n"
        b'* 4 FETCH (UID 9 FLAGS (\\Seen lunch) RFC822.SIZE 300 ENVELOPE ("d" "lunch") BODY[] {%d}\r\n%b)\r\n'
        b'* LIST (\\Junk \\Lunch) "/" "lunch"\r\n'
        b"* STATUS lunch (MESSAGES 3 UIDNEXT 8)\r\n"
        b"* SEARCH 1 2 3\r\n"
        b"* LUNCH at noon\r\n"
    ) % (len(body), body)

    assert heard(said) == [
        "* 12 EXISTS",
        "* VANISHED (EARLIER) 3:5",
        "* OK [UIDVALIDITY 7] UIDs are valid",
        "* OK […] fine",
        "* 4 FETCH (UID 9 FLAGS (\\Seen and 1 others) RFC822.SIZE 300 BODY[] {27 octets})",
        "* LIST (\\junk) {5 octets}",
        "* STATUS {5 octets} (MESSAGES 3 UIDNEXT 8)",
        "* SEARCH (3 numbers)",
        "… {15 octets}",
    ]


def test_words_of_a_server_lose_addresses_and_what_is_long() -> None:
    """They may say whom they logged in, and hold what is encoded."""
    assert heard(b"* NO hello jane@example.org eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9 bye\r\n") == [
        "* NO hello … … bye"
    ]


def test_a_line_has_an_end_however_long_the_response_is() -> None:
    """A set of ten thousand runs is cut."""
    runs = ",".join(str(each) for each in range(1, 20_000, 2)).encode()
    [line] = heard(b"* VANISHED " + runs + b"\r\n")

    assert len(line) <= LONGEST
    assert line.endswith(",…")


def test_the_end_of_a_connection_is_told_by_its_class() -> None:
    """The words of the error may be anybody's."""
    assert Outliner().heard(Fatal(error=NetworkError("lunch"))) == (
        "(the connection is over: network)"
    )


@given(user=ASCII, password=ASCII, by=st.integers(0, 4), cut=st.integers(6, 50))
def test_no_server_has_a_password_told_by_quoting_it(
    user: str, password: str, by: int, cut: int
) -> None:
    """Whole, cut short, encoded, or in the code: what we logged in with is in no line."""
    secret = Secret(password)
    ways: Sequence[Login | Authenticate] = [
        Login(user=user, password=secret),
        Authenticate(mechanism=Plain(user=user, password=secret)),
        Authenticate(mechanism=LoginMechanism(user=user, password=secret)),
        Authenticate(mechanism=XOAuth2(user=user, token=secret)),
        Authenticate(mechanism=OAuthBearer(user=user, token=secret, host="h", port=993)),
    ]
    outliner = Outliner()
    lines = [outliner.sent("V1", ways[by])]
    encoded = b64encode(password.encode()).decode()
    whole = b64encode(f"\0{user}\0{password}".encode()).decode()
    for text in (password, password[:cut], encoded, whole, f'"{password}"', password.upper()):
        lines += heard(f"* NO [{text}] bad {text} x{text}x\r\n".encode(), outliner)
        lines += heard(f"* BAD [AUTHENTICATIONFAILED] LOGIN {text}\r\n".encode(), outliner)

    told = "\n".join(lines).casefold()
    for text in (password, encoded, whole):
        assert text.casefold()[:6] not in told


@given(text=PLANTED)
def test_nothing_that_somebody_wrote_is_told(text: str) -> None:
    """Subjects, bodies, names of folders, keywords and addresses; sent, and told by a server."""
    octets = text.encode()
    literal = b"{%d}\r\n%b" % (len(octets), octets)
    plain = octets.decode("ascii", "ignore").encode()
    outliner = Outliner()
    sent = [
        Select(mailbox=octets),
        Create(mailbox=octets),
        List(pattern=octets),
        UidMove(uids=UidSet([1]), mailbox=octets),
        Append(mailbox=octets, message=octets, flags=(plain.decode(),)),
        UidSearch(criteria=(ByText(key=TextKey.SUBJECT, value=text),)),
        UidSearch(criteria=(ByKeyword(name=plain.decode()),)),
    ]
    lines = [outliner.sent("V1", command) for command in sent]
    lines += heard(
        b'* 1 FETCH (UID 1 FLAGS (%b) ENVELOPE (NIL %b ((%b NIL "a" "b"))) BODY[TEXT] %b '
        b"X-GM-LABELS (%b) PREVIEW %b BODY[HEADER.FIELDS (%b)] %b)\r\n"
        % (plain, literal, literal, literal, literal, literal, plain, literal)
        + b'* LIST (\\%b) "/" %b\r\n' % (plain, literal)
        + b"* STATUS %b (MESSAGES 3 MAILBOXID (%b))\r\n" % (literal, plain)
        + b"* FLAGS (%b)\r\n" % plain
        + b"* OK [PERMANENTFLAGS (%b)] ok\r\n" % plain
        + b"* NAMESPACE ((%b NIL)) NIL NIL\r\n" % literal
        + b'* ID ("name" %b)\r\n' % literal
        + b"* %b\r\n" % octets
        + b"* NO can not open %b\r\n" % octets,
        outliner,
    )

    told = "\n".join(lines).casefold()
    assert "qz" not in told


@given(st.binary(max_size=400))
def test_whatever_comes_is_told_in_short_lines(octets: bytes) -> None:
    """Nothing that a machine makes of a stream is too much, and no line has a control character."""
    for line in heard(octets):
        assert len(line) <= LONGEST
        assert line.isprintable()
