"""The ids, and the one function that names an event.

An event id is a pure function of what it is about, so a repeat after a crash,
a restore or a split brain carries the id that the first one had.
"""

from __future__ import annotations

from typing import NewType
from uuid import UUID, uuid5

TenantId = NewType("TenantId", str)
AccountId = NewType("AccountId", str)
EndpointId = NewType("EndpointId", str)
EventId = NewType("EventId", str)

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
    return EventId(
        str(
            uuid5(
                NAMESPACE,
                f"{len(account)}:{account}/{len(path)}:{path}/{uid_validity}/{uid}/{kind}",
            )
        )
    )


def occurrence_event_id(account: AccountId, kind: str, occurrence: str) -> EventId:
    """Return the id of an event that is not about a message.

    ``occurrence`` tells one from the next: the instant of a change of state, or
    the UIDVALIDITY that a folder was reset to.
    """
    return EventId(str(uuid5(NAMESPACE, f"{len(account)}:{account}//{kind}/{occurrence}")))
