"""Tells providers of consents that ended here, from the state, until they heard it or a day is over.

Each is taken by a write over its version, with the instant of the next try in it: of all instances one
asks, and one that dies leaves the next try to whoever lives. It must not know why a consent ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, assert_never

import orjson
import structlog

from vedette.engine.part import OnCrash, Part
from vedette.errors import SecretDamagedError, SecretError, StoreError
from vedette.identity.oauth.revocation import (
    ASKED,
    Revocation,
    Said,
    Told,
    record_of,
    revocation_of,
    tell,
)
from vedette.identity.oauth.transport import Transport
from vedette.identity.vault import Vault
from vedette.ports.clock import Clock
from vedette.ports.records import Drop, Kind, Put, Record, RecordQuery, Records

_log = structlog.stdlib.get_logger(__name__)

#: Seconds between two looks: what ended is told of as soon, and a look is one question to an index.
LOOK: Final = 10.0
#: Records of one page, and requests at once: a provider that hangs holds up no others for long.
PAGE: Final = 200
AT_ONCE: Final = 8
#: Seconds to the second try; each wait is twice the one before, up to an hour. In a day there are 29.
FIRST: Final = 60.0
LONGEST: Final = 3_600.0


class Revoking(Part):
    """Looks after revocations for as long as it runs. Whoever gives the transport stops it."""

    def __init__(
        self,
        records: Records,
        vault: Callable[[], Awaitable[Vault]],
        transport: Transport,
        clock: Clock,
        *,
        on_crash: OnCrash | None = None,
    ) -> None:
        super().__init__("revoking", on_crash=on_crash)
        self._records = records
        self._vault = vault
        self._transport = transport
        self._clock = clock

    async def _open(self) -> None:
        self.spawn(self._run(), "rounds")

    async def _run(self) -> None:
        while True:
            try:
                await self.round()
            except (StoreError, SecretError) as error:
                # They are in the state still.
                _log.warning("oauth.revocations_unread", error=str(error))
            await asyncio.sleep(LOOK)

    async def round(self) -> None:
        """Tell of all that are due now. Raises StoreError, SecretError."""
        places = asyncio.Semaphore(AT_ONCE)
        after = ""
        while True:
            query = RecordQuery(kind=Kind.REVOCATION, after=after, limit=PAGE)
            page = await self._records.records(query)
            now = self._clock.now()
            due = [each for each in page if _next_at(each) <= now]
            told = await asyncio.gather(
                *(self._within(places, each) for each in due), return_exceptions=True
            )
            for each in told:
                if each is not None:
                    raise each
            if len(page) < PAGE:
                return
            after = page[-1].id

    async def _within(self, places: asyncio.Semaphore, record: Record) -> None:
        async with places:
            found = await self._read(record)
            taken = None if found is None else await self._taken(found)
            if taken is not None:
                await self._settled(taken, await self._told(taken))

    async def _read(self, record: Record) -> Revocation | None:
        """Return what a record is of; one that can not be opened by anybody goes."""
        vault = await self._vault()
        try:
            for value in await self._records.secrets(Kind.REVOCATION, [record.id]):
                if value.name == ASKED and value.tenant == record.tenant:
                    return revocation_of(record, await vault.open(value))
        except SecretDamagedError as error:
            _log.warning("oauth.not_revoked", error=str(error))
            await self._drop(record)
        return None

    async def _taken(self, it: Revocation) -> Revocation | None:
        """Take it, with the instant of the next try; None where another instance has."""
        wait = min(FIRST * 2.0 ** min(it.tries, 10), LONGEST)
        return await self._moved(replace(it, tries=it.tries + 1, next_at=self._clock.now() + wait))

    async def _moved(self, then: Revocation) -> Revocation | None:
        put = Put(record=record_of(then), expected=then.version)
        written = await self._records.write([put], now=self._clock.now())
        if written.refusal is not None:
            return None
        return replace(then, version=written.records[0].version)

    async def _told(self, it: Revocation) -> Told | None:
        """Ask the provider; None where the same consent is in use for another mailbox by now.

        Google withdraws all that a user ever consented to for a client, whichever token is named.
        """
        if await self._is_in_use(it):
            return None
        return await tell(self._transport, it)

    async def _is_in_use(self, it: Revocation) -> bool:
        if not it.address:
            # Nobody said whose it was: as far as is known, the account's.
            own = await self._records.record(Kind.GRANT, it.account)
            return own is not None and orjson.loads(own.body).get("app") == it.app
        fields: dict[str, str | bool] = {"app": it.app, "address": it.address}
        return bool(
            await self._records.records(RecordQuery(kind=Kind.GRANT, fields=fields, limit=1))
        )

    async def _settled(self, it: Revocation, told: Told | None) -> None:
        facts: dict[str, Any] = {"account": it.account, "app": it.app}
        if told is None:
            _log.info("oauth.revocation_spared", **facts)
            await self._drop(record_of(it))
            return
        match told.said:
            case Said.DONE:
                _log.info("oauth.revoked", **facts)
                await self._drop(record_of(it))
            case Said.REFUSED:
                _log.warning("oauth.not_revoked", **facts, error=told.words)
                await self._drop(record_of(it))
            case Said.LATER:
                next_at = max(it.next_at, self._clock.now() + told.retry_after)
                if next_at >= it.expires_at:
                    _log.warning("oauth.not_revoked", **facts, error=told.words)
                    await self._drop(record_of(it))
                    return
                if next_at > it.next_at:
                    await self._moved(replace(it, next_at=next_at))
                again_in = round(next_at - self._clock.now())
                _log.warning(
                    "oauth.revocation_failed", **facts, error=told.words, again_in=again_in
                )
            case _:
                assert_never(told.said)

    async def _drop(self, record: Record) -> None:
        drop = Drop(kind=record.kind, id=record.id, tenant=record.tenant)
        # Where it is gone already somebody else took it.
        await self._records.write([drop], now=self._clock.now())


def _next_at(record: Record) -> float:
    at = orjson.loads(record.body).get("nextAt", 0.0)
    return float(at) if isinstance(at, int | float) else 0.0
