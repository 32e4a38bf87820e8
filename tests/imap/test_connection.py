"""The connection machine, as conversations: every state, and every way in which it ends."""

from __future__ import annotations

import sys

import pytest

from tests.imap.talk import EVERYTHING, Talk, greeted, logged_in, selected
from vedette.errors import (
    AuthError,
    LimitError,
    NetworkError,
    ProtocolError,
    TLSError,
    UsageError,
)
from vedette.imap import (
    AskCapability,
    Authenticate,
    Challenge,
    Completed,
    Connection,
    Enable,
    Exists,
    Expunge,
    Fatal,
    Fetch,
    FetchItem,
    Greeting,
    Idle,
    IdleStarted,
    Kind,
    Limits,
    List,
    LiteralChunk,
    Login,
    LoginMechanism,
    Logout,
    Malformed,
    Noop,
    Peek,
    Plain,
    Resync,
    Select,
    StartTls,
    State,
    Status,
    StoreMode,
    Streamed,
    UidExpunge,
    UidFetch,
    UidMove,
    UidSearch,
    UidSet,
    UidStore,
    Unknown,
    Unselect,
    XOAuth2,
)
from vedette.imap.search import Mark, SearchReturn
from vedette.secret import Secret

LOGIN = Login(user="user", password=Secret("pass"))
FETCH = UidFetch(uids=UidSet.since(4), items=(FetchItem.UID,))


def completed(talk: Talk, *lines: str | bytes) -> Completed:
    last = talk.server(*lines)[-1]
    assert isinstance(last, Completed)
    return last


# The greeting.


def test_greeting_opens_the_connection_and_tells_capabilities() -> None:
    """The code of the greeting counts as the answer to CAPABILITY."""
    talk = Talk()

    (greeting,) = talk.server("* OK [CAPABILITY IMAP4rev1 LITERAL +] hello")

    assert isinstance(greeting, Greeting)
    assert (greeting.status, greeting.text) == (Kind.OK, "hello")
    assert talk.connection.state is State.NOT_AUTHENTICATED
    assert talk.connection.has("literal+")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("* BYE too busy", "too busy"),
        ("* BYE [UNAVAILABLE] later", "later"),
    ],
)
def test_greeting_bye_is_fatal_with_the_servers_words(line: str, text: str) -> None:
    """C7: a refused connection ends at once, in a way that may be tried again."""
    error = Talk().fatal(line)

    assert (error.reply, error.retryable) == (text, True)
    assert text in str(error)


@pytest.mark.parametrize(
    "line", ["HTTP/1.1 400 Bad Request", "SSH-2.0-x", "* NO", "* 5 EXISTS", "* 1 FETCH (", "+ x"]
)
def test_gibberish_instead_of_a_greeting_is_fatal(line: str) -> None:
    """What is not an IMAP server is said to be none, with what it said."""
    error = Talk().fatal(line)

    assert isinstance(error, ProtocolError)
    assert line[:10] in str(error)


def test_preauth_without_tls_is_fatal() -> None:
    """C6: a plaintext PREAUTH would keep TLS from ever starting, whatever is allowed."""
    connection = Connection(encrypted=False, allow_preauth=True)
    connection.receive_data(b"* PREAUTH welcome back\r\n")

    last = connection.events()[-1]
    assert isinstance(last, Fatal)
    assert isinstance(last.error, TLSError)
    assert last.error.reply == "welcome back"


def test_preauth_with_tls_needs_leave() -> None:
    """C6: on TLS it is refused too unless allowed, because nobody knows as whom."""
    assert isinstance(Talk().fatal("* PREAUTH hi"), ProtocolError)

    connection = Connection(encrypted=True, allow_preauth=True)
    connection.receive_data(b"* PREAUTH hi\r\n")
    assert connection.state is State.AUTHENTICATED


@pytest.mark.parametrize("data", [b"", b"* OK hel"])
def test_end_before_the_greeting_is_fatal(data: bytes) -> None:
    """C7: a server that closes in mid-greeting has not greeted."""
    connection = Connection(encrypted=True)
    connection.receive_data(data)
    connection.receive_eof()

    (fatal,) = connection.events()
    assert isinstance(fatal, Fatal)
    assert isinstance(fatal.error, NetworkError)
    assert "before its greeting" in str(fatal.error)


# TLS.


