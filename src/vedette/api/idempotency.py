"""A POST that is sent again has its effect once: ``Idempotency-Key``.

The first request with a key claims it, in the store that all instances share, and what it answered
is kept for a day, sealed: an answer may hold a secret that is shown once. A claim whose request came
to no end (a crash, a store that went away) stands for a minute, and its effect may have happened:
whoever asks again is told so. It must not know what requests do.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final, Protocol

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vedette.api.problems import refuse
from vedette.errors import VedetteError
from vedette.model.ids import TenantId
from vedette.ports.clock import Clock
from vedette.ports.records import Drop, Kind, Put, Record, Records, SealedValue
from vedette.secret import Secret
from vedette.service.caller import Caller

_log = structlog.stdlib.get_logger(__name__)

#: Seconds for which an answer is kept, as others of the field keep it.
KEPT: Final = 86_400.0
#: Seconds for which a claim stands: longer than any request takes.
CLAIM: Final = 60.0
#: Characters of a key: a UUID has 36.
_LONGEST: Final = 255
#: Octets of an answer that is kept; larger ones are lists, and no POST answers with one.
_MAX_ANSWER: Final = 1024 * 1024
#: How often a claim is tried anew that others let go of meanwhile.
_TRIES: Final = 3
#: Whose the answers are that were given to admins: a secret needs somebody it belongs to.
_ADMINS: Final = TenantId("*")
#: The name of the sealed answer beside its record.
_ANSWER: Final = "answer"
#: What of an answer's headers is its own; the others are made anew.
_HEADERS: Final = frozenset({b"content-type", b"etag", b"location"})


class Safe(Protocol):
    """Seals and opens (``identity.vault``)."""

    async def seal(
        self, kind: Kind, tenant: TenantId, id_: str, name: str, secret: Secret[str]
    ) -> bytes:
        """Return a secret as it is kept."""

    async def open(self, value: SealedValue) -> Secret[str]:
        """Return a secret."""


@dataclass(slots=True)
class _Answer:
    """What the app answers, held back until it is kept."""

    messages: list[Message] = field(default_factory=list)
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    async def take(self, message: MutableMapping[str, Any]) -> None:
        self.messages.append(message)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [
                (name, value) for name, value in message["headers"] if name.lower() in _HEADERS
            ]
        else:
            self.body += message.get("body", b"")

    @property
    def is_kept(self) -> bool:
        """Whether it had an effect: what was refused had none, and may be sent again, mended."""
        return 200 <= self.status < 300 and len(self.body) <= _MAX_ANSWER  # noqa: PLR2004 - 2xx

    def text(self) -> str:
        headers = [
            [name.decode("latin-1"), value.decode("latin-1")] for name, value in self.headers
        ]
        body = b64encode(self.body).decode()
        return json.dumps({"status": self.status, "headers": headers, "body": body})


class Once:
    """Around the app, inside of whoever knows the caller."""

    def __init__(self, app: ASGIApp, records: Records, safe: Safe, clock: Clock) -> None:
        self._app = app
        self._records = records
        self._safe = safe
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do what is asked, or answer as it was answered before. Raises problems."""
        key = _key(scope)
        caller: Caller | None = None if key is None else scope["state"].get("caller")
        if key is None or caller is None:
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        print_ = _print(scope, body)
        claim = _claim(caller, key, print_, self._clock.now() + CLAIM)
        known = await self._claimed(claim)
        if known is not None:
            await self._again(known, print_, send)
            return
        answer = _Answer()
        await self._app(scope, _replayed(body), answer.take)
        await self._settle(claim, answer)
        for message in answer.messages:
            await send(message)

    async def _claimed(self, claim: Record) -> Record | None:
        """Claim a key; return the record of whoever has it already, or None."""
        for _ in range(_TRIES):
            written = await self._records.write(
                [Put(record=claim, expected=0)], now=self._clock.now()
            )
            if written.refusal is None:
                return None
            known = await self._records.record(Kind.ANSWER, claim.id)
            if known is not None:
                return known
        raise refuse("busy", "this idempotency key is taken and let go all the time")

    async def _again(self, known: Record, print_: str, send: Send) -> None:
        told = json.loads(known.body)
        if told["request"] != print_:
            raise refuse("key_reused", "this idempotency key was sent with another request before")
        values = await self._records.secrets(Kind.ANSWER, [known.id])
        if not told["done"] or not values:
            raise refuse(
                "in_progress",
                "a request with this idempotency key is under way, or its end is not known: look"
                " whether it had its effect, or ask again later",
                Retry_After="1",
            )
        kept: Mapping[str, Any] = json.loads((await self._safe.open(values[0])).reveal())
        headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in kept["headers"]
        ]
        body = b64decode(kept["body"])
        headers += [
            (b"content-length", str(len(body)).encode()),
            (b"idempotency-replayed", b"true"),
        ]
        await send({"type": "http.response.start", "status": kept["status"], "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _settle(self, claim: Record, answer: _Answer) -> None:
        """Keep the answer, or let the key go. Where that fails the claim stands for its minute."""
        now = self._clock.now()
        try:
            if answer.is_kept:
                told = json.loads(claim.body) | {"done": True}
                done = replace(claim, body=json.dumps(told), expires_at=now + KEPT)
                sealed = await self._safe.seal(
                    Kind.ANSWER, claim.tenant, claim.id, _ANSWER, Secret(answer.text())
                )
                put = Put(record=done, expected=1, secrets={_ANSWER: sealed})
                await self._records.write([put], now=now)
            elif answer.status < 500:  # noqa: PLR2004 - of a 5xx it is not known what it did
                drop = Drop(kind=Kind.ANSWER, id=claim.id, tenant=claim.tenant)
                await self._records.write([drop], now=now)
        except VedetteError as error:
            _log.warning("api.answer_not_kept", error=str(error))


def _key(scope: Scope) -> str | None:
    """Return the key of a POST. Raises a problem for one that can not be one."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    given = Headers(scope=scope).getlist("idempotency-key")
    if not given:
        return None
    key = given[0].strip()
    if (
        len(given) > 1
        or not 0 < len(key) <= _LONGEST
        or not all("!" <= each <= "~" for each in key)
    ):
        raise refuse("malformed", f"Idempotency-Key is one word of 1 to {_LONGEST} characters")
    return key


def _print(scope: Scope, body: bytes) -> str:
    """Return what tells one request from another: where it goes and what it says."""
    told = sha256()
    for part in (scope["path"].encode("utf-8", "surrogatepass"), scope["query_string"], body):
        told.update(len(part).to_bytes(8))
        told.update(part)
    return told.hexdigest()


def _claim(caller: Caller, key: str, print_: str, expires_at: float) -> Record:
    """Return the record of a request that is under way; keys of one caller are none of another's."""
    name = sha256(f"{len(caller.name)}:{caller.name}{key}".encode()).hexdigest()
    return Record(
        kind=Kind.ANSWER,
        id=name[:40],
        tenant=caller.tenant or _ADMINS,
        body=json.dumps({"done": False, "request": print_}),
        expires_at=expires_at,
    )


async def _body(receive: Receive) -> bytes:
    """Read the whole body, which the gate bounds."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise refuse("timeout", "the peer went in the middle of its request")
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes) -> Receive:
    """Return what gives a body that was read once more."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return left.pop() if left else {"type": "http.disconnect"}

    return receive
