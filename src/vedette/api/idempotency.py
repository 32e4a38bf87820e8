"""A POST that is sent again has its effect once: ``Idempotency-Key``.

The first request with a key claims it, in the store that all instances share, and what it answered
is kept for a day, sealed: an answer may hold a secret that is shown once. Its effect is marked on the
claim in the same transaction (``claims.py``). A claim whose request came to no end without an effect,
because of a crash or a store that went away, is taken over: at once by the instance that had it, by
others when it was not renewed for some seconds. Where there was an effect and the answer is lost,
whoever asks again is told so. It must not know what requests do.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final, Protocol
from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vedette.api.claims import CLAIM, CURRENT, KEPT, Claim
from vedette.api.problems import ProblemError, refuse
from vedette.errors import VedetteError
from vedette.model.ids import TenantId
from vedette.ports.clock import Clock
from vedette.ports.records import Drop, Kind, Put, Record, Records, SealedValue
from vedette.secret import Secret
from vedette.service.caller import Caller

_log = structlog.stdlib.get_logger(__name__)

#: Characters of a key: a UUID has 36.
_LONGEST: Final = 255
#: Octets of an answer that is kept; larger ones are lists, and no POST answers with one.
_MAX_ANSWER: Final = 1024 * 1024
#: Seconds after which a claim is renewed whose request takes long.
_RENEWED: Final = CLAIM / 3
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
    def is_good(self) -> bool:
        """Whether it was done: what was refused had no effect, and may be sent again, mended."""
        return 200 <= self.status < 300  # noqa: PLR2004 - 2xx

    @property
    def is_kept(self) -> bool:
        """Whether a repeat can be answered by it."""
        return self.status < 500 and len(self.body) <= _MAX_ANSWER  # noqa: PLR2004 - a 5xx is no end

    def text(self) -> str:
        headers = [
            [name.decode("latin-1"), value.decode("latin-1")] for name, value in self.headers
        ]
        body = b64encode(self.body).decode()
        return json.dumps({"status": self.status, "headers": headers, "body": body})


class Once:
    """Around the app, inside of whoever knows the caller."""

    def __init__(
        self, app: ASGIApp, records: Records, safe: Safe, clock: Clock, *, is_sole: bool
    ) -> None:
        self._app = app
        #: Whether nobody else has the state: a claim of another life is that of a dead one.
        self._is_sole = is_sole
        self._records = records
        self._safe = safe
        self._clock = clock
        #: This instance, in this life, and the claims of its requests that are under way.
        self._name = uuid4().hex
        self._going: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do what is asked, or answer as it was answered before. Raises problems."""
        key = _key(scope)
        caller: Caller | None = None if key is None else scope["state"].get("caller")
        if key is None or caller is None:
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        print_ = _print(scope, body)
        wish = _claim(caller, key, {"request": print_, "by": self._name})
        found = await self._claimed(wish)
        if isinstance(found, Record):
            await self._again(found, print_, send)
            return
        answer = _Answer()
        try:
            async with self._held(found):
                await self._app(scope, _replayed(body), answer.take)
        finally:
            # Where the app raised there is no answer, and what had no effect lets its key go.
            await self._settle(found, answer)
            self._going.discard(wish.id)
        for message in answer.messages:
            await send(message)

    async def _claimed(self, wish: Record) -> Claim | Record:
        """Claim a key; return the claim, or the record of whoever has it already."""
        if wish.id in self._going:
            # Its record may be on the way yet.
            raise _under_way()
        self._going.add(wish.id)
        is_ours = False
        try:
            expected = 0
            for _ in range(_TRIES):
                now = self._clock.now()
                put = Put(record=replace(wish, expires_at=now + CLAIM), expected=expected)
                written = await self._records.write([put], now=now)
                if written.refusal is None:
                    is_ours = True
                    return Claim(record=written.records[0])
                known = await self._records.record(Kind.ANSWER, wish.id)
                if known is None:
                    expected = 0
                    continue
                told = json.loads(known.body)
                # A claim of ours that is not under way came to no end, and had no effect.
                is_left = self._is_left(known, now) and not told.keys() & {"done", "effect"}
                if not is_left or told["request"] != json.loads(wish.body)["request"]:
                    return known
                expected = known.version
            raise refuse("busy", "this idempotency key is taken and let go all the time")
        finally:
            if not is_ours:
                self._going.discard(wish.id)

    def _is_left(self, known: Record, now: float) -> bool:
        """Tell whether nobody is at work on a claim, which is none of ours that are under way."""
        if self._is_sole or json.loads(known.body).get("by") == self._name:
            return True
        # A clock that was set back would let a dead one stand for as long; one that lives and is
        # taken over has no effect any more.
        return known.updated_at > now + CLAIM

    @asynccontextmanager
    async def _held(self, claim: Claim) -> AsyncIterator[None]:
        """Let writes mark a claim, and renew it for as long as it has no mark."""
        renewing = asyncio.ensure_future(self._renew(claim))
        token = CURRENT.set(claim)
        try:
            yield
        finally:
            CURRENT.reset(token)
            claim.is_open = False
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing

    async def _renew(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(_RENEWED)
            async with claim.lock:
                if claim.had_effect:
                    return
                now = self._clock.now()
                put = Put(
                    record=replace(claim.record, expires_at=now + CLAIM),
                    expected=claim.record.version,
                )
                try:
                    written = await self._records.write([put], now=now)
                except VedetteError:
                    # The store is away: the next round tries again, and the mark says who came first.
                    continue
                if written.refusal is not None:
                    return
                claim.record = written.records[0]

    async def _again(self, known: Record, print_: str, send: Send) -> None:
        told = json.loads(known.body)
        if told["request"] != print_:
            raise refuse("key_reused", "this idempotency key was sent with another request before")
        if not told.get("done"):
            now = self._clock.now()
            is_late = now - known.updated_at >= CLAIM
            if told.get("effect") and (is_late or self._is_left(known, now)):
                raise refuse(
                    "answer_lost",
                    "a request with this idempotency key had an effect, all of it or a part, and its"
                    " answer was lost: look what is there; another key does it again",
                )
            raise _under_way()
        values = await self._records.secrets(Kind.ANSWER, [known.id])
        if not values:
            raise _under_way()
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

    async def _settle(self, claim: Claim, answer: _Answer) -> None:
        """Keep the answer, or let the key go where there was no effect. Failing is no failure."""
        now, record = self._clock.now(), claim.record
        try:
            if answer.is_kept and (answer.is_good or (claim.had_effect and answer.status)):
                told = json.loads(record.body) | {"done": True}
                done = replace(record, body=json.dumps(told), expires_at=now + KEPT)
                sealed = await self._safe.seal(
                    Kind.ANSWER, record.tenant, record.id, _ANSWER, Secret(answer.text())
                )
                put = Put(record=done, expected=record.version, secrets={_ANSWER: sealed})
                await self._records.write([put], now=now)
            elif not claim.had_effect:
                drop = Drop(
                    kind=Kind.ANSWER, id=record.id, tenant=record.tenant, expected=record.version
                )
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


def _claim(caller: Caller, key: str, told: Mapping[str, str]) -> Record:
    """Return the record of a request that is under way; keys of one caller are none of another's."""
    name = sha256(f"{len(caller.name)}:{caller.name}{key}".encode()).hexdigest()
    return Record(
        kind=Kind.ANSWER, id=name[:40], tenant=caller.tenant or _ADMINS, body=json.dumps(told)
    )


def _under_way() -> ProblemError:
    return refuse(
        "in_progress",
        "a request with this idempotency key is under way: ask again in a moment",
        Retry_After="1",
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