def starttls() -> Talk:
    talk = greeted("IMAP4rev1 STARTTLS LOGINDISABLED", encrypted=False)
    talk.connection.send(StartTls())
    assert talk.client() == "V1 STARTTLS\r\n"
    return talk


def test_starttls_forgets_what_was_said_in_plaintext() -> None:
    """C5: capabilities of the plaintext phase are void after the handshake."""
    talk = starttls()
    talk.server("V1 OK begin")

    talk.connection.tls_started()

    assert talk.connection.encrypted
    assert not talk.connection.capabilities_known
    assert talk.connection.capabilities == frozenset()


@pytest.mark.parametrize("injected", [b"* CAPABILITY EVIL\r\n", b"V2 OK\r\n", b"\r\n", b"x", b"\0"])
@pytest.mark.parametrize("late", [False, True])
def test_bytes_between_ok_and_handshake_are_fatal(injected: bytes, late: bool) -> None:
    """C5 (CVE-2011-0411): in the same segment or in a later one, read or not."""
    talk = starttls()
    connection = talk.connection
    for segment in [b"V1 OK\r\n", injected] if late else [b"V1 OK\r\n" + injected]:
        connection.receive_data(segment)

    last = connection.events()[-1]
    assert isinstance(last, Fatal)
    assert isinstance(last.error, TLSError)
    assert not connection.has("EVIL")
    with pytest.raises(TLSError):
        connection.tls_started()


def test_nothing_is_sent_between_ok_and_handshake() -> None:
    """C4: the password can not leave before TLS is up."""
    talk = starttls()
    with pytest.raises(UsageError, match="TLS"):
        talk.connection.send(AskCapability())
    talk.server("V1 OK begin")
    with pytest.raises(UsageError, match="TLS"):
        talk.connection.send(AskCapability())


def test_refused_starttls_leaves_a_plaintext_connection() -> None:
    """C4: NO is an answer; what to do about it is the owner's decision."""
    talk = starttls()

    assert completed(talk, "V1 NO not now").kind is Kind.NO
    with pytest.raises(UsageError):
        talk.connection.tls_started()
    assert not talk.connection.encrypted


def test_starttls_needs_its_capability_and_a_plaintext_link() -> None:
    """C4: a stripped STARTTLS is seen before anything is sent."""
    with pytest.raises(UsageError, match="STARTTLS"):
        greeted("IMAP4rev1", encrypted=False).connection.send(StartTls())
    with pytest.raises(UsageError, match="TLS is on"):
        greeted("IMAP4rev1 STARTTLS").connection.send(StartTls())


def test_starttls_waits_for_commands_under_way() -> None:
    """An answer can not cross from plaintext into TLS."""
    talk = greeted("STARTTLS", encrypted=False)
    talk.connection.send(AskCapability())

    with pytest.raises(UsageError, match="under way"):
        talk.connection.send(StartTls())


# Logging in.


def test_login_forgets_capabilities_unless_told_again() -> None:
    """A15: what was offered before login does not count after it."""
    talk = greeted("IMAP4rev1 IDLE")
    talk.connection.send(LOGIN)
    talk.server("V1 OK in")

    assert talk.connection.state is State.AUTHENTICATED
    assert not talk.connection.capabilities_known


def test_capabilities_told_during_login_count_after_it() -> None:
    """A15: as an untagged line before the OK, or in its code."""
    talk = greeted("IMAP4rev1")
    talk.connection.send(LOGIN)
    talk.server("* CAPABILITY IMAP4rev1 MOVE", "V1 OK in")
    assert talk.connection.has("MOVE")

    assert logged_in("IMAP4rev1 IDLE").connection.has("IDLE")


def test_late_answer_to_capability_does_not_count_as_told_by_login() -> None:
    """A15: an answer that was asked for before the login is of before the login."""
    talk = greeted("IMAP4rev1")
    talk.connection.send(AskCapability())
    talk.connection.send(LOGIN)
    talk.server("* CAPABILITY IMAP4rev1 MOVE", "V1 OK", "V2 OK in")

    assert not talk.connection.has("MOVE")


def test_stale_tagged_answer_is_not_ours() -> None:
    """A5: a NO with another tag does not fail the login, and is counted."""
    talk = greeted()
    tag = talk.connection.send(LOGIN)

    assert talk.server("OLD NO [AUTHENTICATIONFAILED] go away", "v1 NO case counts") == []
    assert completed(talk, f"{tag} OK in").kind is Kind.OK
    assert talk.connection.ignored == 2


