"""The demo server through real sockets: an independent client, our own, and bad ones."""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from tests.demo.conftest import PASSWORD
from tests.demo.talk import HELLO
from vedette.demo import server as module
from vedette.demo.server import DemoServer
from vedette.engine.login import log_in
from vedette.engine.session import Session
from vedette.engine.tap import Taps
from vedette.imap import (
    Append,
    AskId,
    AskNamespace,
    AskStatus,
    Command,
    Completed,
    Connection,
    ESearch,
    Event,
    Exists,
    Expunge,
    Fatal,
    Fetch,
    FetchItem,
    Id,
    InUids,
    Kind,
    List,
    ListItem,
    Login,
    Logout,
    Malformed,
    Namespace,
    Peek,
    SearchReturn,
    Select,
    State,
    StatusField,
    StatusItem,
    StoreMode,
    UidFetch,
    UidMove,
    UidSearch,
    UidSet,
    UidStore,
    Unknown,
    Unselect,
)
from vedette.model.account import Account, Credentials
from vedette.model.ids import AccountId, TenantId
from vedette.net.dial import SocketDialer
from vedette.ports.link import Encryption, Target
from vedette.secret import Secret

T = TypeVar("T")
PATIENCE = 60.0


async def independently(server: DemoServer, talk: Callable[[imaplib.IMAP4], T]) -> T:
    """Let the standard library's client talk to the server, on a thread."""

    def session() -> T:
        with imaplib.IMAP4(server.host, server.port, timeout=PATIENCE) as client:
            client.login("anna", PASSWORD)
            return talk(client)

    return await asyncio.to_thread(session)


async def test_the_client_of_the_standard_library_can_do_everything(server: DemoServer) -> None:
    """Every command that it has and the server knows is answered with OK."""

    def talk(client: imaplib.IMAP4) -> list[str]:
        answers = [
            client.noop(),
            client.list(),
            client.lsub(),
            client.namespace(),
            client.create("Work/2026"),
            client.subscribe("Work"),
            client.append("INBOX", "(\\Flagged)", None, HELLO),
            client.append("INBOX", None, None, HELLO),
            client.status("INBOX", "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT)"),
            client.select("INBOX"),
            client.check(),
            client.search(None, "FLAGGED"),
            client.search("UTF-8", "SUBJECT", '"Hello"'),
            client.uid("SEARCH", "SINCE", "1-Jan-2026"),
            client.fetch("1:*", "(FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"),
            client.fetch("1", "FAST"),
            client.fetch("1", "(RFC822.HEADER RFC822.TEXT)"),
            client.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)]<0.10>)"),
            client.uid("STORE", "1", "+FLAGS", "(\\Answered)"),
            client.copy("1", "Work"),
            client.uid("COPY", "1:2", "Work/2026"),
            client.uid("MOVE", "1", "Junk"),
            client.store("1", "+FLAGS.SILENT", "(\\Deleted)"),
            client.expunge(),
            client.close(),
            client.select("Work/2026", readonly=True),
            client.unselect(),
            client.delete("Work/2026"),
            client.capability(),
        ]
        return [answer[0] for answer in answers]

    assert set(await independently(server, talk)) == {"OK"}
    drop = server.drops["anna"]
    assert {name: len(box) for name, box in drop.mailboxes.items()} == {
        "INBOX": 0,
        "Junk": 1,
        "Work": 1,
    }


async def test_the_client_of_the_standard_library_logs_in_with_sasl(server: DemoServer) -> None:
    """AUTHENTICATE PLAIN through its own code."""

    def session() -> tuple[str, str]:
        with imaplib.IMAP4(server.host, server.port, timeout=PATIENCE) as client:
            said = client.authenticate("PLAIN", lambda _: b"\0anna\0" + PASSWORD.encode())
            return said[0], client.state

    assert await asyncio.to_thread(session) == ("OK", "AUTH")


async def test_what_it_reads_is_what_was_delivered(server: DemoServer) -> None:
    """Octets come back as they went in, whatever they are."""
    octets = b"Subject: x\r\n\r\n" + bytes(range(1, 256)) + b")\r\n* 1 EXISTS\r\n"
    server.deliver("anna", octets)

    def talk(client: imaplib.IMAP4) -> object:
        client.select("INBOX")
        row = client.fetch("1", "(BODY.PEEK[])")[1][0]
        return row[1] if isinstance(row, tuple) else row

    assert await independently(server, talk) == octets


