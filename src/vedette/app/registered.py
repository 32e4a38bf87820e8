"""What is registered is watched: follows records and the tables of hosts, and has it go live.

Whoever writes a record wakes this, on every instance of a cluster; what was touched is read, and
nothing else. A change that can not be gone over to now is tried again until it can. It must not
know how records become settings, nor how these come into force.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog

from vedette.app.clock import uptime
from vedette.app.enacting import Change, Enacting
from vedette.app.filed import FiledAccounts
from vedette.app.gathering import Gathering, State
from vedette.app.layers import API, FILE, TABLE
from vedette.app.tables import Tables
from vedette.config.settings import AccountSettings
from vedette.engine.part import OnCrash, Part
from vedette.errors import StoreError
from vedette.identity.oauth.tokens import Supply
from vedette.identity.vault import Vault
from vedette.model.account import Account
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.ports.records import Kind, Record, RecordQuery, Touched
from vedette.ports.source import Source, Sourced
from vedette.service.accounts.elsewhere import IN_FILE, Elsewhere

_log = structlog.stdlib.get_logger(__name__)

#: Records that are read at once; more than a page is a start, or an import.
PAGE: Final = 500
#: Records that are asked for one by one, at the same time.
AT_ONCE: Final = 50
#: Seconds before what failed is tried again.
AGAIN: Final = 1.0
#: Seconds that a start waits for the first answer of a table of a host.
PATIENCE: Final = 10.0

#: Seconds without an answer of the records after which what went meanwhile is looked for: that one
#: is gone is told for a day, and a part of that is left for the look itself.
OUT_OF_TOUCH: Final = 20 * 3_600.0

#: What of the records is followed here.
_FOLLOWED: Final = frozenset({Kind.TENANT, Kind.ACCOUNT, Kind.ENDPOINT, Kind.GUARD})


class Registered(Part):
    """Follows what is registered. It is the ``Supplies`` of ``identity.oauth.tokens``.

    ``unlock`` opens the vault, the first time that there is a secret. ``elsewhere`` is filled with
    the accounts of the file and of ``sources``.
    """

    def __init__(
        self,
        state: State,
        unlock: Callable[[], Awaitable[Vault]],
        enacting: Enacting,
        *,
        elsewhere: Elsewhere,
        sources: Sequence[Source] = (),
        on_crash: OnCrash | None = None,
    ) -> None:
        super().__init__("registered", on_crash=on_crash)
        self._state = state
        self._records = state.records
        self._gathering = Gathering(state, unlock)
        self._enacting = enacting
        self._elsewhere = elsewhere
        self._tables = Tables(elsewhere)
        #: Who follows each source.
        self._followers: dict[Source, asyncio.Task[None] | None] = dict.fromkeys(sources)
        self._tables.have(sources)
        self._revision = 0
        #: When the records answered last, by a clock that nobody sets.
        self._heard = uptime()
        self._file: tuple[AccountSettings, ...] = ()
        #: The accounts of tables as they were gone over to last.
        self._laid: Mapping[AccountId, Sourced] = {}
        #: That of the consents as they were read last.
        self._edition = -1
        #: What is read is gone over to before anything else is.
        self._one = asyncio.Lock()

    async def supply(self, account: Account) -> Supply | None:
        """Return what the tokens of an account come from."""
        return self._gathering.supplies.get(account.id)

    def account(self, id_: AccountId) -> AccountSettings | None:
        """Return an account as it is set now, wherever it is kept; None where there is none."""
        return self._enacting.account(id_)

    def filed(self, accounts: Iterable[AccountSettings]) -> dict[AccountId, AccountSettings]:
        """Take the accounts of the file; return them as they are to be watched."""
        self._file = tuple(accounts)
        self._elsewhere.keep(IN_FILE, FiledAccounts(self._file))
        return {each.account.id: self._gathering.filed(each) for each in self._file}

    async def load(self) -> None:
        """Read everything that is registered, before anything is in force. Raises StoreError."""
        # First, so that what is written while the rest is read is read again.
        self._revision = await self._newest()
        self._edition = await self._state.edition()
        await self._gathering.doubtful()
        async for page in self._pages(Kind.TENANT):
            for record in page:
                self._gathering.tenant(TenantId(record.id), record)
        async for page in self._pages(Kind.ENDPOINT):
            self._enacting.lay(API, Change(endpoints=await self._gathering.endpoints(page)))
        async for page in self._pages(Kind.GUARD):
            self._enacting.lay(API, Change(guards=await self._gathering.guards(page)))
        async for page in self._pages(Kind.ACCOUNT):
            self._enacting.lay(API, Change(accounts=await self._gathering.accounts(page)))
        for source in self._followers:
            await self._first(source)

    async def follow(self, sources: Sequence[Source]) -> None:
        """Follow these sources and no others; who is one of them already is followed on.

        The accounts of one that is gone are let go of; those of one that another took the place of,
        under its name, are kept until that one says something.
        """
        async with self._one:
            # None of them is about to go over to something now.
            for source, task in self._followers.items():
                if source not in sources and task is not None:
                    task.cancel()
            kept = self._followers
            self._followers = {each: kept.get(each) for each in sources}
            for source, task in self._followers.items():
                if task is None:
                    self._begin(source)
        self.spawn(self._rearranged(sources), "sources")

    async def _open(self) -> None:
        self.spawn(self._follow(), "records")
        for source in self._followers:
            self._begin(source)

    def _begin(self, source: Source) -> None:
        follower = self.spawn(self._follow_source(source), f"source {source.name}")
        self._followers[source] = follower

    # The records.

    async def _follow(self) -> None:
        while True:
            try:
                await self._records.listen()
                async with self._one:
                    if uptime() - self._heard > OUT_OF_TOUCH:
                        await self._let_go()
                    await self._catch_up()
                    await self._reconsider()
                self._heard = uptime()
            except StoreError as error:
                _log.warning("registered.unread", error=str(error))
                await asyncio.sleep(AGAIN)

    async def _catch_up(self) -> None:
        while touched := await self._records.touched(self._revision, limit=PAGE):
            await self._taken([each for each in touched if each.kind in _FOLLOWED])
            await self._granted([AccountId(each.id) for each in touched if each.kind is Kind.GRANT])
            self._revision = touched[-1].revision

    async def _let_go(self) -> None:
        """Let go of what is not there any more, and of which nobody tells by now."""
        known = {**self._enacting.laid(API), Kind.TENANT: set[str](self._gathering.tenants)}
        for kind, ids in known.items():
            async for page in self._pages(kind):
                ids.difference_update(each.id for each in page)
            await self._taken([_gone(kind, each) for each in sorted(ids)])

    async def _taken(self, touched: Sequence[Touched]) -> None:
        """Go over to what was touched: tenants first, for their accounts heed them."""
        records = await self._read([(each.kind, each.id) for each in touched])
        for each in touched:
            record = records.get((each.kind, each.id))
            if each.kind is Kind.TENANT and self._gathering.tenant(TenantId(each.id), record):
                await self._tenant_changed(TenantId(each.id))
        gone = [(each.kind, each.id) for each in touched if (each.kind, each.id) not in records]
        accounts = [AccountId(id_) for kind, id_ in gone if kind is Kind.ACCOUNT]
        for account in accounts:
            self._gathering.forget(account)
        endpoints = [EndpointId(id_) for kind, id_ in gone if kind is Kind.ENDPOINT]
        guards = [id_ for kind, id_ in gone if kind is Kind.GUARD]
        found, made = list(records.values()), self._gathering
        change = Change(
            accounts={**dict.fromkeys(accounts), **await made.accounts(_of(found, Kind.ACCOUNT))},
            endpoints={
                **dict.fromkeys(endpoints),
                **await made.endpoints(_of(found, Kind.ENDPOINT)),
            },
            guards={**dict.fromkeys(guards), **await made.guards(_of(found, Kind.GUARD))},
        )
        await self._enacting.take(API, change)
        tables = self._tables.accounts()
        await self._tabled([tables[each] for each in accounts if each in tables])

    async def _granted(self, accounts: Sequence[AccountId]) -> None:
        """Have accounts of hosts heed another consent: those of the API have it in their record."""
        tables = self._tables.accounts() if accounts else {}
        await self._tabled([tables[each] for each in accounts if each in tables])

    async def _tenant_changed(self, tenant: TenantId) -> None:
        """Have all accounts of a tenant heed it, wherever they are kept."""
        async for page in self._pages(Kind.ACCOUNT, tenant):
            accounts = await self._gathering.accounts(page)
            await self._enacting.take(API, Change(accounts=accounts))
        tables = self._tables.accounts().values()
        await self._tabled([each for each in tables if _tenant_of(each) == tenant])
        filed = [each for each in self._file if each.account.tenant == tenant]
        now = {each.account.id: self._gathering.filed(each) for each in filed}
        if now:
            await self._enacting.take(FILE, Change(accounts=now))

    async def _read(self, wanted: Sequence[tuple[Kind, str]]) -> dict[tuple[Kind, str], Record]:
        """Return those of the records that are there."""
        found: dict[tuple[Kind, str], Record] = {}
        for start in range(0, len(wanted), AT_ONCE):
            asked = [self._records.record(kind, id_) for kind, id_ in wanted[start:][:AT_ONCE]]
            records = await asyncio.gather(*asked)
            found |= {(each.kind, each.id): each for each in records if each is not None}
        return found

    async def _newest(self) -> int:
        """Return the revision of what was written last."""
        revision = 0
        while touched := await self._records.touched(revision, limit=10 * PAGE):
            revision = touched[-1].revision
        return revision

    async def _pages(
        self, kind: Kind, tenant: TenantId | None = None
    ) -> AsyncIterator[Sequence[Record]]:
        after = ""
        while True:
            query = RecordQuery(kind=kind, tenant=tenant, after=after, limit=PAGE)
            page = await self._records.records(query)
            if page:
                yield page
            if len(page) < PAGE:
                return
            after = page[-1].id

    # The consents.

    async def _reconsider(self) -> None:
        """Look at the consents where somebody gave one, or took one back."""
        edition = await self._state.edition() if self._gathering.asking else self._edition
        if edition == self._edition:
            return
        doubtful = await self._gathering.doubtful()
        records = await self._read([(Kind.ACCOUNT, each) for each in doubtful])
        accounts = await self._gathering.accounts(list(records.values()))
        await self._enacting.take(API, Change(accounts=accounts))
        tables = self._tables.accounts()
        await self._tabled([tables[each] for each in doubtful if each in tables])
        self._edition = edition

    # The tables of hosts.

    async def _first(self, source: Source) -> None:
        """Take what a source has, if it says so soon; it is followed all the same."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    with suppress(StoreError):
                        return await self._sourced_anew(source, lays=True)
                    await source.changed()
        except TimeoutError:
            _log.warning("source.late", source=source.name, seconds=PATIENCE)

    async def _follow_source(self, source: Source) -> None:
        is_due = False
        while True:
            if not is_due:
                await source.changed()
            try:
                async with self._one:
                    await self._sourced_anew(source)
            except StoreError as error:
                _log.warning("source.unread", source=source.name, error=str(error))
                is_due = True
                await asyncio.sleep(AGAIN)
            else:
                is_due = False

    async def _rearranged(self, sources: Sequence[Source]) -> None:
        """Go over to these sources, as soon as that can be done."""
        while True:
            try:
                async with self._one:
                    if list(self._followers) == list(sources):
                        self._tables.have(sources)
                        await self._compared()
                    return
            except StoreError as error:
                _log.warning("source.unread", source="", error=str(error))
                await asyncio.sleep(AGAIN)

    async def _sourced_anew(self, source: Source, *, lays: bool = False) -> None:
        """Go over to what a source says now of its accounts."""
        self._tables.say(source.name, await source.accounts())
        await self._compared(lays=lays)

    async def _compared(self, *, lays: bool = False) -> None:
        """Go over to what is other in the tables of hosts than what was gone over to last."""
        before, now = self._laid, self._tables.accounts()
        changed = [each for id_, each in now.items() if before.get(id_) is not each]
        gone = [each for each in before if each not in now]
        for each in gone:
            self._gathering.forget(each)
        change = Change(accounts={**dict.fromkeys(gone), **await self._gathering.sourced(changed)})
        if lays:
            self._enacting.lay(TABLE, change)
        elif change.accounts:
            await self._enacting.take(TABLE, change)
        # Not where that failed: it is compared once more at the next try.
        self._laid = now

    async def _tabled(self, found: Sequence[Sourced]) -> None:
        if found:
            accounts = await self._gathering.sourced(found)
            await self._enacting.take(TABLE, Change(accounts=accounts))


def _gone(kind: Kind, id_: str) -> Touched:
    return Touched(kind=kind, id=id_, tenant=TenantId(""), revision=0, is_gone=True)


def _of(records: Iterable[Record], kind: Kind) -> list[Record]:
    return [each for each in records if each.kind is kind]


def _tenant_of(sourced: Sourced) -> TenantId:
    return sourced.registration.account.tenant