def test_failed_login_leaves_the_state() -> None:
    """A refused login is an answer with its code."""
    talk = greeted()
    talk.connection.send(LOGIN)

    answer = completed(talk, "V1 NO [AUTHENTICATIONFAILED] wrong")

    assert answer.code is not None
    assert (answer.kind, answer.code.name) == (Kind.NO, "AUTHENTICATIONFAILED")
    assert talk.connection.state is State.NOT_AUTHENTICATED


def test_initial_response_waits_without_sasl_ir() -> None:
    """A7: nothing but the mechanism's name goes before the server's plus."""
    talk = greeted("IMAP4rev1 AUTH=PLAIN")
    talk.connection.send(Authenticate(mechanism=Plain(user="u", password=Secret("p"))))
    assert talk.client() == "V1 AUTHENTICATE PLAIN\r\n"

    talk.server("+")
    assert talk.client() == "AHUAcA==\r\n"


def test_initial_response_goes_with_sasl_ir() -> None:
    """A7: one round trip less where the server takes it."""
    talk = greeted("IMAP4rev1 AUTH=PLAIN SASL-IR")
    talk.connection.send(Authenticate(mechanism=Plain(user="u", password=Secret("p"))))

    assert talk.client() == "V1 AUTHENTICATE PLAIN AHUAcA==\r\n"


def test_refused_token_is_acknowledged_then_fails() -> None:
    """A6: the challenge holds the reason, an empty line brings the tagged NO."""
    talk = greeted("IMAP4rev1 SASL-IR")
    talk.connection.send(Authenticate(mechanism=XOAuth2(user="u", token=Secret("t"))))
    talk.client()

    (challenge,) = talk.server("+ eyJzdGF0dXMiOiI0MDEifQ==")
    assert challenge == Challenge(tag=challenge_tag(talk), data=b'{"status":"401"}')
    assert talk.client() == "\r\n"
    assert completed(talk, "V1 NO failed").kind is Kind.NO


def challenge_tag(talk: Talk) -> str:
    return talk.connection.in_flight[0]


def test_auth_login_asks_for_name_and_password() -> None:
    """A14: two prompts, two answers."""
    talk = greeted("IMAP4rev1 AUTH=LOGIN SASL-IR")
    talk.connection.send(Authenticate(mechanism=LoginMechanism(user="u", password=Secret("p"))))
    assert talk.client() == "V1 AUTHENTICATE LOGIN\r\n"
    talk.server("+ VXNlciBOYW1lAA==")
    assert talk.client() == "dQ==\r\n"
    talk.server("+ UGFzc3dvcmQ6")
    assert talk.client() == "cA==\r\n"


def test_login_that_never_got_credentials_can_not_succeed() -> None:
    """P9: an OK before the credentials were sent is a server to leave."""
    talk = greeted("IMAP4rev1 AUTH=PLAIN")
    talk.connection.send(Authenticate(mechanism=Plain(user="u", password=Secret("p"))))
    talk.client()

    assert isinstance(talk.fatal("V1 OK come in"), ProtocolError)


def test_endless_challenges_end_the_connection() -> None:
    """A server that keeps asking is told to stop, then left."""
    talk = greeted("IMAP4rev1 SASL-IR")
    talk.connection.send(Authenticate(mechanism=Plain(user="u", password=Secret("p"))))
    talk.client()
    talk.server("+ AA==")
    assert talk.client() == "*\r\n"

    assert isinstance(talk.fatal("+ AA=="), ProtocolError)


def test_login_is_not_sent_where_it_is_disabled() -> None:
    """A14: LOGINDISABLED is honoured by the core itself."""
    with pytest.raises(UsageError, match="disabled"):
        greeted("IMAP4rev1 LOGINDISABLED").connection.send(LOGIN)


def test_nothing_overtakes_a_login() -> None:
    """What a command may be is not known before the login is answered."""
    talk = greeted()
    talk.connection.send(LOGIN)

    with pytest.raises(UsageError, match="login"):
        talk.connection.send(Noop())


# Folders.


