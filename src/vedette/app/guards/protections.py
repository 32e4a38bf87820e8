"""Holds protective guards to what is enforced, whatever a file says, until a loosening is due.

What the configuration wants is compared with what is enforced: what tightens is gone over to at
once, what loosens is asked for once and waits. Each minute it looks at what is due by both clocks
and carries it out. It must not know how guards judge, nor who is at the command line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import structlog

from vedette.app.guards.partner import digest_of
from vedette.app.guards.protection import (
    CONFIGURATION,
    EVERYBODY,
    Held,
    OvertakenError,
    Ward,
    covered_by,
    enforced,
    read,
    wanted,
    written,
)
from vedette.app.guards.tidings import Tell, Tidings
from vedette.app.guards.whereabouts import is_told, whereabouts
from vedette.app.guards.wish import Trust, aspect_of, performed, spelled_step, target_of
from vedette.config.settings import EndpointSettings, GuardSettings
from vedette.engine.part import Part
from vedette.errors import ConfigError, StoreError, UsageError
from vedette.guard.ratchet import OF_A_FILE, OF_A_GUARD, Stand, Step, after, steps
from vedette.model.ids import AccountId, EndpointId
from vedette.outbox.protection import Turn
from vedette.ports.clock import Clock
from vedette.ports.ratchet import Change, ChangeId, Loosening, Protection
from vedette.secret import Secret

_log = structlog.stdlib.get_logger(__name__)

#: Seconds between two looks at what is due.
LOOK = 60.0
#: Loosenings of one guard that may wait: more is a mistake, and each is a row and an event.
MAX_WAITING = 1_000

#: Accounts that are written by themselves before all of a guard are written anew, beside as many as
#: it stands at: so what is read at a start is bounded, and rewriting is rare.
LOOSE = 1_000
#: A row of an account costs as much as so many accounts of those that are written together.
SHARE = 3


class Protections(Part):
    """The ratchet of one host. ``again`` lets the configuration be gone over to anew.

    ``done`` is told when a person's wish was carried out.
    """

    def __init__(
        self,
        store: Trust,
        clock: Clock,
        *,
        key: Callable[[], Secret[str]],
        tell: Tell,
        again: Callable[[], Awaitable[None]],
        done: Callable[[Change], Awaitable[None]],
    ) -> None:
        super().__init__("protections")
        self._store = store
        self._clock = clock
        self._key = key
        self._again = again
        self._done = done
        #: Returns an endpoint as it is set.
        self.endpoint: Callable[[EndpointId], EndpointSettings | None] = lambda _: None
        #: What is enforced, by guard.
        self.held: dict[str, Held] = {}
        #: The changes that were open, and the numbers of those that were due, when it was read.
        self.asked: Sequence[Change] = ()
        self._due: frozenset[ChangeId] = frozenset()
        #: The rows of it, as they were read or written here last, by guard.
        self._rows: dict[str, Protection] = {}
        #: How many accounts of a row were written by themselves since all of it was.
        self._loose: dict[str, int] = {}
        #: Tells of all of it.
        self.tidings = Tidings(store, clock, key=key, tell=tell, partner=self._partner)

    async def _open(self) -> None:
        self.spawn(self._run(), "due")

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except StoreError as error:
                # What is due stays due; until it is written the stricter of both holds.
                _log.warning("protection.unwritten", error=str(error))
            await asyncio.sleep(LOOK)

    async def in_force(self, settings: Sequence[GuardSettings]) -> Sequence[GuardSettings]:
        """Return what is in force of what is wanted.

        Raises OvertakenError where another instance came first, and StoreError.
        """
        # Before what is enforced: what is applied in between is seen there, and not asked for anew.
        asked = await self.ask_again()
        held = await self._enforced()
        by_name = {each.pack.name: each for each in settings}
        free: list[GuardSettings] = []
        standing: dict[str, Held] = {}
        for name in dict.fromkeys((*by_name, *held)):
            mine = [each for each in asked if each.loosening.guard == name]
            now_held = await self._settled(by_name.get(name), held.get(name), mine)
            if now_held is not None:
                standing[name] = now_held
            elif name in by_name:
                free.append(by_name[name])
        self.held = standing
        # Of two moves of one message the first is made: what is held goes before what is not.
        return [*(each.settings for each in standing.values()), *free]

    async def ask_again(self) -> Sequence[Change]:
        """Read which changes are open, and which of them are due. Raises StoreError."""
        self.asked = await self._store.changes()
        self._due = frozenset(each.id for each in await self._store.due(now=self._clock.now()))
        self.tidings.forget(self.asked)
        return self.asked

    async def is_behind(self) -> bool:
        """Tell whether another instance changed what is enforced. Raises StoreError."""
        rows = await self._store.protections()
        return {each.guard: each for each in rows} != self._rows

    async def adopted(self, settings: Sequence[GuardSettings]) -> Sequence[GuardSettings]:
        """Return what is in force now that another instance changed it. Raises StoreError.

        Nothing is asked for, withdrawn or tightened, which a file does when it is read: instances
        whose files differ for a while would undo each other's wishes for ever. Only what nothing
        is enforced of any more, and the file still wants, begins anew.
        """
        self.tidings.forget(await self._store.changes())
        held = await self._enforced()
        by_name = {each.pack.name: each for each in settings}
        free: list[GuardSettings] = []
        standing = {
            name: enforced(each.stand, by_name.get(name, each.settings), each.covered)
            for name, each in held.items()
        }
        for name, each in by_name.items():
            if name not in held:
                begun = await self._begun(each, await self._stand(each))
                if begun is None:
                    free.append(each)
                else:
                    standing[name] = begun
        self.held = standing
        return [*(each.settings for each in standing.values()), *free]

    async def look(self) -> None:
        """Carry out what is due."""
        due = await self._store.due(now=self._clock.now())
        for change in due:
            if aspect_of(change) in OF_A_FILE:
                continue
            now = self._clock.now()
            if await self._store.applied(change.id, now=now):
                await performed(change, self._store, now)
                await self.tidings.note(change, Turn.APPLIED)
                await self._done(change)
        if any(aspect_of(change) in OF_A_FILE for change in due):
            await self._again()

    async def ask(
        self, guard: str, what: str, *, by: str, account: AccountId | None = None
    ) -> Change:
        """Ask for a loosening of a guard that is held. Raises UsageError for too many."""
        if len(await self._waiting(guard)) >= MAX_WAITING:
            raise UsageError(f"{MAX_WAITING:,} changes of {guard} wait already; withdraw some")
        return await self._asked(guard, what, by=by, account=account)

    async def _asked(
        self, guard: str, what: str, *, by: str, account: AccountId | None = None
    ) -> Change:
        change = await self._store.request(
            Loosening(tenant=EVERYBODY, guard=guard, account=account, what=what, by=by),
            delay=self.held[guard].stand.lock.delay,
            now=self._clock.now(),
        )
        await self.tidings.note(change, Turn.WAITING)
        return change

    async def withdraw(self, number: ChangeId, *, by: str) -> Change:
        """Take a request back. Raises UsageError where none of this number waits."""
        change = await self.find(number)
        if not await self._store.withdraw(number, now=self._clock.now(), by=by):
            raise UsageError(f"the change {number} does not wait any more")
        await self.tidings.note(change, Turn.WITHDRAWN)
        return change

    async def grant(self, number: ChangeId, *, by: str) -> Change:
        """Let a request be due at once; whoever calls this knows that a partner agreed."""
        change = await self.find(number)
        if not await self._store.grant(number, now=self._clock.now(), by=by):
            raise UsageError(f"the change {number} does not wait any more")
        await self.tidings.note(change, Turn.GRANTED)
        await self.look()
        return change

    async def find(self, number: ChangeId) -> Change:
        """Return a change that waits. Raises UsageError."""
        for change in await self._store.changes():
            if change.id == number:
                return change
        raise UsageError(f"no change {number} waits; vedette guard changes shows those that do")

    async def want(self, guard: str, what: str, account: AccountId) -> Change:
        """Ask for what the configuration wants of an account; the same wish is asked for once."""
        return await self._asked(guard, what, by=CONFIGURATION, account=account)

    async def remind(self, change: Change) -> None:
        """Tell of a wish that waits: a crash may have come before; it is told once."""
        await self.tidings.note(change, Turn.WAITING)

    async def is_due(self, change: Change) -> bool:
        """Tell whether a wish may be had now; it is had then, and told."""
        if not await self._store.applied(change.id, now=self._clock.now()):
            return False
        await self.tidings.note(change, Turn.APPLIED)
        return True

    async def drop(self, change: Change) -> None:
        """Withdraw what the configuration does not want any more."""
        if await self._store.withdraw(change.id, now=self._clock.now(), by=CONFIGURATION):
            await self.tidings.note(change, Turn.WITHDRAWN)

    async def keep(
        self, guard: str, changed: Mapping[str, Ward | None], released: Sequence[Change]
    ) -> None:
        """Write at which accounts a guard stands; ``released`` are wishes that let it.

        ``changed`` are those of which something is other than before; at None it stands no more.
        """
        held, row = self.held[guard], self._rows[guard]
        # A new dict, as whoever looks at the old one may be waiting; it takes 0.2 ms of 20,000.
        covered = {**held.covered, **changed}
        left = {name: ward for name, ward in covered.items() if ward is not None}
        then = replace(held, covered=left)
        self._loose[guard] = self._loose.get(guard, 0) + len(changed)
        if SHARE * len(changed) >= len(left) or self._loose[guard] > LOOSE + len(left):
            await self._write(then, released)
        else:
            covers = [covered_by(AccountId(name), ward) for name, ward in changed.items()]
            applies, now = [each.id for each in released], self._clock.now()
            if not await self._store.cover(row, covers, now=now, by=CONFIGURATION, applies=applies):
                raise _overtaken(guard)
            self._rows[guard] = replace(row, edition=row.edition + 1)
        self.held[guard] = then
        for change in released:
            await self.tidings.note(change, Turn.APPLIED)

    def may_be_had(self, change: Change) -> bool:
        """Tell whether a wish was due when what is enforced was read."""
        return change.id in self._due

    async def _enforced(self) -> dict[str, Held]:
        found: dict[str, Held] = {}
        rows = await self._store.protections()
        self._rows = {each.guard: each for each in rows}
        self._loose = {each.guard: len(each.since) for each in rows}
        for protection in rows:
            try:
                found[protection.guard] = await asyncio.to_thread(read, protection)
            except (ConfigError, KeyError, TypeError, ValueError) as error:
                # What can not be read can not be compared: the file has the word, and it is said.
                _log.error("protection.unreadable", guard=protection.guard, error=str(error))
        return found

    async def _settled(
        self,
        settings: GuardSettings | None,
        held: Held | None,
        asked: Sequence[Change],
    ) -> Held | None:
        """Return what is enforced of a guard from now on; None where nothing is."""
        stand = None if settings is None else await self._stand(settings)
        if held is None:
            return await self._begun(settings, stand)
        # Its partner is told of what follows, also of its end.
        self.held[held.name] = held
        found = steps(held.stand, stand)
        open_ = [each for each in asked if aspect_of(each) in OF_A_GUARD]
        matching = {
            step.aspect: change
            for step in found
            for change in open_
            if step.loosens and (step.aspect, step.to) == (aspect_of(change), target_of(change))
        }
        released = {
            aspect: change for aspect, change in matching.items() if self.may_be_had(change)
        }
        then = after(held.stand, stand, released)
        for change in open_:
            if change in released.values():
                continue
            if change not in matching.values() or then is None or not then.is_enforced:
                await self.drop(change)
        if then is None or not then.is_enforced:
            await self._release(held.name, tuple(released.values()))
            return None
        result = enforced(then, settings or held.settings, held.covered)
        await self._gone_over(held, result, tuple(released.values()))
        if any(not each.loosens for each in found):
            await self.tidings.say(result.name, "protection", Turn.TIGHTENED)
        for step in found:
            if step.loosens and step.aspect not in released:
                await self._wait_for(result, step, matching.get(step.aspect))
        return result

    async def _begun(self, settings: GuardSettings | None, stand: Stand | None) -> Held | None:
        if settings is None or stand is None or not stand.is_enforced:
            return None
        held = enforced(stand, settings, {})
        await self._write(held)
        self.held[held.name] = held
        await self.tidings.say(held.name, "protection", Turn.ENFORCED)
        return held

    async def _gone_over(self, before: Held, then: Held, released: Sequence[Change]) -> None:
        if released or written(then, 0.0) != written(before, 0.0):
            await self._write(then, released)
        for change in released:
            # Whom it was to be told before it is told after, should that be another now.
            await self.tidings.note(change, Turn.APPLIED)
        self.held[then.name] = then

    async def _release(self, guard: str, released: Sequence[Change]) -> None:
        applies = [each.id for each in released]
        now = self._clock.now()
        row = self._rows[guard]
        if not await self._store.release(row, now=now, by=CONFIGURATION, applies=applies):
            raise _overtaken(guard)
        del self._rows[guard]
        for change in released:
            await self.tidings.note(change, Turn.APPLIED)

    async def _wait_for(self, held: Held, step: Step, change: Change | None) -> None:
        if change is None:
            self.held[held.name] = held
            what = spelled_step(step.aspect, step.to, step.says)
            await self._asked(held.name, what, by=CONFIGURATION)
        else:
            await self.remind(change)

    async def _stand(self, settings: GuardSettings) -> Stand:
        secret, partner, digest = settings.partner_secret, settings.partner, ""
        # Of a guard that tells nobody the key is not asked for.
        endpoint = None if partner is None else self.endpoint(partner)
        if secret is not None:
            digest = await asyncio.to_thread(
                digest_of, secret, key=self._key(), guard=settings.pack.name
            )
        if endpoint is None:
            return wanted(settings, digest)
        return wanted(settings, digest, whereabouts(endpoint, self._key()))

    async def _waiting(self, guard: str) -> list[Change]:
        return [each for each in await self._store.changes() if each.loosening.guard == guard]

    async def _write(self, held: Held, released: Sequence[Change] = ()) -> None:
        over = self._rows.get(held.name)
        edition = 0 if over is None else over.edition + 1
        row = replace(written(held, self._clock.now()), edition=edition)
        applies = [each.id for each in released]
        if not await self._store.enforce(row, by=CONFIGURATION, over=over, applies=applies):
            raise _overtaken(held.name)
        self._rows[held.name] = row
        self._loose[held.name] = 0

    def keeps(
        self, id_: EndpointId, running: EndpointSettings, now: EndpointSettings | None
    ) -> bool:
        """Tell whether a held guard's partner is told by an endpoint as it runs, and not as set."""
        for held in self.held.values():
            if held.settings.partner == id_ and held.stand.place:
                key = self._key()
                if is_told(held.stand, whereabouts(running, key)):
                    return not is_told(held.stand, whereabouts(now, key))
        return False

    def _partner(self, guard: str) -> EndpointId | None:
        held = self.held.get(guard)
        return None if held is None else held.settings.partner


def _overtaken(guard: str) -> OvertakenError:
    return OvertakenError(f"another instance changes what is enforced of {guard} all the time")
