"""Examples of every event, rendered by the code that renders the real ones.

Messages are read by the mail reader, wrapped by ``outbox`` and rendered as
bytes; only the instants are fixed. Must not know: what a field means.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any

from vedette import mime
from vedette.demo import messages
from vedette.errors import Trouble
from vedette.imap import Fetch
from vedette.model.account import Account, AccountState, Credentials, Depth, Health
from vedette.model.action import Decision, JournalEntry, Place
from vedette.model.cursor import Cursor, FolderState
from vedette.model.delivery import EndpointState
from vedette.model.event import Event, EventType
from vedette.model.folder import Folder
from vedette.model.ids import AccountId, EndpointId, TenantId, action_id, message_event_id
from vedette.model.tally import Tally
from vedette.outbox import action, occurrence, protection
from vedette.outbox.envelope import render
from vedette.outbox.message import Facts, received, unparseable

#: 2026-11-20 10:00:05 UTC: announced, fetched 20 ms later, committed 3 ms after that.
ANNOUNCED = 1_795_168_805.0
FETCHED = ANNOUNCED + 0.020
NOW = FETCHED + 0.003
ACCOUNT = Account(
    id=AccountId("anna"),
    tenant=TenantId("default"),
    email=messages.ANNA,
    credentials=Credentials(user=messages.ANNA),
    trusted_authserv=("mx.demo.example",),
)
INBOX = Folder(path=b"INBOX", name="INBOX", delimiter="/", special_use="\\Inbox")
UID_VALIDITY = 1_700_000_000

#: Everything a message can hold, so that every field of the contract shows.
RICH = """\
Authentication-Results: mx.demo.example; spf=pass smtp.mailfrom=shop.example;
 dkim=pass header.d=shop.example; dmarc=pass header.from=shop.example; arc=none
From: Carla Rossi <carla@shop.example>
Sender: desk@shop.example
Reply-To: desk@shop.example
To: Anna <anna@demo.example>
Cc: sales@demo.example
Bcc: audit@demo.example
Subject: Re: Order 4711
Message-ID: <order-4711-2@shop.example>
In-Reply-To: <order-4711@demo.example>
References: <order-4711@demo.example>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

It has come, thank you.

On Thu, 19 Nov 2026 at 09:12, Anna <anna@demo.example> wrote:
> Has order 4711 come?
--b
Content-Type: application/pdf; name="receipt.pdf"
Content-Disposition: attachment; filename="receipt.pdf"
Content-Transfer-Encoding: base64

{pdf}
--b
Content-Type: image/png
Content-ID: <logo@shop.example>
Content-Disposition: inline
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b
Content-Type: message/rfc822

From: Dan <dan@shop.example>
To: carla@shop.example
Subject: Packed
Message-ID: <packed@shop.example>
Date: Thu, 19 Nov 2026 08:00:00 +0100

Packed this morning.
--b--
""".format(pdf=base64.b64encode(b"%PDF-1.4 receipt").decode())

#: What the mail of the demonstration leaves out of an invitation, a bounce and a sealed message.
INVITATION = """\
From: Eva <eva@shop.example>
Content-Type: text/calendar; method=REQUEST

BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
UID:1@shop.example
DTSTART:20261201T100000Z
SEQUENCE:2
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
"""
BOUNCE = """\
From: Mail Delivery System <mailer-daemon@mx.demo.example>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It did not go through.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.demo.example

Original-Recipient: rfc822; Nobody@gone.example
Final-Recipient: rfc822; nobody@gone.example
Remote-MTA: dns; mx.gone.example
Action: failed
Status: 5.1.1
--b--
"""
SEALED = """\
From: Eva <eva@shop.example>
Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m