def test_select_opens_for_reading_unless_asked() -> None:
    """S20: EXAMINE by default; a SELECT that the server cuts down is read-only too."""
    assert selected().connection.read_only
    assert not selected(read_only=False).connection.read_only
    assert selected().connection.selected == b"INBOX"

    talk = logged_in()
    talk.connection.send(Select(mailbox=b"a", read_only=False))
    talk.server("V2 OK [READ-ONLY] not yours")
    assert talk.connection.read_only


@pytest.mark.parametrize(
    "command",
    [
        UidMove(uids=UidSet([1]), mailbox=b"Q"),
        UidStore(uids=UidSet([1]), flags=("\\Seen",), mode=StoreMode.ADD),
        UidExpunge(uids=UidSet([1])),
    ],
)
def test_writing_command_never_leaves_a_read_only_folder(
    command: UidMove | UidStore | UidExpunge,
) -> None:
    """S20: Dovecot really moves in EXAMINE, so the client holds itself back."""
    talk = selected()
    with pytest.raises(UsageError, match="reading only"):
        talk.connection.send(command)
    assert talk.client() == ""

    writable = selected(read_only=False)
    writable.connection.send(command)
    assert writable.client().startswith("V3 UID ")


def test_folder_that_becomes_read_only_is_believed() -> None:
    """S20: an untagged [READ-ONLY] counts as soon as it is said."""
    talk = selected(read_only=False)
    talk.server("* OK [READ-ONLY] taken away")

    with pytest.raises(UsageError, match="reading only"):
        talk.connection.send(UidExpunge(uids=UidSet([1])))


def test_failed_select_leaves_nothing_selected() -> None:
    """RFC 9051 section 6.3.2: the old folder is gone whatever becomes of the new one."""
    talk = selected(read_only=False)
    talk.connection.send(Select(mailbox=b"gone"))
    with pytest.raises(UsageError, match="folder has changed"):
        talk.connection.send(FETCH)
    talk.server("V3 NO [NONEXISTENT] no such folder")

    assert (talk.connection.state, talk.connection.selected) == (State.AUTHENTICATED, None)
    assert talk.connection.read_only


def test_unselect_leaves_the_folder() -> None:
    """G5: and nothing is expunged by it."""
    talk = selected()
    talk.connection.send(Unselect())
    talk.server("V3 OK")

    assert (talk.connection.state, talk.connection.selected) == (State.AUTHENTICATED, None)


def test_commands_need_what_the_server_offers() -> None:
    """What would be answered BAD is refused here, once capabilities are known."""
    talk = selected("IMAP4rev1")
    for command in (
        Idle(),
        Unselect(),
        UidSearch(criteria=(Mark.ALL,), returns=(SearchReturn.MAX,)),
        List(special_use=True),
        Select(mailbox=b"a", condstore=True),
    ):
        with pytest.raises(UsageError, match="needs"):
            talk.connection.send(command)


def test_rev2_has_its_extensions_built_in() -> None:
    """IMAP4rev2 need not list IDLE, and QRESYNC includes CONDSTORE."""
    connection = selected("IMAP4rev2 QRESYNC").connection

    assert all(map(connection.has, ("IDLE", "MOVE", "UIDPLUS", "ESEARCH", "CONDSTORE")))
    assert not connection.has("NOTIFY")
    connection.send(Idle())


def test_qresync_has_to_be_enabled_first() -> None:
    """RFC 7162 section 3.2.3; S13: an ENABLE without an ENABLED line enabled nothing."""
    talk = logged_in()
    resync = Select(mailbox=b"a", qresync=Resync(uid_validity=1, modseq=1))
    talk.connection.send(Enable(names=("QRESYNC",)))
    talk.server("V2 OK")
    with pytest.raises(UsageError, match="enabled first"):
        talk.connection.send(resync)

    talk.connection.send(Enable(names=("QRESYNC",)))
    talk.server("* ENABLED QRESYNC", "V3 OK")
    talk.connection.send(resync)


# IDLE.


def test_idle_starts_at_the_plus_and_ends_at_done() -> None:
    """RFC 2177; ``idling`` is true in between."""
    talk = selected()
    tag = talk.connection.send(Idle())
    assert not talk.connection.idling

    assert talk.server("+ idling") == [IdleStarted(tag=tag)]
    assert talk.connection.idling
    talk.connection.done()
    assert (talk.connection.idling, talk.client()) == (False, "V3 IDLE\r\nDONE\r\n")
    assert completed(talk, "V3 OK").tag == tag