async def ours(server: DemoServer) -> Session:
    """Log in with Vedette's own client."""
    account = Account(
        id=AccountId("a"),
        tenant=TenantId("t"),
        email="anna",
        credentials=Credentials(user="anna", password=Secret(PASSWORD)),
    )
    target = Target(host=server.host, port=server.port, encryption=Encryption.NONE, private=True)
    return await log_in(account, target, _World())  # type: ignore[arg-type]


class _World:
    """What a login needs of the engine's world."""

    dialer = SocketDialer()
    taps = Taps()

    class clock:  # noqa: N801 - stands for an instance
        now = staticmethod(time.time)


async def test_our_own_parser_understands_every_answer(server: DemoServer) -> None:
    """No answer of the server is malformed, unknown, or defective to ``vedette.imap``."""
    server.deliver("anna", HELLO)
    items = (
        FetchItem.UID,
        FetchItem.FLAGS,
        FetchItem.INTERNALDATE,
        FetchItem.SIZE,
        Peek(partial=(0, 65_536)),
        Peek(section=b"HEADER.FIELDS (MESSAGE-ID SUBJECT)"),
    )
    every, first = UidSet.since(1), UidSet([1])
    events = await conversation(
        server,
        Login(user="anna", password=Secret(PASSWORD)),
        AskId(),
        AskNamespace(),
        List(special_use=True),
        AskStatus(mailbox=b"INBOX", fields=(StatusField.UIDNEXT, StatusField.UIDVALIDITY)),
        Append(mailbox=b"INBOX", message=HELLO, flags=("\\Flagged",)),
        Select(mailbox=b"INBOX", read_only=False),
        UidFetch(uids=every, items=items),
        UidSearch(criteria=(InUids(uids=every),), returns=(SearchReturn.ALL,)),
        UidStore(uids=first, flags=("\\Answered",), mode=StoreMode.ADD),
        UidMove(uids=first, mailbox=b"Junk"),
        Unselect(),
        Logout(),
    )
    assert not [each for each in events if isinstance(each, Malformed | Unknown | Fatal)]
    assert not [each for each in events if isinstance(each, Fetch) and each.defects]
    answers = [each for each in events if isinstance(each, Completed)]
    assert {each.kind for each in answers} == {Kind.OK}
    kinds = {type(each) for each in events}
    assert {Namespace, ListItem, StatusItem, Fetch, ESearch, Exists, Expunge, Id} <= kinds
    (found,) = [each for each in events if isinstance(each, ESearch)]
    assert found.all == UidSet([1, 2])
    body = next(each for each in events if isinstance(each, Fetch)).section(b"")
    assert body is not None
    assert (body.data, body.origin) == (HELLO, 0)


async def conversation(server: DemoServer, *commands: Command) -> list[Event]:
    """Run commands one after the other on a connection; return every event of it."""
    connection = Connection(encrypted=False)
    reader, writer = await asyncio.open_connection(server.host, server.port)
    events: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        while connection.state is State.GREETING:
            connection.receive_data(await reader.read(65_536))
        for command in commands:
            connection.send(command)
            while connection.in_flight:
                writer.write(connection.data_to_send())
                connection.receive_data(await reader.read(65_536))
                events += connection.events()
    writer.close()
    return events


async def test_a_push_reaches_an_idling_client_at_once(server: DemoServer) -> None:
    """EXISTS comes by itself, and a departure as EXPUNGE."""
    session = await ours(server)
    await session.examine(b"INBOX")
    loop = asyncio.get_running_loop()
    uid = 0

    def deliver() -> None:
        nonlocal uid
        uid = server.deliver("anna", HELLO).uid

    loop.call_later(0.05, deliver)
    await session.idle(loop.time() + PATIENCE, enough=lambda: session.grown == 1)
    assert (session.grown, session.exists) == (1, 1)
    server.drops["anna"].mailboxes["INBOX"].expunge(uid)
    await session.idle(loop.time() + PATIENCE, enough=lambda: session.exists == 0)
    assert session.exists == 0
    await session.logout()


