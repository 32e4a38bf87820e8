"""Which events an endpoint takes, and the postings that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from vedette.model.delivery import Posting, Selection
from vedette.model.event import ON_REQUEST, Event
from vedette.model.ids import EndpointId
from vedette.outbox.directory import Directory
from vedette.outbox.envelope import render


def matches(patterns: Sequence[str], kind: str) -> bool:
    """Whether an event type fits one of the patterns; no pattern at all takes everything.

    A pattern is a whole type, or a prefix before one final ``*``. What is sent on request alone
    (``ON_REQUEST``) is taken by who names it, and by nobody else.
    """
    if kind.startswith(ON_REQUEST):
        patterns = [pattern for pattern in patterns if pattern != "*"]
        if not patterns:
            return False
    return not patterns or any(
        kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern
        for pattern in patterns
    )


def takes(selection: Selection, event: Event) -> bool:
    """Whether an endpoint with this selection wants the event; every filter must agree."""
    return (
        matches(selection.types, event.type)
        and (not selection.tenants or event.tenant in selection.tenants)
        and (not selection.accounts or event.account in selection.accounts)
        and fits(selection, event.data)
    )


def fits(selection: Selection, data: Mapping[str, Any]) -> bool:
    """Whether the data of an event fits the filters that look into it: folders and tags."""
    return (not selection.folders or _is_in(selection.folders, data)) and (
        not selection.tags or not set(selection.tags).isdisjoint(data.get("tags") or ())
    )


def _is_in(folders: Sequence[str], data: Mapping[str, Any]) -> bool:
    """Tell whether an event is about one of these folders; about none, it is not.

    What guards tell of a message names its folder, and not what the folder is for; only INBOX is
    known by its name (RFC 9051 section 5.1).
    """
    folder = data.get("folder") or {"path": (data.get("message") or {}).get("folder")}
    path = (folder.get("path") or "").lower()
    use = "\\inbox" if path == "inbox" else (folder.get("specialUse") or "").lower()
    return any(each and each.lower() in {path, use} for each in folders)


def plan(events: Iterable[Event], endpoints: Directory) -> tuple[Posting, ...]:
    """Render each event once and address it.

    An event that no endpoint takes is a posting all the same: it happened, it is
    kept, and it can be replayed. Raises ValueError where an event is no JSON.
    """
    return tuple(addressed(event, endpoints) for event in events)


def addressed(
    event: Event,
    endpoints: Directory,
    *,
    keys: tuple[bytes, ...] = (),
    again: Callable[[], bytes] | None = None,
    also: Collection[EndpointId] = (),
) -> Posting:
    """Render one event and address it, as ``plan`` does; for the rest see ``Posting``.

    ``also`` are endpoints that get it although they do not ask for it, if they exist.
    """
    takers: dict[EndpointId, None] = {
        endpoint.id: None
        for endpoint in endpoints.near(event.tenant, event.account, also)
        if endpoint.id in also or takes(endpoint.selection, event)
    }
    return Posting(
        event=event.id,
        type=event.type,
        tenant=event.tenant,
        account=event.account,
        time=event.time,
        lane=event.lane,
        body=render(event),
        endpoints=tuple(takers),
        keys=keys,
        again=again,
    )