def test_done_and_the_next_fetch_leave_in_one_piece() -> None:
    """One round trip from the announcement to the message."""
    talk = selected()
    talk.connection.send(Idle())
    talk.client()
    talk.server("+ idling", "* 4 EXISTS")
    talk.connection.done()
    talk.connection.send(FETCH)

    assert talk.client() == "DONE\r\nV4 UID FETCH 4:* (UID)\r\n"


def test_announcements_before_and_with_the_plus_count() -> None:
    """I3: untagged lines count in every state, in one segment or octet by octet."""
    lines = b"* 4 EXISTS\r\n+ idling\r\n* 5 EXISTS\r\n* 1 EXPUNGE\r\n"
    for segments in ([lines], [lines[i : i + 1] for i in range(len(lines))]):
        talk = selected()
        tag = talk.connection.send(Idle())
        for segment in segments:
            talk.connection.receive_data(segment)
        assert talk.connection.events() == [
            Exists(count=4),
            IdleStarted(tag=tag),
            Exists(count=5),
            Expunge(seq=1),
        ]


def test_still_here_does_not_end_idle() -> None:
    """I7: it is a sign of life, nothing more."""
    talk = selected()
    talk.connection.send(Idle())
    talk.server("+")

    assert talk.server("* OK Still here") == [Status(kind=Kind.OK, text="Still here")]
    assert talk.connection.idling


def test_done_before_the_plus_waits_for_it() -> None:
    """I8: the server must not read DONE as a command; what follows waits as well."""
    talk = selected()
    talk.connection.send(Idle())
    talk.connection.done()
    talk.connection.send(FETCH)
    assert talk.client() == "V3 IDLE\r\n"

    talk.server("+ idling")
    assert talk.client() == "DONE\r\nV4 UID FETCH 4:* (UID)\r\n"
    assert not talk.connection.idling


@pytest.mark.parametrize("kind", ["NO", "BAD", "OK"])
def test_tagged_answer_instead_of_the_plus_ends_idle(kind: str) -> None:
    """I8: IDLE is unusable here, and the connection is free for other commands."""
    talk = selected()
    talk.connection.send(Idle())
    talk.connection.done()
    talk.connection.send(Noop())
    talk.client()

    assert completed(talk, f"V3 {kind} no").kind.value == kind
    assert talk.client() == "V4 NOOP\r\n"


def test_only_done_is_sent_in_idle() -> None:
    """I13: no timer can race a NOOP into IDLE."""
    talk = selected()
    talk.connection.send(Idle())
    for _ in range(2):
        with pytest.raises(UsageError, match="done"):
            talk.connection.send(Noop())
        talk.server("+")


def test_done_outside_of_idle_is_an_error() -> None:
    """A DONE that ends nothing would be a bad command."""
    with pytest.raises(UsageError, match="none is under way"):
        selected().connection.done()


def test_second_idle_can_follow_done_at_once() -> None:
    """A renewal is one write, and its plus is its own."""
    talk = selected()
    talk.connection.send(Idle())
    talk.server("+")
    talk.connection.done()
    tag = talk.connection.send(Idle())
    assert talk.client() == "V3 IDLE\r\nDONE\r\nV4 IDLE\r\n"

    assert talk.server("V3 OK", "+")[-1] == IdleStarted(tag=tag)


def test_idle_needs_a_folder() -> None:
    """I12: IDLE without SELECT is accepted by servers, and mute."""
    with pytest.raises(UsageError, match="IDLE"):
        logged_in().connection.send(Idle())


# Literals and pipelining.


def test_command_with_a_literal_holds_those_behind_it() -> None:
    """Until the server's plus nothing else is sent; then all follows at once."""
    talk = logged_in("IMAP4rev1")
    talk.connection.send(Select(mailbox=b"\xff"))
    assert talk.client() == "V2 EXAMINE {1}\r\n"
    talk.connection.receive_data(b"+ go\r\n")

    assert talk.connection.data_to_send() == b"\xff\r\n"


def test_refused_literal_frees_the_queue() -> None:
    """P11: NO instead of a plus ends that command, and the next one goes."""
    talk = logged_in("IMAP4rev1")
    talk.connection.send(List(pattern=b"\xff", reference=b"\xfe"))
    talk.connection.send(Noop())
    assert talk.client() == "V2 LIST {1}\r\n"

    assert completed(talk, "V2 BAD no").kind is Kind.BAD
    assert talk.client() == "V3 NOOP\r\n"


