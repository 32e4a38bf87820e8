"""Whatever a server says of a message and whatever stands in it, there is an event that tells it.

An event that can not be made is a message that is lost, and each look at its folder fails anew.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from vedette import mime
from vedette.imap import Fetch
from vedette.imap.names import decode_name
from vedette.model.account import Account, Credentials, Depth
from vedette.model.event import Event, EventType
from vedette.model.folder import Folder
from vedette.model.ids import AccountId, TenantId, message_event_id
from vedette.outbox.envelope import render
from vedette.outbox.message import Facts, met_before, received, unparseable

NOW = 1_700_000_000.0

#: Text of a server: no octets that are none, but lone surrogates, which modified UTF-7 can spell.
WORDS = st.text(st.characters(), max_size=20)

DATES = (
    st.from_regex(
        r"(0[1-9]|[12]\d|3[01])-(Jan|Dec)-(000[01]|1970|9999)"
        r" [0-2]\d:[0-5]\d:(59|60) [+-](00|01|14|23|24|99)[0-9]{2}",
        fullmatch=True,
    )
    | WORDS
)

ROWS = st.builds(
    Fetch,
    seq=st.just(0),
    uid=st.integers(1, 2**32 - 1),
    flags=st.none() | st.frozensets(WORDS, max_size=4),
    internal_date=st.none() | DATES,
    size=st.none() | st.integers(0, 2**63 - 1),
    email_id=st.none() | WORDS,
    thread_id=st.none() | WORDS,
    gm_message_id=st.none() | st.integers(1, 2**64 - 1),
    gm_thread_id=st.none() | st.integers(1, 2**64 - 1),
    gm_labels=st.none() | st.lists(st.binary(max_size=20), max_size=3).map(tuple),
)

#: Headers and bodies with what a JSON text can stumble over.
MAILS = st.binary(max_size=200) | st.builds(
    lambda name, value, body: name.encode() + b": " + value + b"\r\n\r\n" + body,
    st.sampled_from(["From", "Subject", "Date", "Content-Type", "X-Thing"]),
    st.sampled_from([b"=?utf-16?B?2AA=?=", b"=?utf-7?Q?+2AA-?=", b"a\0b", b"\xed\xa0\x80"])
    | st.binary(max_size=40),
    st.sampled_from([b"\xed\xa0\x80", b"\0\1\x7f\xc2\x85", b"\xff\xfe\x00\xd8"])
    | st.binary(max_size=40),
)


def facts(row: Fetch, path: bytes, depth: Depth) -> Facts:
    return Facts(
        account=Account(
            id=AccountId("anna"),
            tenant=TenantId("acme"),
            email="anna@example.com",
            credentials=Credentials(user="anna"),
            depth=depth,
        ),
        folder=Folder(path=path, name=decode_name(path)),
        uid_validity=7,
        row=row,
        announced_at=NOW,
        fetched_at=NOW,
        seen_before=False,
    )


def event(known: Facts, kind: EventType, data: dict[str, Any]) -> Event:
    path, uid = known.folder.path, known.row.uid or 0
    return Event(
        id=message_event_id(known.account.id, path, known.uid_validity, uid, kind),
        type=kind,
        tenant=known.account.tenant,
        account=known.account.id,
        time=NOW,
        subject=f"{known.folder.name};UIDVALIDITY=7/;UID={uid}",
        lane=path,
        data=data,
    )


@given(row=ROWS, mail=MAILS, path=st.binary(max_size=30), depth=st.sampled_from(Depth))
@example(
    row=Fetch(seq=1, uid=1, internal_date="01-Jan-0001 00:00:00 +0100"),
    mail=b"",
    path=b"INBOX",
    depth=Depth.TEXT,
)
@example(
    row=Fetch(seq=1, uid=1, internal_date="31-Dec-9999 23:59:59 -0100", gm_labels=(b"&2AA-",)),
    mail=b"",
    path=b"&2AA-",
    depth=Depth.TEXT,
)
def test_every_message_has_an_event(row: Fetch, mail: bytes, path: bytes, depth: Depth) -> None:
    """The three bodies of an event are JSON of UTF-8, and say which message it is."""
    known = facts(row, path, depth)
    message = mime.read(mail, depth=mime.Depth(depth.value))
    told = event(known, EventType.MESSAGE_RECEIVED, received(known, message, NOW))
    given_up = unparseable(known, mime.read_header(mail), NOW)

    first, again, last = (
        json.loads(body.decode("utf-8"))["data"]
        for body in (
            render(told),
            met_before(told),
            render(event(known, EventType.MESSAGE_UNPARSEABLE, given_up)),
        )
    )

    assert first["uid"] == last["uid"] == row.uid
    assert first["size"] == row.size
    assert again == {**first, "seenBefore": True}
