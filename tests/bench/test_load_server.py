"""The load server of the benchmarks: what it counts and carries is what the figures rest on.

Must not know: any figure.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator

import pytest

from bench.load.mail import STAMP, UNANNOUNCED, Mill
from bench.load.options import Load
from bench.load.server import LoadServer, load_server

_PATIENCE = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[LoadServer]:
    with load_server(Load(mailboxes=20, preloaded=3, size=7_000, notify=True)) as running:
        yield running


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


_open: list[imaplib.IMAP4_SSL] = []


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    while _open:
        _open.pop().shutdown()


def opened(server: LoadServer, mailbox: int) -> imaplib.IMAP4_SSL:
    context = ssl.create_default_context(cafile=str(server.ca_file))
    client = imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=_PATIENCE)
    _open.append(client)
    client.login(f"user-{mailbox}", "pass")
    client.select("INBOX")
    return client


def idling(server: LoadServer, mailbox: int) -> imaplib.IMAP4_SSL:
    client = opened(server, mailbox)
    client.send(b"i IDLE\r\n")
    assert client.readline() == b"+ idling\r\n"
    return client


def body(client: imaplib.IMAP4_SSL, uid: int) -> bytes:
    _, rows = client.uid("FETCH", str(uid), "(BODY.PEEK[])")
    found = rows[0]
    assert isinstance(found, tuple)
    return bytes(found[1])


def stamp(raw: bytes) -> int:
    found = STAMP.search(raw)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("size", [500, 7_000, 10_000, 1_000_000])
def test_a_message_has_the_size_that_was_asked_for(size: int) -> None:
    """Whatever the numbers in it, every octet is accounted for."""
    mill = Mill()

    assert len(mill.message(9999, 12345, 10**19 + 1, size)) == size
    assert len(mill.message(0, 1, 0, size)) == size


def test_a_message_carries_the_instant_of_its_announcement(server: LoadServer) -> None:
    """The clock starts when the server writes EXISTS to a client in IDLE."""
    client = idling(server, 1)

    before = time.monotonic_ns()
    server.deliver(1)
    assert client.readline() == b"* 4 EXISTS\r\n"
    after = time.monotonic_ns()
    client.send(b"DONE\r\n")
    client.readline()

    assert before < stamp(body(client, 4)) < after


def test_what_arrived_unseen_is_marked(server: LoadServer) -> None:
    """A message that came while nobody was connected is known by its instant."""
    server.deliver(2)
    until(lambda: server.count(2) == 4)

    assert stamp(body(opened(server, 2), 4)) > UNANNOUNCED


def test_a_mailbox_outlives_its_connection(server: LoadServer) -> None:
    """After a cut the same messages are there, whichever process answers."""
    client = idling(server, 3)
    server.deliver(3)
    client.readline()

    server.drop(3)
    assert client.readline() == b""

    assert body(opened(server, 3), 4)
    assert server.count(3) == 4


def test_mail_for_all_comes_to_all(server: LoadServer) -> None:
    """Every mailbox of the range gets one message, and its client is told."""
    clients = [idling(server, mailbox) for mailbox in range(4, 8)]
    until(lambda: server.stats().watching >= 4)

    server.deliver_all(4, 8)

    assert [client.readline() for client in clients] == [b"* 4 EXISTS\r\n"] * 4


def test_notify_hands_the_message_over_at_once(server: LoadServer) -> None:
    """With items in NOTIFY, announcement and message come together, unasked."""
    client = opened(server, 9)
    client.send(
        b"n NOTIFY SET (selected (MessageNew (UID BODY.PEEK[]<0.65536>) MessageExpunge))\r\n"
    )
    assert client.readline() == b"n OK done\r\n"

    server.deliver(9)

    assert client.readline() == b"* 4 EXISTS\r\n"
    assert client.readline() == b"* 4 FETCH (UID 4 BODY[]<0> {7000}\r\n"


def test_a_restart_cuts_everybody_and_lets_them_in_again() -> None:
    """While it is down nobody gets in; afterwards the mail is where it was."""
    with load_server(Load(mailboxes=1, processes=1, preloaded=2)) as server:
        client = idling(server, 0)

        server.restart(0.5)
        assert client.readline() == b""
        with pytest.raises(ConnectionRefusedError):
            opened(server, 0)

        until(lambda: _is_back(server))
        assert server.count(0) == 2


def _is_back(server: LoadServer) -> bool:
    try:
        opened(server, 0)
    except OSError:
        return False
    return True


def test_a_round_trip_takes_its_time() -> None:
    """What a client sends is heard later; what the server sends is there at once."""
    with load_server(Load(mailboxes=1, round_trip=0.05, transcript=0)) as server:
        client = idling(server, 0)

        begun = time.monotonic()
        server.deliver(0)
        client.readline()
        client.send(b"DONE\r\n")
        client.readline()

        assert time.monotonic() - begun >= 0.05
        assert [note[2] for note in server.transcript()[-3:]] == [
            "* 1 EXISTS\r\n",
            "DONE\r\n",
            "i OK done\r\n",
        ]


def test_a_second_login_is_resumed_by_any_process() -> None:
    """The keys of the tickets are the same in all processes."""
    with load_server(Load(mailboxes=8, processes=4)) as server:
        context = ssl.create_default_context(cafile=str(server.ca_file))
        session = None
        for _ in range(8):
            with (
                _connected(server) as raw,
                context.wrap_socket(raw, server_hostname="localhost", session=session) as sock,
            ):
                sock.recv(100)
                session = session or sock.session
        until(lambda: server.stats().connections == 0)

        assert (server.stats().full, server.stats().resumed) == (1, 7)


def _connected(server: LoadServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=_PATIENCE)
