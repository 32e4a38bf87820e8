"""The ids, and the one function that names an event.

An event id is a pure function of what it is about, so a repeat after a crash,
a restore or a split brain carries the id that the first one had.
"""

from __future__ import annotations

from hashlib import sha1
from typing import NewType
from uuid import UUID

TenantId = NewType("TenantId", str)
AccountId = NewType("AccountId", str)
EndpointId = NewType("EndpointId", str)
EventId = NewType("EventId", str)
ActionId = NewType("ActionId", str)

#: The name space of Vedette's events (a random UUIDv4, drawn once; it must never change).
NAMESPACE = UUID("5f0c1a52-7d0e-4c7b-9a63-3e2a4f4b8d11")


def message_event_id(
    account: AccountId, folder: bytes, uid_validity: int, uid: int, kind: str
) -> EventId:
    """Return the id of an event about one message (UUIDv5, RFC 9562 section 5.5).

    ``folder`` is the name on the wire; its length is part of the name, so no two
    different messages can spell the same one.
    """
    path = folder.decode("latin-1")
    return _named(f"{len(account)}:{account}/{len(path)}:{path}/{uid_validity}/{uid}/{kind}")


def occurrence_event_id(account: AccountId, kind: str, occurrence: str) -> EventId:
    """Return the id of an event that is not about a message.

    ``occurrence`` tells one from the next: the instant of a change of state, or
    the UIDVALIDITY that a folder was reset to.
    """
    return _named(f"{len(account)}:{account}//{kind}/{occurrence}")


def action_id(
    account: AccountId, folder: bytes, uid_validity: int, uid: int, guard: str, action: str
) -> ActionId:
    """Return the id of a guard's action on one message, spelled as an event's id is.

    A crash between the decision and its commit decides again, under the same id.
    """
    occurrence = f"{guard}/{action}"
    return ActionId(message_event_id(account, folder, uid_validity, uid, f"action/{occurrence}"))


def _named(name: str) -> EventId:
    """Return the UUIDv5 of a name; ``uuid.uuid5`` says the same in twice the time."""
    digest = sha1(NAMESPACE.bytes + name.encode(), usedforsecurity=False).digest()
    number = int.from_bytes(digest[:16])
    # The version is 5 and the variant 0b10 (RFC 9562 sections 4.1 and 4.2).
    number = number & ~(0xF000 << 64) & ~(0xC000 << 48) | 5 << 76 | 0x8000 << 48
    spelled = f"{number:032x}"
    return EventId(
        f"{spelled[:8]}-{spelled[8:12]}-{spelled[12:16]}-{spelled[16:20]}-{spelled[20:]}"
    )
