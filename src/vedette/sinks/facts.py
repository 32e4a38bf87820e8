"""What a broker's message says beside its body: the event's attributes, names made of them.

The body is the CloudEvent as a whole (CloudEvents 1.0.2 section 1.4, structured mode); what is
said beside it repeats some attributes, so that a consumer can route without reading the body.
It must not know a broker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from string import Formatter, ascii_letters, digits
from typing import Final

import orjson

from vedette.errors import SinkError
from vedette.model.delivery import Parcel

#: CloudEvents JSON format section 3.
CLOUD_EVENT: Final = "application/cloudevents+json; charset=utf-8"
#: Of a body that another profile rendered.
JSON: Final = "application/json; charset=utf-8"

#: Attributes that are repeated; each is a string (CloudEvents section 3, and our two extensions).
ATTRIBUTES: Final = ("specversion", "id", "source", "type", "time", "tenant", "account")

#: What stands for itself in a name: without dots, wildcards and blanks it is one token of a
#: subject (NATS), one word of a routing key (AMQP), and no separator of a stream's name.
_SAFE: Final = frozenset((ascii_letters + digits + "-_").encode())
#: Characters of one token: four of them and their dots stay under the 255 octets of a routing
#: key (AMQP 0-9-1 section 4.2.5.3) and of what a topic of Kafka may have (249).
MAX_TOKEN: Final = 56
#: Octets of the digest that ends a longer one: two accounts never share a name by chance.
_DIGEST: Final = 8
#: What a header's value spells as it is (CloudEvents HTTP binding section 3.1.3.2).
_PLAIN: Final = frozenset(range(0x21, 0x7F)) - frozenset(b'"%')
#: Names that a template may hold.
PLACEHOLDERS: Final = ("tenant", "account", "type", "endpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The attributes of one event, as they stand in its body, and the type of that body."""

    attributes: Mapping[str, str]
    content_type: str

    @property
    def tenant(self) -> str:
        """Whom the account belongs to; empty where the body does not tell."""
        return self.attributes.get("tenant", "")

    @property
    def account(self) -> str:
        """The account's id; empty where the body does not tell."""
        return self.attributes.get("account", "")

    def headers(self, prefix: str = "ce-") -> dict[str, str]:
        """Return the attributes as headers, percent-encoded to plain ASCII."""
        return {f"{prefix}{name}": _header(value) for name, value in self.attributes.items()}


def facts(parcel: Parcel) -> Facts:
    """Read the attributes off the stored event; where there are none, id and type are left."""
    told = _members(parcel.envelope)
    sent = told if parcel.stored is None else _members(parcel.body)
    found = {name: value for name in ATTRIBUTES if isinstance(value := told.get(name), str)}
    return Facts(
        attributes={**found, "id": parcel.event, "type": parcel.type},
        content_type=CLOUD_EVENT if "specversion" in sent else JSON,
    )


def _members(body: bytes) -> Mapping[str, object]:
    try:
        members = orjson.loads(body)
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


class Template:
    """A name with placeholders, such as ``vedette.{tenant}.{type}``.

    Whatever a tenant or account is called, its token stays one token and no wildcard.
    """

    __slots__ = ("_parts",)

    def __init__(self, text: str) -> None:
        """Read it. Raises SinkError for a placeholder that there is not, or a lone brace."""
        names = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
        try:
            parsed = list(Formatter().parse(text))
        except ValueError as error:
            raise SinkError(f"{text!r} holds a brace without its partner; {{{{ is one") from error
        if any(
            name is not None and (name not in PLACEHOLDERS or form or conversion)
            for _, name, form, conversion in parsed
        ):
            raise SinkError(f"{text!r} may hold {names} and no other placeholder")
        if not text.strip() or any(char.isspace() or not char.isprintable() for char in text):
            raise SinkError(f"{text!r} is no name: it is empty or holds a blank")
        self._parts = tuple((plain, name) for plain, name, *_ in parsed)

    def filled(self, parcel: Parcel, about: Facts) -> str:
        """Return the name for one event."""
        values = {
            "tenant": about.tenant,
            "account": about.account,
            "endpoint": parcel.endpoint,
        }
        # Our own types are words and dots: they make levels that a consumer can subscribe to.
        return "".join(
            plain + ("" if name is None else parcel.type if name == "type" else token(values[name]))
            for plain, name in self._parts
        )


@lru_cache(maxsize=1024)  # the accounts of a service, of which each has many events
def token(text: str) -> str:
    """Spell any text as one token: letters, digits, ``-``, ``_``, and ``%XX`` for other octets.

    Two texts have two tokens. An empty one is ``%``; a long one ends in ``~`` and a digest.
    """
    octets = text.encode("utf-8", "surrogatepass")
    spelled = "".join(chr(each) if each in _SAFE else f"%{each:02X}" for each in octets) or "%"
    if len(spelled) <= MAX_TOKEN:
        return spelled
    digest = blake2b(octets, digest_size=_DIGEST).hexdigest()
    return f"{spelled[: MAX_TOKEN - len(digest) - 1]}~{digest}"


def _header(value: str) -> str:
    octets = value.encode("utf-8", "surrogatepass")
    return "".join(chr(each) if each in _PLAIN else f"%{each:02X}" for each in octets)
