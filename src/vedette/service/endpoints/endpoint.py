"""An endpoint as a record, and as the settings that deliver to it.

What an endpoint of each kind may say is checked by the readers of the configuration file
(``config.endpoints``, ``config.sinks``), over a table that is made here: there is one set of checks.
What may hold a secret, which is a URL too, is sealed beside the record and put in for the reader.
It must not know who may set what.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import orjson

from vedette.config.document import Table
from vedette.config.endpoints import read_endpoint
from vedette.config.settings import EndpointSettings
from vedette.config.sinks import EndpointKind
from vedette.errors import ConfigError
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Record
from vedette.ports.registration import Origin
from vedette.secret import Secret
from vedette.service.body import Body, members, readable, written
from vedette.service.form import MAX_SECRET, Form, flaw
from vedette.service.keys import NOBODY

_COMMON: Final[Mapping[str, str]] = {
    "type": "type", "profile": "profile", "depth": "depth", "ordered": "ordered",
    "concurrency": "concurrency", "rate": "rate", "events": "events", "tenants": "tenants",
    "accounts": "accounts", "folders": "folders", "tags": "tags",
}  # fmt: skip
_NETWORK: Final = {
    "timeout": "timeout", "verifyTls": "verify", "caFile": "ca_file", "private": "private",
}  # fmt: skip

#: What each kind has of its own, by member, and the key of the file that it stands for.
MEMBERS: Final[Mapping[EndpointKind, Mapping[str, str]]] = {
    EndpointKind.WEBHOOK: _NETWORK,
    EndpointKind.EXEC: {
        "command": "command", "timeout": "timeout", "environment": "environment",
        "directory": "directory",
    },
    EndpointKind.FILE: {"path": "path", "fsync": "fsync"},
    EndpointKind.STDOUT: {},
    EndpointKind.REDIS: {**_NETWORK, "stream": "stream", "maxlen": "maxlen"},
    EndpointKind.NATS: {**_NETWORK, "subject": "subject", "stream": "stream"},
    EndpointKind.AMQP: {**_NETWORK, "exchange": "exchange", "routingKey": "routing_key"},
    EndpointKind.KAFKA: {**_NETWORK, "topic": "topic", "mechanism": "mechanism"},
    EndpointKind.POSTGRES: {**_NETWORK, "table": "table"},
}  # fmt: skip

#: Kinds that are of this machine: who may make one may run programs, and write files.
LOCAL: Final = frozenset({EndpointKind.EXEC, EndpointKind.FILE, EndpointKind.STDOUT})

#: What is sealed, by the member that sets it. ``headers`` are an object of texts.
SEALED: Final[Mapping[str, str]] = {
    "url": "url", "secret": "secret", "secretOld": "secret_old", "proxy": "proxy",
}  # fmt: skip
HEADERS: Final = "headers"

#: Headers that may be set for a webhook: more is a mistake.
MAX_HEADERS: Final = 50
#: Characters of one text of an endpoint, and entries of one list.
MAX_ENTRIES: Final = 1_000

#: Characters of the name of a header field: the longest that is registered has 40.
MAX_NAME: Final = 200
_TOKEN: Final = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")

_WHOLE: Final = {name: key for named in (_COMMON, *MEMBERS.values()) for name, key in named.items()}
_MEMBER_OF: Final = {key: name for name, key in {**_WHOLE, **SEALED}.items()}


class FieldError(ConfigError):
    """A field of an endpoint is wrong."""

    def __init__(self, field_: str, why: str) -> None:
        super().__init__(f"{field_}: {why}")
        self.field = field_
        self.why = why


class Fields(Table):
    """The table of a form: what is wrong is said of its member, and not of a line of a file."""

    __slots__ = ()

    def fail(self, key: str, what: str) -> NoReturn:
        """Raise FieldError."""
        outer = self._path[1:]
        field_ = outer[0] if outer else _MEMBER_OF.get(key) or _camel(key)
        raise FieldError(field_, f"{key}: {what}" if outer else what)

    def _inner(self, key: str, values: Mapping[str, Any]) -> Table:
        return Fields(values, file=self._file, text=self._text, path=(*self._path, key))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredEndpoint:
    """An endpoint without its secrets. ``tenant`` None: it takes the events of all.

    ``members`` are what was set, ``place`` where it goes, as far as that is shown, and ``sealed``
    the names of the secrets that it has.
    """

    id: str
    tenant: TenantId | None
    kind: EndpointKind
    members: Mapping[str, object] = field(default_factory=dict)
    place: str = ""
    sealed: tuple[str, ...] = ()
    title: str = ""
    active: bool = True
    origin: Origin = Origin.API
    created_at: float = 0.0
    updated_at: float = 0.0
    version: int = 0


def endpoint_of(record: Record) -> RegisteredEndpoint:
    """Read a record. Raises NewerError where it says what this version does not know."""
    body = members(record)
    form = Form(body)
    settings = form.raw("settings")
    found = RegisteredEndpoint(
        id=record.id,
        tenant=None if record.tenant == NOBODY else record.tenant,
        kind=form.choice("type", EndpointKind, EndpointKind.WEBHOOK),
        members=dict(settings) if isinstance(settings, Mapping) else {},
        place=form.text("place"),
        sealed=form.texts("sealed", most=100),
        title=form.text("title"),
        active=form.flag("active", default=True),
        created_at=record.created_at,
        updated_at=record.updated_at,
        version=record.version,
    )
    if "type" not in form:
        form.fail("type", "is missing")
    readable(form, record)
    return found


def record_of(found: RegisteredEndpoint, *, over: Record | None = None) -> Record:
    """Return the record to write; ``over`` is what it replaces, whose unknown members stay."""
    body: Body = {
        "type": found.kind.value,
        "title": found.title,
        "active": found.active,
        "place": found.place,
        "sealed": list(found.sealed),
        "settings": dict(found.members),
    }
    return Record(
        kind=Kind.ENDPOINT,
        id=found.id,
        tenant=found.tenant or NOBODY,
        body=written(body, over=over),
        label=f"{found.title} {found.place}",
        is_counted=True,
    )


def settings_of(found: RegisteredEndpoint, secrets: Mapping[str, Secret[str]]) -> EndpointSettings:
    """Return how it is delivered to. ``secrets`` are those beside the record, opened.

    Raises ConfigError: FieldError with the member where one is wrong. A tenant's endpoint takes
    its own events alone, and an inside address is never meant by being spelled out.
    """
    known = {**_COMMON, **MEMBERS[found.kind]}
    values: dict[str, Any] = {known[name]: value for name, value in found.members.items()}
    for name in SEALED.values():
        if name in secrets:
            values[name] = secrets[name].reveal()
    if HEADERS in secrets:
        values[HEADERS] = orjson.loads(secrets[HEADERS].reveal())
    values["type"] = found.kind.value
    if found.kind not in LOCAL:
        values.setdefault("private", False)
    if found.tenant is not None:
        values["tenants"] = [found.tenant]
    return read_endpoint(Fields(values, file="endpoint", text="", path=(found.id,)))


def members_in(form: Form, kind: EndpointKind) -> dict[str, object]:
    """Return what a form sets of an endpoint of a kind, null left out; mistakes are in the form."""
    found: dict[str, object] = {}
    for name in {**_COMMON, **MEMBERS[kind]}:
        value = form.raw(name)
        if value is None or name == "type":
            continue
        why = _flaw(value)
        if why is None:
            found[name] = value
        else:
            form.fail(name, why)
    return found


def secrets_in(form: Form) -> dict[str, Secret[str]]:
    """Return the secrets that a form sets; one that is blank is as if it were not there."""
    found = {
        name: secret
        for member, name in SEALED.items()
        if (secret := form.secret(member)) is not None
    }
    headers = form.raw(HEADERS)
    if headers is None:
        return found
    if not isinstance(headers, Mapping) or len(headers) > MAX_HEADERS:
        form.fail(HEADERS, f"expected an object of at most {MAX_HEADERS} texts")
        return found
    texts: dict[str, str] = {}
    for name, value in headers.items():
        text = value.reveal() if isinstance(value, Secret) else None
        if not _is_token(name) or not isinstance(text, str) or flaw(text, longest=MAX_SECRET):
            form.fail(HEADERS, "each is the name of a header field and a line of text")
            return found
        texts[name] = text
    found[HEADERS] = Secret(orjson.dumps(texts).decode())
    return found


def place_of(secrets: Mapping[str, Secret[str]]) -> str:
    """Return what is shown of where an endpoint goes: who has the rest of some URLs can post."""
    if "url" not in secrets:
        return ""
    try:
        parts = urlsplit(secrets["url"].reveal().strip())
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return ""
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(each.capitalize() for each in rest)


def _is_token(name: object) -> bool:
    """Tell whether a text can be the name of a header field (RFC 9110 section 5.1)."""
    return isinstance(name, str) and 0 < len(name) <= MAX_NAME and _TOKEN.issuperset(name)


def _flaw(value: object) -> str | None:
    """Say why a member can not be stored, or None. What it means is judged by its reader."""
    if isinstance(value, str):
        return flaw(value, longest=4_000)
    if isinstance(value, list | tuple):
        if len(value) > MAX_ENTRIES:
            return f"has more than {MAX_ENTRIES} entries"
        return next((why for each in value if (why := flaw(each)) is not None), None)
    if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 2**53):
        return None
    return "expected a text, a number, true or false, or a list of texts"