async def test_a_cut_server_is_gone_and_comes_back_on_its_port(server: DemoServer) -> None:
    """Connections are reset, new ones refused, and the mail of the meantime is there."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    await reader.readline()
    port = server.port
    server.cut()
    server.deliver("anna", HELLO)
    async with asyncio.timeout(PATIENCE):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(server.host, port)
    await server.start()
    assert server.port == port
    assert await independently(server, lambda client: client.select("INBOX")) == ("OK", [b"1"])


async def test_a_silent_stranger_is_shown_out(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that never logs in ends with BYE."""
    monkeypatch.setattr(module, "LOGIN_PATIENCE", 0.05)
    reader, writer = await asyncio.open_connection(server.host, server.port)
    async with asyncio.timeout(PATIENCE):
        said = await reader.read()
    assert said.endswith(b"* BYE silent for too long\r\n")
    writer.close()


async def test_a_client_that_does_not_read_is_not_read_from(server: DemoServer) -> None:
    """A flood of commands is answered no further than the client reads; then all of it is."""
    server.deliver("anna", b"x" * 100_000)
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=1024)
    writer.write(f'a LOGIN anna "{PASSWORD}"\r\nb EXAMINE INBOX\r\n'.encode())
    writer.write(b"c FETCH 1 BODY.PEEK[]\r\n" * 300 + b"d LOGOUT\r\n")
    (link,) = server._links
    async with asyncio.timeout(PATIENCE):
        while not link._paused:  # noqa: ASYNC110 - pausing is the transport's doing, without an event
            await asyncio.sleep(0.01)
        transport = link._transport
        assert transport is not None
        assert transport.get_write_buffer_size() < module.MAX_WAITING + 200_000
        total = 0
        while data := await reader.read(1 << 20):
            total += len(data)
    assert total > 300 * 100_000
    writer.close()


async def test_hundreds_of_idle_clients_are_served(server: DemoServer) -> None:
    """One message is pushed to every client that idles on the mailbox."""
    count = 300

    async def idle() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(f'a LOGIN anna "{PASSWORD}"\r\nb EXAMINE INBOX\r\nc IDLE\r\n'.encode())
        await reader.readuntil(b"+ idling\r\n")
        return reader, writer

    async with asyncio.timeout(60):
        clients = await asyncio.gather(*(idle() for _ in range(count)))
        assert server.connections == count
        server.deliver("anna", HELLO)
        await asyncio.gather(*(reader.readuntil(b"* 1 EXISTS\r\n") for reader, _ in clients))
    for _, writer in clients:
        writer.close()


async def test_stop_says_bye_and_may_be_called_again(server: DemoServer) -> None:
    """Everybody is told, and nothing is left open."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    await reader.readline()
    stopping = asyncio.create_task(server.stop())
    async with asyncio.timeout(PATIENCE):
        assert await reader.read() == b"* BYE the server is stopping\r\n"
        writer.close()
        await stopping
        await server.stop()
    assert server.connections == 0


async def test_one_connection_too_many_is_told_so(
    server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are not disturbed."""
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 1)
    first, kept = await asyncio.open_connection(server.host, server.port)
    await first.readline()
    second, refused = await asyncio.open_connection(server.host, server.port)
    async with asyncio.timeout(PATIENCE):
        assert (await second.read()).endswith(b"* BYE too many connections\r\n")
        kept.write(b"a NOOP\r\n")
        assert await first.readline() == b"a OK done\r\n"
    for writer in (kept, refused):
        writer.close()


async def test_a_listener_that_never_reads_is_dropped(server: DemoServer) -> None:
    """What waits for one idle client is bounded, beyond what the kernel holds."""
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=1024)
    box = server.drops["anna"].mailboxes["INBOX"]
    mail = server.deliver("anna", HELLO)
    writer.write(f'a LOGIN anna "{PASSWORD}"\r\nb EXAMINE INBOX\r\nc IDLE\r\n'.encode())
    async with asyncio.timeout(PATIENCE):
        await reader.readuntil(b"+ idling\r\n")
        # Each push is 100 KB; no kernel holds 50 MB for one connection.
        for number in range(500):
            box.flag(mail, {"k" * 100_000 + str(number)})
            await asyncio.sleep(0)
        while server.connections:  # noqa: ASYNC110 - the server tells nobody of a drop
            await asyncio.sleep(0.01)
    assert not box.viewers
    writer.close()
