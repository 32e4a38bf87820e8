"""The body that an endpoint gets: the stored event, as deep and in such a shape as it asks for.

An event is stored once, as its account asks for. What an endpoint wants of it is made when it is
sent, so that a replay to another endpoint, or after a change of the configuration, has the shape
that is wanted by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from vedette.model.account import Depth
from vedette.model.delivery import Endpoint, Parcel, Profile
from vedette.model.event import EventType
from vedette.outbox import emailengine, inbound
from vedette.outbox.selection import matches

Json = dict[str, Any]

#: How each foreign profile writes an event, by the event's type.
_WRITERS: Final[Mapping[Profile, Mapping[str, Callable[[Json], Json]]]] = {
    Profile.EMAILENGINE: emailengine.WRITERS,
    Profile.INBOUND_EMAIL_RECEIVED: inbound.WRITERS,
}

#: What a depth leaves out of the data of ``message.received`` (``vedette.outbox.message``).
_LEFT_OUT: Final[Mapping[Depth, tuple[str, ...]]] = {
    Depth.METADATA: ("text", "attachments", "calendar", "opaque", "nested"),
    Depth.TEXT: ("nested",),
    Depth.FULL: (),
}


def types_of(profile: Profile) -> tuple[str, ...]:
    """Return the types of events that a profile has words for."""
    if profile is Profile.VEDETTE:
        return tuple(EventType)
    return tuple(_WRITERS[profile])


def narrowed_to(profile: Profile, patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns of types that an endpoint of a profile takes, of those asked for.

    Empty where the profile has words for none of them; Vedette's own takes what was asked for.
    """
    if profile is Profile.VEDETTE:
        return tuple(patterns)
    return tuple(each for each in types_of(profile) if matches(patterns, each))


def dressed(parcel: Parcel, endpoint: Endpoint) -> Parcel:
    """Return a parcel with the body that its endpoint asks for.

    What a profile has no words for goes out as it is: it was queued before the endpoint had this
    profile, and is better refused there than lost here. Raises ValueError for no JSON object.
    """
    write = _WRITERS.get(endpoint.profile, {}).get(parcel.type)
    is_message = parcel.type == EventType.MESSAGE_RECEIVED
    left_out = _LEFT_OUT[endpoint.depth] if is_message else ()
    if write is None and not left_out:
        return parcel
    event = orjson.loads(parcel.body)
    if not isinstance(event, dict):
        raise ValueError("the event is no JSON object")  # noqa: TRY004 - of a text, not of a type
    if left_out:
        data = event.get("data") or {}
        event["data"] = {name: value for name, value in data.items() if name not in left_out}
    if write is not None:
        event = write(event)
    return replace(parcel, body=orjson.dumps(event), stored=parcel.body)
