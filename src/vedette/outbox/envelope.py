"""The envelope: CloudEvents 1.0 in JSON, as bytes.

The attributes are those of the CloudEvents specification 1.0.2 section 3 and its
JSON format section 2; ``tenant`` and ``account`` are extension attributes.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

import orjson

from vedette.model.event import Event
from vedette.model.ids import AccountId, TenantId

SPEC_VERSION: Final = "1.0"

#: The media type of the body as a whole (CloudEvents JSON format section 3).
CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"

_DATA_TYPE: Final = "application/json"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

#: What an attribute may not hold (CloudEvents section 2.2, "String"); a folder's name may.
_FORBIDDEN: Final = dict.fromkeys(
    (
        *range(0x20),
        *range(0x7F, 0xA0),
        *range(0xFDD0, 0xFDF0),
        # The last two code points of each plane are no characters (Unicode section 23.7).
        *range(0xFFFE, 0x110000, 0x10000),
        *range(0xFFFF, 0x110000, 0x10000),
    ),
    "\N{REPLACEMENT CHARACTER}",
)

#: For what the fast one does not take.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

#: Only what JSON has: instants, names and numbers are spelled where an event is made.
_STRICT: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def source(tenant: TenantId, account: AccountId) -> str:
    """Return the URI-reference of an account, the same for ever (CloudEvents section 3.1.1).

    ``source`` and ``id`` together name an event; neither changes in a repeat.
    """
    return f"urn:vedette:{quote(tenant, safe='')}:{quote(account, safe='')}"


@lru_cache(maxsize=64)  # the events of one commit share their instants
def instant(time: float) -> str:
    """Return an instant as RFC 3339 in UTC, cut to milliseconds; ValueError outside its years.

    ``time`` is in seconds since 1970. It is rounded to microseconds first, which a float of
    these centuries holds: 1.001 is a little less than that, and would be cut to 1.000.
    """
    try:
        moment = _EPOCH + timedelta(seconds=time)
    except (OverflowError, ValueError) as error:
        raise ValueError(f"{time} is no instant that RFC 3339 can spell") from error
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def render(event: Event) -> bytes:
    """Return the event as compact UTF-8 JSON.

    A lone surrogate in a text becomes U+FFFD: it is no character, and a strict
    reader would refuse the whole body for it. NaN and the infinities, which JSON
    does not have either, become null; no event of ours holds a float. Raises
    ValueError for any other value that JSON does not have.
    """
    members = {
        "specversion": SPEC_VERSION,
        "id": event.id,
        "source": source(event.tenant, event.account),
        "type": event.type.value,
        "time": instant(event.time),
        "datacontenttype": _DATA_TYPE,
        "tenant": event.tenant,
        "account": event.account,
    }
    # An optional attribute is left out where it has no value, and is never empty.
    if event.subject:
        members["subject"] = event.subject.translate(_FORBIDDEN)
    whole = {**members, "data": dict(event.data)}
    try:
        return orjson.dumps(whole, option=_STRICT)
    except TypeError:
        # A lone surrogate, an integer beyond 64 bits, or no JSON at all: the slow one tells.
        return _rendered(whole, event.type)


def _rendered(whole: dict[str, Any], kind: str) -> bytes:
    try:
        text = _ENCODER.encode(whole)
    except TypeError as error:
        raise ValueError(f"the data of {kind} is no JSON: {error}") from error
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8")