"""


@cache
def examples() -> dict[str, dict[str, Any]]:
    """Return one rendered event of each type, as JSON."""
    found = {event.type.value: json.loads(render(event)) for event in events()}
    missing = {kind.value for kind in EventType} - found.keys()
    if missing:
        raise LookupError(f"there is no example of {', '.join(sorted(missing))}")
    return found


def events() -> Iterator[Event]:
    """Yield one event of each type."""
    rich = messages.Letter(user=messages.ANNA, text=RICH).octets(ANNOUNCED)
    yield message(EventType.MESSAGE_RECEIVED, rich, uid=42)
    yield message(EventType.MESSAGE_UNPARSEABLE, messages.PLAIN.octets(ANNOUNCED), uid=43)
    yield occurrence.missing(ACCOUNT, INBOX, UID_VALIDITY, 44, NOW)
    yield occurrence.reset(
        ACCOUNT, INBOX, UID_VALIDITY, UID_VALIDITY + 1, listed=120, untold=2, now=NOW
    )
    cursor = Cursor(uid_validity=UID_VALIDITY, last_uid=47)
    days = [Tally(date(2026, 11, 19), 118, 0, 0), Tally(date(2026, 11, 20), 41, 0, 2)]
    held = FolderState(path=INBOX.path, cursor=cursor)
    yield occurrence.incomplete(ACCOUNT, INBOX, held, days, (45, 46), NOW)
    token = sha256(b"a probe").hexdigest()[:32]
    yield occurrence.canary_arrived(ACCOUNT, INBOX, token, int(ANNOUNCED), NOW)
    health = Health(account=ACCOUNT.id, tenant=ACCOUNT.tenant, email=ACCOUNT.email, since=NOW)
    troubles = {
        AccountState.CONNECTED: (None, None),
        AccountState.DEGRADED: (Trouble.NETWORK, "mail.demo.example:993: Connection refused"),
        AccountState.AUTH_FAILED: (
            Trouble.AUTH,
            "the server answered NO to AUTHENTICATE: Authentication failed.",
        ),
        AccountState.PAUSED: (
            Trouble.AUTH,
            "the server answered NO to AUTHENTICATE: Authentication failed.",
        ),
    }
    for state, (trouble, error) in troubles.items():
        changed = occurrence.state_changed(
            ACCOUNT, replace(health, state=state, trouble=trouble, error=error)
        )
        if changed is not None:
            yield changed
    yield occurrence.endpoint_disabled(
        EndpointState(id=EndpointId("crm"), disabled_at=NOW, disabled_reason="HTTP 410 Gone"), NOW
    )
    yield from guards()


def guards() -> Iterator[Event]:
    """Yield one event of each type that guards make."""
    origin = Place(folder=INBOX.path, uid_validity=UID_VALIDITY, uid=45)
    entry = JournalEntry(
        id=action_id(ACCOUNT.id, INBOX.path, UID_VALIDITY, 45, "gambling", "quarantine"),
        tenant=ACCOUNT.tenant,
        account=ACCOUNT.id,
        guard="gambling",
        version="9f2c1ab07e44",
        action="quarantine",
        kind="move",
        target="Quarantine",
        origin=origin,
        reason="a person asked",
        at=NOW,
        changed=NOW,
    )
    yield action.decided(ACCOUNT, decision(entry))
    yield action.tripped(ACCOUNT, entry.guard, entry.version, "actions_per_hour", NOW)
    there = Place(folder=b"Quarantine", uid_validity=UID_VALIDITY + 7, uid=3)
    yield action.applied(ACCOUNT, entry, there, NOW)
    refused = "imap.demo.example refused: Mailbox is full"
    yield action.failed(ACCOUNT, entry, refused, NOW)
    yield action.undone(ACCOUNT, entry, "vedette", replace(origin, uid=52), NOW)
    yield protection.changed(
        entry.guard,
        "pause",
        protection.Turn.WAITING,
        number=7,
        asked_at=NOW,
        due=NOW + 86_400.0,
        head="41:" + sha256(b"the audit").hexdigest(),
        now=NOW,
    )


def decision(entry: JournalEntry) -> Decision:
    """Return the decision that an action followed from."""
    return Decision(
        tenant=ACCOUNT.tenant,
        account=ACCOUNT.id,
        guard=entry.guard,
        version=entry.version,
        origin=entry.origin,
        message=b"",
        domain="vulkan-bet.example",
        verdict="quarantine",
        wanted="quarantine",
        score=11.0,
        symbols=(("FROM_LISTED", 6.0), ("LINK_LISTED", 5.0)),
        why=(
            "quarantine 11 = FROM_LISTED 6 (from:vulkan-bet.example, starter@2026-11-01)"
            " + LINK_LISTED 5 (links:vulkan-bet.example, starter@2026-11-01)"
        ),
        acted="acted",
        at=NOW,
    )


def message(kind: EventType, octets: bytes, *, uid: int, depth: Depth = Depth.TEXT) -> Event:
    """Return the event about one message, read from its octets."""
    account = replace(ACCOUNT, depth=depth)
    folder = INBOX if octets else replace(INBOX, special_use=None)
    read = mime.read(
        octets, depth=mime.Depth(depth.value), trusted_authserv=account.trusted_authserv
    )
    facts = Facts(
        account=account,
        folder=folder,
        uid_validity=UID_VALIDITY,
        row=Fetch(
            seq=uid,
            uid=uid,
            flags=frozenset(),
            internal_date="20-Nov-2026 10:00:04 +0000" if octets else None,
            size=len(octets) or None,
            email_id="M6d99ac3275bb4e" if octets else None,
            thread_id="T64b478a75b7ea9" if octets else None,
        ),
        announced_at=ANNOUNCED,
        fetched_at=FETCHED,
        seen_before=False,
    )
    build = received if kind is EventType.MESSAGE_RECEIVED else unparseable
    return Event(
        id=message_event_id(account.id, INBOX.path, UID_VALIDITY, uid, kind),
        type=kind,
        tenant=account.tenant,
        account=account.id,
        time=NOW,
        subject=f"{INBOX.name};UIDVALIDITY={UID_VALIDITY}/;UID={uid}",
        lane=INBOX.path,
        data=build(facts, read, NOW),
    )


@cache
def fields(kind: str) -> Sequence[tuple[str, str]]:
    """Return each field of ``envelope`` or ``message`` and its JSON type."""
    letters = [
        messages.Letter(user=messages.ANNA, text=RICH),
        *(messages.Letter(user=messages.ANNA, text=text) for text in (INVITATION, BOUNCE, SEALED)),
        messages.PLAIN,
        messages.NEWSLETTER,
        messages.BOUNCE,
        messages.INVITATION,
    ]
    found: dict[str, set[str]] = {}
    for octets in (*(letter.octets(ANNOUNCED) for letter in letters), b""):
        event = message(EventType.MESSAGE_RECEIVED, octets, uid=42, depth=Depth.FULL)
        whole = json.loads(render(event))
        collect(whole["data"] if kind == "message" else whole, "", found)
    if kind == "envelope":
        found = {path: of for path, of in found.items() if not path.startswith("data.")}
    return [(f"`{path}`", " or ".join(sorted(types))) for path, types in found.items()]


@cache
def other_fields() -> Sequence[tuple[str, str, str]]:
    """Return the fields that ``message.received`` does not have, and the types that have them."""
    known = {path for path, _ in fields("message")}
    types: dict[str, set[str]] = {}
    holders: dict[str, list[str]] = {}
    for kind, event in examples().items():
        own: dict[str, set[str]] = {}
        collect(event["data"], "", own)
        for path, of in own.items():
            if f"`{path}`" not in known:
                types.setdefault(path, set()).update(of)
                holders.setdefault(path, []).append(f"`{kind}`")
    return [
        (f"`{path}`", ", ".join(holders[path]), " or ".join(sorted(of)))
        for path, of in types.items()
    ]


def collect(value: Any, path: str, found: dict[str, set[str]]) -> None:
    """Add the JSON types below ``value`` to ``found``, by path; an item of a list is ``[]``."""
    if path:
        found.setdefault(path, set()).add(json_type(value))
    # The names below these are the mail's own.
    if path in {"headers", "automatic.fields"}:
        return
    if isinstance(value, dict):
        for key, each in value.items():
            collect(each, f"{path}.{key}" if path else key, found)
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, dict):
                for key, inner in each.items():
                    collect(inner, f"{path}[].{key}", found)


def json_type(value: Any) -> str:
    """Return what JSON calls a value."""
    names = {bool: "boolean", int: "number", float: "number", str: "text", dict: "object"}
    return "null" if value is None else names.get(type(value), "list")
