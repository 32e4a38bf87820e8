"""Events that are not a message in hand: one that never came, a reset, an account's story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vedette.model.account import Account, AccountState, Health
from vedette.model.cursor import FolderState
from vedette.model.delivery import EndpointState
from vedette.model.event import Event, EventType
from vedette.model.folder import Folder
from vedette.model.ids import AccountId, EventId, TenantId, message_event_id, occurrence_event_id
from vedette.model.tally import Tally
from vedette.outbox.envelope import instant
from vedette.outbox.message import whereabouts

#: Whom an event is about that belongs to no account.
SERVICE = AccountId("vedette")

#: Which event tells of which state; those on the way to one of these are no news.
STATE_EVENTS = {
    AccountState.CONNECTED: EventType.ACCOUNT_CONNECTED,
    AccountState.DEGRADED: EventType.ACCOUNT_DEGRADED,
    AccountState.AUTH_FAILED: EventType.ACCOUNT_AUTH_FAILED,
    AccountState.PAUSED: EventType.ACCOUNT_PAUSED,
    AccountState.ERROR: EventType.ACCOUNT_DEGRADED,
}


def missing(account: Account, folder: Folder, uid_validity: int, uid: int, now: float) -> Event:
    """Return ``message.missing``: the server listed a UID and never handed it over (S8)."""
    kind = EventType.MESSAGE_MISSING
    return Event(
        id=message_event_id(account.id, folder.path, uid_validity, uid, kind),
        type=kind,
        tenant=account.tenant,
        account=account.id,
        time=now,
        subject=f"{folder.name};UIDVALIDITY={uid_validity}/;UID={uid}",
        lane=folder.path,
        data={
            **whereabouts(account, folder),
            "uid": uid,
            "uidValidity": uid_validity,
            "receivedAt": instant(now),
        },
    )


def reset(
    account: Account,
    folder: Folder,
    before: int,
    after: int,
    *,
    listed: int,
    untold: int,
    now: float,
) -> Event:
    """Return ``mailbox.reset``: the UIDVALIDITY changed, and ``untold`` messages follow (S2)."""
    kind = EventType.MAILBOX_RESET
    path = folder.path.decode("latin-1")
    return Event(
        id=occurrence_event_id(account.id, kind, f"{len(path)}:{path}/{before}/{after}"),
        type=kind,
        tenant=account.tenant,
        account=account.id,
        time=now,
        subject=f"{folder.name};UIDVALIDITY={after}",
        lane=folder.path,
        data={
            **whereabouts(account, folder),
            "previousUidValidity": before,
            "uidValidity": after,
            "listed": listed,
            "untold": untold,
            "receivedAt": instant(now),
        },
    )


def incomplete(
    account: Account,
    folder: Folder,
    state: FolderState,
    days: Sequence[Tally],
    uids: Sequence[int],
    now: float,
) -> Event:
    """Return ``mailbox.incomplete``: messages that the server has and nobody was told of.

    ``uids`` are those, ascending; each has an event of its own as soon as it is fetched. ``days``
    are the numbers of the days that were looked at.
    """
    kind, validity = EventType.MAILBOX_INCOMPLETE, state.cursor.uid_validity
    path = folder.path.decode("latin-1")
    which = ",".join(map(str, uids))
    return Event(
        id=occurrence_event_id(account.id, kind, f"{len(path)}:{path}/{validity}/{which}"),
        type=kind,
        tenant=account.tenant,
        account=account.id,
        time=now,
        subject=f"{folder.name};UIDVALIDITY={validity}",
        lane=folder.path,
        data={
            **whereabouts(account, folder),
            "uidValidity": validity,
            "missing": len(uids),
            "days": [
                {
                    "day": each.day.isoformat(),
                    "server": each.server,
                    "owed": each.owed,
                    "missing": each.missing,
                }
                for each in days
            ],
            "receivedAt": instant(now),
        },
    )


def canary_event_id(account: AccountId, token: str) -> EventId:
    """Return the id of the event that tells of a probe mail, by its token."""
    return occurrence_event_id(account, EventType.CANARY_ARRIVED, token)


def canary_arrived(account: Account, folder: Folder, token: str, made: int, now: float) -> Event:
    """Return ``canary.arrived``: a probe mail of ours, made at ``made``, that the watch committed."""
    return Event(
        id=canary_event_id(account.id, token),
        type=EventType.CANARY_ARRIVED,
        tenant=account.tenant,
        account=account.id,
        time=now,
        subject=folder.name,
        # Behind the mail of its folder, as any message: that is what is tried.
        lane=folder.path,
        data={
            **whereabouts(account, folder),
            "probe": token,
            "putAt": instant(made),
            "receivedAt": instant(now),
        },
    )


def endpoint_disabled(endpoint: EndpointState, now: float) -> Event:
    """Return ``endpoint.disabled``: nothing more is sent there until someone says so."""
    kind = EventType.ENDPOINT_DISABLED
    since = endpoint.disabled_at or now
    return Event(
        id=occurrence_event_id(SERVICE, kind, f"{endpoint.id}/{since:.6f}"),
        type=kind,
        tenant=TenantId(SERVICE),
        account=SERVICE,
        time=since,
        subject=endpoint.id,
        lane=b"",
        data={
            "endpoint": {"id": endpoint.id},
            "reason": endpoint.disabled_reason,
            "since": instant(since),
        },
    )


def state_changed(account: Account, health: Health) -> Event | None:
    """Return the ``account.*`` event for a new state, or None where it is no news."""
    kind = STATE_EVENTS.get(health.state)
    if kind is None:
        return None
    data: dict[str, Any] = {
        "account": {"id": account.id, "email": account.email},
        "state": kind.removeprefix("account."),
        "since": instant(health.since),
    }
    if health.reason is not None and health.state is not AccountState.CONNECTED:
        trouble = health.trouble if health.held is None else None
        data["error"] = health.reason
        data["trouble"] = None if trouble is None else trouble.value
    return Event(
        id=occurrence_event_id(account.id, kind, f"{health.since:.6f}"),
        type=kind,
        tenant=account.tenant,
        account=account.id,
        time=health.since,
        subject=None,
        lane=b"",
        data=data,
    )