@pytest.mark.parametrize(
    ("line", "what"), [("V3 OK", "NOOP"), ("V3 NO", "NOOP"), ("V2 OK", "LIST")]
)
def test_answer_to_what_was_not_sent_is_fatal(line: str, what: str) -> None:
    """P9: a server that answers a command it does not have yet is not to be trusted."""
    talk = logged_in("IMAP4rev1")
    talk.connection.send(List(pattern=b"\xff"))
    talk.connection.send(Noop())
    talk.client()

    error = talk.fatal(line)
    assert isinstance(error, ProtocolError)
    assert what in str(error)


def test_commands_under_way_are_bounded() -> None:
    """A caller that never waits for answers is stopped."""
    talk = logged_in()
    for _ in range(Limits().pipeline):
        talk.connection.send(Noop())

    with pytest.raises(UsageError, match="under way"):
        talk.connection.send(Noop())


def test_command_that_can_not_be_written_changes_nothing() -> None:
    """P10, P11: no byte leaves, no tag is used, the next command works."""
    talk = logged_in()
    with pytest.raises(UsageError):
        talk.connection.send(Select(mailbox=b"X\r\na9 DELETE INBOX"))
    assert talk.client() == ""

    assert talk.connection.send(Select(mailbox=b"X")) == "V2"


def test_unasked_plus_is_passed_over() -> None:
    """A continuation that nobody waits for means nothing."""
    assert selected().server("+ what?") == [Unknown(raw=b"+ what?")]


# Bodies.


def test_large_body_streams_before_its_fetch() -> None:
    """A body above 64 KiB never sits in one buffer."""
    talk = selected()
    talk.connection.send(UidFetch(uids=UidSet([7]), items=(Peek(),)))
    body = b"x" * 200_000
    chunks = talk.server(b"* 1 FETCH (UID 7 BODY[] {200000}\r\n" + body + b")")
    fetch = chunks.pop()

    assert isinstance(fetch, Fetch)
    assert fetch.sections[0].data == Streamed(1, 200_000)
    pieces = [chunk for chunk in chunks if isinstance(chunk, LiteralChunk)]
    assert b"".join(piece.data for piece in pieces) == body
    assert [piece.final for piece in pieces] == [False, False, False, True]


def test_body_can_not_forge_responses() -> None:
    """P1: what stands in a literal is never read as a line."""
    forged = b"\r\n* BYE gone\r\nV3 OK done\r\n"
    talk = selected()
    talk.connection.send(UidFetch(uids=UidSet([7]), items=(Peek(),)))

    (fetch,) = talk.server(b"* 1 FETCH (BODY[] {%d}\r\n%s)" % (len(forged), forged))

    assert isinstance(fetch, Fetch)
    assert fetch.sections[0].data == forged


def test_literal_over_its_limit_is_fatal_and_its_octets_are_not_read() -> None:
    """P1: skipping is not possible, so the connection ends before the body is read as lines."""
    talk = Talk(limits=Limits(literal=10))
    talk.server("* OK hi")

    events = talk.server(b"* 1 FETCH (BODY[] {11}", b"* BYE forged", b"V1 OK forged")

    (fatal,) = events
    assert isinstance(fatal, Fatal)
    assert isinstance(fatal.error, ProtocolError)
    assert talk.connection.state is State.CLOSED


# What goes wrong.


def test_malformed_response_costs_itself() -> None:
    """The responses around it are read, and its octets do not print."""
    before, malformed, after = selected().server(
        "* 4 EXISTS", '* LIST () "/" "hidden', "* 5 EXISTS"
    )

    assert (before, after) == (Exists(count=4), Exists(count=5))
    assert isinstance(malformed, Malformed)
    assert malformed.raw.reveal() == b'* LIST () "/" "hidden'
    assert "hidden" not in repr(malformed)


@pytest.mark.parametrize("line", ["* LIST (", "OLD NO x", "Server Unavailable.", "+ x"])
def test_endless_nonsense_is_fatal(line: str) -> None:
    """P13: a stream of errors is not data; one good response starts the count anew."""
    talk = selected()
    talk.server(*[line] * 999)
    talk.server("* 4 EXISTS")
    talk.server(*[line] * 999)

    error = talk.fatal(line)
    assert isinstance(error, ProtocolError)
    assert "1000 responses" in str(error)


