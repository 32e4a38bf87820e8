"""The Courier of the tests does what the tests of the product build on.

Must not know: the product.
"""

from __future__ import annotations

import imaplib
import ssl
import time

import pytest

from tests.support.books import letter, new_token
from tests.support.closed import closed
from tests.support.courier import Courier

pytestmark = pytest.mark.server

NOTE = b"Message-ID: <note@example.org>\r\nSubject: note\r\n\r\nHello\r\n"


def test_courier_is_a_server_without_quick_resync(courier: Courier, user: str) -> None:
    """It announces IDLE and UIDPLUS, and neither MOVE, CONDSTORE nor SPECIAL-USE."""
    with courier.client(user) as client:
        _, (words, *_) = client.capability()

    assert {b"IDLE", b"UIDPLUS"} <= set(words.split())
    assert {b"MOVE", b"CONDSTORE", b"SPECIAL-USE"}.isdisjoint(words.split())


def test_courier_over_tls_is_trusted_by_way_of_the_authority_of_the_tests(
    courier: Courier, user: str
) -> None:
    """A verifying client connects over TLS and logs in."""
    trust = ssl.create_default_context(cafile=str(courier.ca_file))

    client = imaplib.IMAP4_SSL(courier.host, courier.tls_port, ssl_context=trust, timeout=60)
    with closed(client):
        assert client.login(user, courier.password)[0] == "OK"


def test_courier_refuses_a_wrong_password(courier: Courier, user: str) -> None:
    """Only the one password logs in."""
    with (
        courier.client(None) as client,
        pytest.raises(imaplib.IMAP4.error, match="Login failed"),
    ):
        client.login(user, "wrong")


def test_courier_holds_what_was_appended(courier: Courier, user: str) -> None:
    """APPEND creates the folder and stores the message."""
    courier.append(user, "INBOX.Projects", NOTE)

    with courier.client(user) as client:
        assert client.select("INBOX.Projects") == ("OK", [b"1"])


def test_courier_announces_delivered_mail_to_an_idle_session(courier: Courier, user: str) -> None:
    """An idle session hears of mail that a mail system delivers."""
    with courier.client(user) as client:
        client.select()
        client.send(b"a IDLE\r\n")
        assert client.readline().startswith(b"+")

        courier.deliver(user, NOTE)

        assert client.readline() == b"* 1 EXISTS\r\n"


def _uids(client: imaplib.IMAP4) -> list[bytes]:
    """Return the UIDs and subjects that the open folder has now."""
    client.noop()
    _, rows = client.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    return [part for row in rows if isinstance(row, tuple) for part in (row[0], row[1].strip())]


@pytest.mark.parametrize("readonly", [False, True], ids=["selected", "examined"])
def test_messages_of_courier_keep_their_uids_however_far_apart_they_came(
    courier: Courier, user: str, *, readonly: bool
) -> None:
    """Those that come later get higher UIDs, and nothing is shown under a second one."""
    began = time.time_ns()
    with courier.client(user) as client:
        client.select("INBOX", readonly=readonly)
        known: list[bytes] = []
        for tenths in range(0, 50, 7):
            courier.deliver(user, letter(new_token()), at=began + tenths * 100_000_000)

            rows = _uids(client)

            assert rows[: len(known)] == known
            assert len(rows) == len(known) + 2
            known = rows
