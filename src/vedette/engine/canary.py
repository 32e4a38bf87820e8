"""Tries mailboxes from end to end: puts a probe mail in, and follows it to the endpoints.

::

    APPEND ─► the watch sees it, fetches it, knows it, commits it ─► UID EXPUNGE, of ours alone
       │                                                       ├─► to who asks for ``canary.arrived``
       └── measured; over two minutes: a watch that does not ──┘        (``canary_delivery``)

It has a short session of its own, so that it sees what a sender would see. It asks for UIDPLUS: a
bare EXPUNGE removes what other clients marked. It must not know how the watch works.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import structlog

from vedette.engine.assignment import Assignment
from vedette.engine.canary_book import FIELD, TOKEN, CanaryBook
from vedette.engine.canary_delivery import PATIENCE as DELIVERED
from vedette.engine.canary_delivery import Deliveries, delivered
from vedette.engine.opening import may_delete
from vedette.engine.part import OnCrash, Part
from vedette.engine.quarantine import Targets
from vedette.engine.session import Session
from vedette.errors import CanaryError, FolderError, StoreError, VedetteError
from vedette.imap import (
    Append,
    ByHeader,
    Fetch,
    FetchItem,
    Peek,
    Search,
    Select,
    StoreMode,
    UidExpunge,
    UidFetch,
    UidSearch,
    UidSet,
    UidStore,
)
from vedette.model.account import Account, Canary
from vedette.model.ids import AccountId
from vedette.ports.clock import Clock, Dice
from vedette.telemetry.counters import Counter
from vedette.telemetry.histogram import Histogram

PROBES = Counter(
    "vedette_canaries_total",
    "Probe mails that were put into mailboxes, by what became of them.",
    label="outcome",
    values=("seen", "missing", "failed"),
)
TOOK = Histogram(
    "vedette_canary_seconds", "Time from the APPEND of a probe mail to its commit by the watch."
)

#: How an account's error begins where its probe did not come through.
PROBE: Final = "a probe mail"

#: Seconds in which a probe has to be committed: what the watch promises at worst is a poll each
#: minute, and a round trip.
PATIENCE = 120.0
#: Seconds between two looks at whose turn it is.
TICK = 5.0
#: Probes under way at the same time: each has a connection of its own, and providers count them.
AT_ONCE = 4
#: Probes that are removed in one go. One is the rule; a service that died left one more.
REMOVED = 50
#: Seconds that a stop leaves to probes under way; one that stays is removed with the next.
GRACE = 3.0
#: Connections live for so long: the patience, and two logins' worth of round trips.
LONGEST = PATIENCE + 120.0

_HEADER = Peek(section=f"HEADER.FIELDS ({FIELD.upper()})".encode())

_log = structlog.stdlib.get_logger(__name__)


class CanaryKeeper(Part):
    """Probes the accounts of ``watched`` that ask for it, each in its own interval.

    ``login`` opens a session in the account's turn. ``doubt`` is told of an account whose probe did
    not come through, and of None when one does again. ``deliveries`` are what became of them.
    """

    def __init__(
        self,
        book: CanaryBook,
        clock: Clock,
        dice: Dice,
        *,
        watched: Callable[[], Iterable[Assignment]],
        login: Callable[[Assignment], Awaitable[Session]],
        doubt: Callable[[AccountId, VedetteError | None], Awaitable[None]],
        deliveries: Deliveries,
        on_crash: OnCrash | None = None,
    ) -> None:
        super().__init__("canary", on_crash=on_crash)
        self._book = book
        self._clock = clock
        self._dice = dice
        self._watched = watched
        self._login = login
        self._doubt = doubt
        self._deliveries = deliveries
        self._due: dict[AccountId, float] = {}
        self._busy: dict[AccountId, asyncio.Task[None]] = {}
        self._followed: dict[AccountId, asyncio.Task[None]] = {}
        self._missed: set[AccountId] = set()

    async def _open(self) -> None:
        self.spawn(self._run(), "run")

    async def _close(self) -> None:
        """Have the probes that are in mailboxes removed."""
        self._book.give_up()
        if self._busy:
            await asyncio.wait(self._busy.values(), timeout=GRACE)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._stopping is None:
            now = loop.time()
            wanted = {each.account.id: each for each in self._watched()}
            self._due = {name: at for name, at in self._due.items() if name in wanted}
            self._missed &= wanted.keys()
            for name, each in wanted.items():
                if (canary := each.account.canary) is None:
                    continue
                # The first comes within the interval: a start is not followed by all at once.
                due = self._due.setdefault(name, now + self._dice() * canary.interval)
                is_free = name not in self._busy and name not in self._followed
                if due <= now and is_free and len(self._busy) < AT_ONCE:
                    self._due[name] = now + canary.interval * (0.9 + self._dice() / 5)
                    self._busy[name] = self.spawn(self._turn(each, canary), f"probe.{name}")
            await asyncio.sleep(TICK)

    async def _turn(self, each: Assignment, canary: Canary) -> None:
        """Probe one account, whatever comes of it."""
        account, token = each.account, secrets.token_hex(TOKEN // 2)
        put_at = self._clock.now()
        try:
            async with asyncio.timeout(LONGEST):
                seen = await self._probed(each, canary, token)
        except (VedetteError, TimeoutError) as error:
            # The way of the probe failed, which says nothing of the watch.
            PROBES.inc("failed")
            _log.warning("canary.failed", account=account.id, error=str(error) or "too slow")
            return
        finally:
            del self._busy[account.id]
        PROBES.inc("seen" if seen else "missing")
        if seen:
            # Beside the next probes: an endpoint that is down must not hold up those of others.
            follow = self._follow(account.id, token, put_at)
            self._followed[account.id] = self.spawn(follow, f"deliver.{account.id}")
            return
        if not self._is_wanted(account.id, canary):
            # It lay in a folder that it is not to be in any more, or nobody watches any more.
            return
        _log.error("canary.missing", account=account.id, seconds=PATIENCE)
        words = f"{PROBE} was put into {canary.folder} and not seen within {PATIENCE:.0f} s"
        await self._told(account.id, words)

    def _is_wanted(self, account: AccountId, canary: Canary) -> bool:
        """Tell whether probes of an account are still as this one was."""
        return any(
            (each.account.id, each.account.canary) == (account, canary) for each in self._watched()
        )

    async def _follow(self, account: AccountId, token: str, put_at: float) -> None:
        """Wait until a probe that was committed is delivered, to whoever asks for it."""
        try:
            wrong = await delivered(self._deliveries, account, token, put_at, patience=DELIVERED)
        except StoreError as error:
            # What became of it is not known, which is said of the state in many places.
            _log.warning("canary.failed", account=account, error=str(error))
            return
        finally:
            if self._followed.get(account) is asyncio.current_task():
                del self._followed[account]
        if wrong is not None:
            _log.error("canary.undelivered", account=account, error=wrong)
        await self._told(account, None if wrong is None else f"{PROBE} {wrong}")

    async def _told(self, account: AccountId, wrong: str | None) -> None:
        """Have the account's story say what came of its probe."""
        try:
            if wrong is not None:
                self._missed.add(account)
                await self._doubt(account, CanaryError(wrong))
            elif account in self._missed:
                self._missed.discard(account)
                await self._doubt(account, None)
        except VedetteError as error:
            # The state is away, or the mailbox is another's: the log has it all the same.
            _log.warning("canary.failed", account=account, error=str(error))

    async def _probed(self, each: Assignment, canary: Canary, token: str) -> bool:
        """Put a probe in and take it out; tell whether it was committed in time."""
        account, loop = each.account, asyncio.get_running_loop()
        session = await self._login(each)
        try:
            if not session.has("UIDPLUS"):
                raise FolderError(
                    f"{each.target.host} has no UIDPLUS: a probe could not be removed alone"
                )
            path = await Targets(session).path(canary.folder)
            # Before it is put in: what could not be removed must not be there.
            if not may_delete(await session.check(Select(mailbox=path, read_only=False))):
                raise FolderError(f"{each.target.host} lets no message of the folder be deleted")
            probe = self._book.message(account.id, token, self._clock.now())
            done = self._book.expect(account.id, token)
            begun = loop.time()
            try:
                await session.check(Append(mailbox=path, message=probe, flags=("\\Seen",)))
                async with asyncio.timeout(PATIENCE):
                    await done
                TOOK.observe(loop.time() - begun)
            except TimeoutError:
                return False
            finally:
                self._book.forget(account.id, token)
                if not session.link.is_lost:
                    await self._remove(session, account)
        finally:
            await session.logout()
        return True

    async def _remove(self, session: Session, account: Account) -> None:
        """Remove the account's probes from the open folder, those of a process that died too.

        Each is looked at before: what only looks like one stays. Raises LinkError.
        """
        found = await session.check(UidSearch(criteria=(ByHeader(name=FIELD, value=""),)))
        uids = [uid for event in found.data if isinstance(event, Search) for uid in event.numbers]
        if not uids:
            return
        items = (FetchItem.UID, _HEADER)
        rows = await session.check(UidFetch(uids=UidSet(uids[-REMOVED:]), items=items))
        ours = UidSet(
            row.uid
            for row in rows.data
            if isinstance(row, Fetch) and row.uid is not None and self._is_ours(account, row)
        )
        if ours:
            await session.check(
                UidStore(uids=ours, flags=("\\Deleted",), mode=StoreMode.ADD, silent=True)
            )
            await session.check(UidExpunge(uids=ours))

    def _is_ours(self, account: Account, row: Fetch) -> bool:
        data = row.sections[0].data if row.sections else None
        return isinstance(data, bytes) and self._book.read(account.id, data) is not None