def test_bare_line_of_text_is_passed_on() -> None:
    """A18: Microsoft's ``Server Unavailable.`` stands without a tag."""
    assert selected().server("Server Unavailable.") == [Unknown(raw=b"Server Unavailable.")]


def test_empty_lines_mean_nothing() -> None:
    """Some servers send one between responses."""
    assert selected().server("", "* 4 EXISTS", "\0") == [Exists(count=4)]


def test_bye_fails_what_is_under_way_with_its_words() -> None:
    """C8, I14: nothing waits for the tag of a command after BYE, and nothing more is read."""
    talk = selected()
    talk.connection.send(Noop())

    events = talk.server("* BYE IMAP session state is inconsistent, please relogin.", "* BYE x")

    assert [type(event) for event in events] == [Status, Fatal]
    assert isinstance(events[-1], Fatal)
    assert events[-1].error.reply == "IMAP session state is inconsistent, please relogin."
    assert talk.connection.state is State.CLOSED


def test_logout_ends_in_good_order() -> None:
    """BYE and the end of the stream are what a LOGOUT asked for."""
    talk = selected()
    talk.connection.send(Logout())

    events = talk.server("* BYE see you", "V3 OK bye", "* BYE again")
    talk.connection.receive_eof()

    assert [type(event) for event in events] == [Status, Completed, Status]
    assert talk.connection.events() == []
    assert talk.connection.state is State.CLOSED


def test_nothing_follows_a_logout() -> None:
    """The session is over for the client as soon as it said so."""
    talk = selected()
    talk.connection.send(Logout())

    with pytest.raises(UsageError, match="logout"):
        talk.connection.send(Noop())


def test_end_during_a_fetch_is_a_failure() -> None:
    """P13: a stream that ends in a literal is not a short message."""
    talk = selected()
    talk.connection.send(UidFetch(uids=UidSet([7]), items=(Peek(),)))
    talk.server(b"* 1 FETCH (UID 7 BODY[] {100}")
    talk.connection.receive_eof()

    (fatal,) = talk.connection.events()
    assert isinstance(fatal, Fatal)
    assert "during UID FETCH" in str(fatal.error)


def test_closed_connection_takes_and_gives_nothing() -> None:
    """After Fatal: no event, no byte, no command."""
    talk = selected()
    talk.connection.send(Noop())
    talk.connection.receive_eof()
    talk.connection.events()

    assert talk.server("* 5 EXISTS") == []
    talk.connection.receive_eof()
    assert (talk.connection.events(), talk.client(), talk.connection.in_flight) == ([], "", ())
    with pytest.raises(UsageError, match="closed"):
        talk.connection.send(Noop())


def test_limits_of_a_login_are_not_wrong_passwords() -> None:
    """A1: the class of the error is the server's code, not the command."""
    error = Talk().fatal("* BYE [LIMIT] Maximum number of connections exceeded")

    assert isinstance(error, LimitError)
    assert not isinstance(error, AuthError)


def test_idle_connection_is_small() -> None:
    """Fifty thousand of them have to fit: less than 2 KiB each, all its parts included."""

    def weight(thing: object, seen: set[int]) -> int:
        if id(thing) in seen or isinstance(thing, (type, Limits)):
            return 0
        seen.add(id(thing))
        names = getattr(type(thing), "__slots__", ())
        held = [getattr(thing, name) for name in names if hasattr(thing, name)]
        held += list(thing) if isinstance(thing, (tuple, list)) else []
        return sys.getsizeof(thing) + sum(weight(inner, seen) for inner in held)

    talk = selected(EVERYTHING)
    talk.connection.send(Idle())
    talk.client()
    talk.server("+ idling")

    assert weight(talk.connection, {id(talk.connection.capabilities)}) < 2_048


def test_idle_connection_is_as_small_after_a_large_fetch() -> None:
    """No buffer stays behind what passed through."""
    talk = selected()
    talk.server(b"* 1 FETCH (BODY[] {1000000}\r\n" + b"x" * 1_000_000 + b")")

    assert talk.connection._framer.empty
    assert talk.connection._events is None
