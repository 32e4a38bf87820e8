"""The Dovecot of the tests does what the tests of the product build on.

Must not know: the product.
"""

from __future__ import annotations

import imaplib
import os
import signal
import ssl
from collections.abc import Callable

import pytest

from tests.support.closed import closed
from tests.support.dovecot import Dovecot
from tests.support.process import group_lives, wait_until

pytestmark = pytest.mark.server

NOTE = b"Message-ID: <note@example.org>\r\nSubject: note\r\n\r\nHello\r\n"


def test_every_user_has_the_special_folders(dovecot: Dovecot, user: str) -> None:
    """A new user finds INBOX and the folders of special use."""
    with dovecot.client(user) as client:
        _, lines = client.list()

    listing = b"\n".join(line for line in lines if isinstance(line, bytes)).decode()
    for name in ("Junk", "Sent", "Drafts", "Trash", "Archive"):
        assert f'\\{name}) "/" {name}' in listing
    assert "INBOX" in listing


def test_the_full_server_offers_push_and_quick_resync(dovecot: Dovecot, user: str) -> None:
    """IDLE, NOTIFY, CONDSTORE, QRESYNC and MOVE are announced after login."""
    with dovecot.client(user) as client:
        _, (words, *_) = client.capability()

    assert {b"IDLE", b"NOTIFY", b"CONDSTORE", b"QRESYNC", b"MOVE"} <= set(words.split())


def test_the_plain_server_offers_neither_push_nor_quick_resync(
    plain_dovecot: Dovecot, user: str
) -> None:
    """None of IDLE, NOTIFY, CONDSTORE, QRESYNC and MOVE is announced, before login or after."""
    with plain_dovecot.client(None) as client:
        before = set(client.capabilities)
    with plain_dovecot.client(user) as client:
        _, (words, *_) = client.capability()

    after = set(words.decode().split())

    assert {"IDLE", "NOTIFY", "CONDSTORE", "QRESYNC", "MOVE"}.isdisjoint(before | after)
    assert "UIDPLUS" in after


def test_tls_is_trusted_by_way_of_the_authority_of_the_tests(dovecot: Dovecot, user: str) -> None:
    """A verifying client connects, with TLS at once or by STARTTLS."""
    trust = ssl.create_default_context(cafile=str(dovecot.ca_file))

    client = imaplib.IMAP4_SSL(dovecot.host, dovecot.tls_port, ssl_context=trust, timeout=60)
    with closed(client):
        assert client.login(user, dovecot.password)[0] == "OK"
    with dovecot.client(None) as other:
        assert other.starttls(trust)[0] == "OK"


def test_a_wrong_password_is_refused(dovecot: Dovecot, user: str) -> None:
    """Only the one password logs in."""
    with (
        dovecot.client(None) as client,
        pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"),
    ):
        client.login(user, "wrong")


def test_holdings_tell_what_was_appended_and_delivered(dovecot: Dovecot, user: str) -> None:
    """Messages by APPEND and by LMTP are held with folder, UID and Message-ID."""
    dovecot.append(user, "INBOX", NOTE)
    dovecot.deliver(user, NOTE.replace(b"note@", b"mail@"))
    dovecot.deliver(user, NOTE.replace(b"note@", b"spam@"), folder="Junk")
    dovecot.append(user, "Projects/New house", b"Subject: no id\r\n\r\nHello\r\n")

    held = [(h.folder, h.uid, h.message_id) for h in dovecot.holdings(user)]

    assert held == [
        ("INBOX", 1, "<note@example.org>"),
        ("INBOX", 2, "<mail@example.org>"),
        ("Junk", 1, "<spam@example.org>"),
        ("Projects/New house", 1, ""),
    ]


def test_a_message_moves_under_the_feet_of_others(dovecot: Dovecot, user: str) -> None:
    """`move` takes a message from one folder to another."""
    dovecot.append(user, "INBOX", NOTE)

    dovecot.move(user, "INBOX", "Archive")

    assert [h.folder for h in dovecot.holdings(user)] == ["Archive"]


def test_expunged_messages_are_gone(dovecot: Dovecot, user: str) -> None:
    """`expunge` leaves nothing behind."""
    dovecot.append(user, "INBOX", NOTE)

    dovecot.expunge(user, "INBOX")

    assert dovecot.holdings(user) == []


def test_uid_validity_can_be_reset(dovecot: Dovecot, user: str) -> None:
    """A reset gives a higher UIDVALIDITY and keeps the messages."""
    dovecot.append(user, "INBOX", NOTE)
    before = dovecot.uid_validity(user, "INBOX")

    fresh = dovecot.reset_uid_validity(user, "INBOX")

    assert fresh > before
    assert [h.uid_validity for h in dovecot.holdings(user)] == [fresh]


def test_the_process_of_a_session_is_known(dovecot: Dovecot, user: str) -> None:
    """The `imap` process of a user can be stopped and goes on when continued."""
    with dovecot.client(user) as client:
        (pid,) = dovecot.session_pids(user)
        client.sock.settimeout(0.2)

        os.kill(pid, signal.SIGSTOP)

        with pytest.raises(TimeoutError):
            client.noop()
        os.kill(pid, signal.SIGCONT)


def test_a_killed_server_leaves_nothing_and_comes_back(
    make_dovecot: Callable[..., Dovecot], user: str
) -> None:
    """After a kill no process of it lives; after a start its mail is there on the same port."""
    server = make_dovecot()
    server.append(user, "INBOX", NOTE)
    group = server.process_group
    with server.client(user) as client:
        server.kill()

        with pytest.raises((imaplib.IMAP4.abort, ConnectionError)):
            client.noop()
    wait_until(lambda: not group_lives(group), within=60, what="the last process to end")
    server.start()
    assert len(server.holdings(user)) == 1


def test_connections_per_user_can_be_limited(
    make_dovecot: Callable[..., Dovecot], user: str
) -> None:
    """Beyond `max_connections` a login is refused."""
    server = make_dovecot(max_connections=1)
    with (
        server.client(user),
        pytest.raises(imaplib.IMAP4.error, match="Maximum number of connections"),
        server.client(user),
    ):
        pass


@pytest.mark.parametrize("store", ["maildir", "mdbox"])
def test_new_mail_is_announced_to_an_idle_session(
    make_dovecot: Callable[..., Dovecot], user: str, store: str
) -> None:
    """An idle session hears of a delivery without asking."""
    server = make_dovecot(store=store)
    with server.client(user) as client:
        idle(client)

        server.deliver(user, NOTE)

        assert client.readline() == b"* 1 EXISTS\r\n"


def test_a_session_can_hibernate(make_dovecot: Callable[..., Dovecot], user: str) -> None:
    """With `hibernate` an idle session needs no process of its own and still hears of mail."""
    server = make_dovecot(hibernate="1 secs")
    with server.client(user) as client:
        idle(client)
        wait_until(
            lambda: "imap-hibernate" in server.doveadm("process", "status"),
            within=60,
            what="the session to hibernate",
        )

        server.deliver(user, NOTE)

        assert client.readline() == b"* 1 EXISTS\r\n"


def idle(client: imaplib.IMAP4) -> None:
    client.select()
    client.send(b"a IDLE\r\n")
    assert client.readline().startswith(b"+")
