"""Connections for requests: opened on demand, few for each account and in all, kept for moments.

A mailbox that is being watched has its own session, which nobody here touches. One of ours is used
by one request at a time, is kept some seconds for the next, and ends as soon as the account is
another: paused, deleted, with another password. Credentials that were refused are not tried again
at each request: servers lock accounts for that. It must not know what is asked of a mailbox.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog

from vedette.engine.assignment import Assignment
from vedette.engine.discovery import listed
from vedette.engine.login import log_in
from vedette.engine.part import Part
from vedette.engine.session import Session
from vedette.engine.world import World
from vedette.errors import LinkError, NetworkError, ThrottledError, Trouble, VedetteError
from vedette.imap import Noop
from vedette.model.folder import Folder
from vedette.model.ids import AccountId, TenantId
from vedette.service.mailbox.entrance import Entrance
from vedette.service.mailbox.refusals import CrowdedError, of_link
from vedette.service.refusals import ConflictError, NotRunningError

_log = structlog.stdlib.get_logger(__name__)

#: Sessions of one account: providers allow ten to fifteen in all, and the watch has its own.
PER_ACCOUNT: Final = 2
#: Sessions in all: each is a descriptor and some 100 KiB, and mailboxes that are watched go first.
IN_ALL: Final = 32
#: Requests of one tenant at once, waiting or not: half of all, whatever its servers are like.
PER_TENANT: Final = 16
#: Seconds that a request waits for one of them.
WAIT: Final = 10.0
#: Seconds for which an unused session is kept: a person's next click, and no provider minds.
KEPT: Final = 15.0
#: Seconds after which a kept session is asked whether it lives, and for the answer.
STALE: Final = 3.0
PROOF: Final = 5.0
#: Seconds for which one request may use a session, unless it says more. With the wait it is less
#: than an idempotency key stands for a request that is under way (60).
USE: Final = 45.0
#: Seconds for which folders are known as they were listed.
LISTED: Final = 10.0
#: Seconds between two looks whether accounts are as they were: what is set is live within one.
LOOK: Final = 1.0

#: Seconds for which a login that was refused is not tried again, by why it was.
SORE: Final = {Trouble.AUTH: 60.0, Trouble.REVOKED: 60.0, Trouble.LIMIT: 10.0}
#: Seconds at most for which a server's own wish for patience is heeded here.
LONGEST: Final = 300.0
#: Refused logins that are remembered.
MOST_SORE: Final = 10_000


@dataclass(slots=True, kw_only=True, eq=False)
class Lease:
    """A session in somebody's hands."""

    assignment: Assignment
    session: Session
    world: World
    used_at: float = 0.0
    is_revoked: bool = False
    _folders: list[Folder] = field(default_factory=list)
    _listed_at: float = float("-inf")

    def revoke(self) -> None:
        """End it under the hands of whoever uses it, who learns of that at once."""
        self.is_revoked = True
        self.session.link.close()
        self.session.link.wake()

    async def folders(self, *, anew: bool = False) -> list[Folder]:
        """Return the folders, as they are or were a moment ago. Raises LinkError."""
        now = asyncio.get_running_loop().time()
        if anew or now - self._listed_at > LISTED:
            self._folders = await listed(self.session)
            self._listed_at = now
        return self._folders


@dataclass(slots=True, kw_only=True)
class _Account:
    """What is open for one account."""

    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PER_ACCOUNT))
    kept: list[Lease] = field(default_factory=list)
    used: set[Lease] = field(default_factory=set)
    wanted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sore:
    """A login that was refused."""

    assignment: Assignment
    until: float
    error: LinkError


class Sessions(Part):
    """Lends sessions."""

    def __init__(self, entrance: Entrance | None) -> None:
        super().__init__("mailbox sessions")
        self._entrance = entrance
        self._free = asyncio.Semaphore(IN_ALL)
        self._accounts: dict[AccountId, _Account] = {}
        self._asked = asyncio.Event()
        self._sore: dict[AccountId, _Sore] = {}
        self._busy: Counter[TenantId] = Counter()

    @property
    def count(self) -> int:
        """How many sessions there are, in use or kept."""
        return sum(len(each.kept) + len(each.used) for each in self._accounts.values())

    def world(self) -> World:
        """Return what is lent of the engine. Raises NotRunningError."""
        world = None if self._entrance is None else self._entrance.world
        if world is None or not self.started:
            raise NotRunningError
        return world

    def assignment(self, account: AccountId) -> Assignment | None:
        """Return an account as it is to be logged in to; None where the engine has none.

        Raises NotRunningError.
        """
        if self._entrance is None:
            raise NotRunningError
        return self._entrance.assignment(account)

    @asynccontextmanager
    async def lent(self, assignment: Assignment, *, seconds: float = USE) -> AsyncIterator[Lease]:
        """Lend a session of an account, logged in, for so long.

        Raises MailServerError for whatever goes wrong on the way or while it is used, CrowdedError
        where all are in use, ConflictError where the account was changed meanwhile.
        """
        world = self.world()
        id_ = assignment.account.id
        tenant = assignment.account.tenant
        if self._busy[tenant] >= PER_TENANT:
            raise CrowdedError(
                f"{PER_TENANT} requests are reading mailboxes already; wait a moment"
            )
        account = self._accounts.setdefault(id_, _Account())
        account.wanted += 1
        self._asked.set()
        self._busy[tenant] += 1
        try:
            await self._room(account)
            try:
                async with self._used(account, assignment, world, seconds) as lease:
                    yield lease
            finally:
                self._free.release()
                account.free.release()
        finally:
            account.wanted -= 1
            self._tidy(id_)
            self._busy[tenant] -= 1
            if not self._busy[tenant]:
                del self._busy[tenant]

    async def _open(self) -> None:
        self.spawn(self._look(), "look")

    async def _close(self) -> None:
        for account in self._accounts.values():
            for lease in (*account.kept, *account.used):
                lease.revoke()
            account.kept.clear()

    async def _room(self, account: _Account) -> None:
        try:
            async with asyncio.timeout(WAIT):
                await account.free.acquire()
                try:
                    await self._free.acquire()
                except BaseException:
                    account.free.release()
                    raise
        except TimeoutError:
            raise CrowdedError("too many mailboxes are read at once; wait a moment") from None

    @asynccontextmanager
    async def _used(
        self, account: _Account, assignment: Assignment, world: World, seconds: float
    ) -> AsyncIterator[Lease]:
        lease: Lease | None = None
        try:
            async with asyncio.timeout(seconds):
                lease = await self._taken(account, assignment, world)
                account.used.add(lease)
                yield lease
        except TimeoutError as error:
            host = assignment.target.host
            late = NetworkError(f"{host} was not done within {seconds:.0f} s")
            raise of_link(late) from error
        except LinkError as error:
            if lease is not None and lease.is_revoked:
                raise ConflictError("the account was changed meanwhile; ask again") from error
            raise of_link(error) from error
        except VedetteError:
            # The server did as it was asked to; that was not what the caller wanted.
            self._put_back(account, lease)
            raise
        else:
            self._put_back(account, lease)
        finally:
            # Whoever was cut off in the middle of an answer leaves nothing to go on with.
            if lease is not None and lease not in account.kept:
                lease.session.link.close()
            if lease is not None:
                account.used.discard(lease)

    async def _taken(self, account: _Account, assignment: Assignment, world: World) -> Lease:
        """Return a session that lives: one that is kept, or a new one. Raises LinkError."""
        now = asyncio.get_running_loop().time
        while account.kept:
            lease = account.kept.pop()
            if lease.assignment != assignment or lease.session.link.is_lost:
                lease.session.link.close()
                continue
            if now() - lease.used_at <= STALE:
                return lease
            try:
                await lease.session.check(Noop(), seconds=PROOF)
            except LinkError:
                lease.session.link.close()
                continue
            return lease
        self._refuse_again(assignment, now())
        self._make_room()
        try:
            session = await log_in(assignment.account, assignment.target, world)
        except LinkError as error:
            self._remember(assignment, error, now())
            raise
        self._sore.pop(assignment.account.id, None)
        return Lease(assignment=assignment, session=session, world=world)

    def _put_back(self, account: _Account, lease: Lease | None) -> None:
        """Keep a session for the next request, if there may be one."""
        if lease is None or lease.is_revoked or lease.session.link.is_lost or not self.started:
            return
        if not self._is_current(lease):
            return
        lease.used_at = asyncio.get_running_loop().time()
        account.kept.append(lease)

    def _is_current(self, lease: Lease) -> bool:
        return self.assignment(lease.assignment.account.id) == lease.assignment

    def _refuse_again(self, assignment: Assignment, now: float) -> None:
        """Raise why a login was refused a moment ago, with the same credentials."""
        sore = self._sore.get(assignment.account.id)
        if sore is not None and now < sore.until and sore.assignment == assignment:
            raise of_link(sore.error)

    def _remember(self, assignment: Assignment, error: LinkError, now: float) -> None:
        seconds = SORE.get(error.trouble, 0.0)
        if isinstance(error, ThrottledError):
            seconds = min(error.retry_after or SORE[Trouble.AUTH], LONGEST)
        if seconds:
            if len(self._sore) >= MOST_SORE:
                self._sore.clear()
            self._sore[assignment.account.id] = _Sore(
                assignment=assignment, until=now + seconds, error=error
            )

    def _make_room(self) -> None:
        """End the session that was unused longest where there are as many as may be."""
        if self.count < IN_ALL:
            return
        kept = [(each.used_at, each, one) for one in self._accounts.values() for each in one.kept]
        if kept:
            _, lease, account = min(kept, key=lambda each: each[0])
            account.kept.remove(lease)
            lease.session.link.close()

    async def _look(self) -> None:
        """End what was unused too long, and what is of an account that is another by now."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._accounts:
                # Nothing to look at: the loop is not woken for it.
                self._asked.clear()
                await self._asked.wait()
            await asyncio.sleep(LOOK)
            ending: list[Lease] = []
            for id_, account in list(self._accounts.items()):
                for lease in list(account.kept):
                    if loop.time() - lease.used_at > KEPT or not self._is_current(lease):
                        account.kept.remove(lease)
                        ending.append(lease)
                for lease in account.used:
                    if not self._is_current(lease):
                        lease.revoke()
                self._tidy(id_)
            await asyncio.gather(*(each.session.logout() for each in ending))

    def _tidy(self, id_: AccountId) -> None:
        account = self._accounts.get(id_)
        if account is not None and not (account.kept or account.wanted):
            del self._accounts[id_]
