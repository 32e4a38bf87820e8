"""Guards that are tried: on a message that is given, or on the mail that is in a mailbox.

Nothing is kept, moved or marked, and nobody but the caller is told. Who reads a mailbox by it may read
mail there: what a guard finds tells of the mail. It must not know how guards judge.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from vedette import mime
from vedette.engine.guarding import Post
from vedette.guard.evidence import Evidence
from vedette.model.ids import AccountId
from vedette.ports.audit import Audit
from vedette.secret import Secret
from vedette.service.cabinet import Cabinet
from vedette.service.caller import Caller
from vedette.service.guards.backtest import Bench, Span
from vedette.service.guards.guards import READ, Guards
from vedette.service.guards.post import RegisteredGuard
from vedette.service.guards.stretch import Mark, Stretch, Walker
from vedette.service.guards.trial import Thinks, Trial, compiled, thinking
from vedette.service.mailbox.mailboxes import Mailboxes

if TYPE_CHECKING:
    from vedette.guard.judging import Guard
from vedette.service.mailbox.refusals import ConsentMissingError
from vedette.service.refusals import RefusalError, invalid

#: Messages that are tried at once: each takes a thread for some ten milliseconds.
AT_ONCE: Final = 2
#: Mailboxes that are gone over at once: each takes a thread and the reader of requests, and mail
#: that comes in goes before.
BACKTESTS: Final = 2
#: Folders that a backtest names.
MAX_FOLDERS: Final = 100
#: The last messages of each folder that one may ask for.
MAX_LAST: Final = 100_000
#: Seconds for which a guard is kept ready for the next stretch, and how many: one that is large takes
#: half a second of a processor to make, and some megabytes.
KEPT: Final = 60.0
MOST_KEPT: Final = 4
#: Octets of the key of digests that end with the request.
_KEY: Final = 32


class CrowdedTrialsError(RefusalError):
    """As many messages are tried as may be at once."""

    code = "too_many"
    exit_status = 75
    retryable = True
    retry_after = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is tried in the place of what is posted: a pack's text, or the name of a shipped one."""

    text: str | None = None
    pack: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """On which mail: ``folders`` are names or special uses, and those that are watched if empty."""

    account: AccountId
    folders: tuple[str, ...] = ()
    span: Span
    mark: Mark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """A stretch of a backtest, and the guard that was tried, with its limits."""

    guard: str
    version: str
    share: float
    stretch: Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A guard with its lists and models, made at an instant of the loop; it judges in ``folders``."""

    guard: Guard
    think: Thinks
    folders: tuple[str, ...]
    at: float


class Rehearsing:
    """Every method takes who asks. ``state`` has lists that were fetched, and models."""

    def __init__(
        self,
        cabinet: Cabinet,
        guards: Guards,
        mailboxes: Mailboxes,
        audit: Audit,
        state: Path | None,
    ) -> None:
        self._guards = guards
        self._cabinet = cabinet
        self._mailboxes = mailboxes
        self._audit = audit
        self._state = state
        self._trying = 0
        self._tested: set[str] = set()
        #: Those of the last minute, by what they were made of.
        self._made: dict[tuple[object, ...], _Ready] = {}

    async def test(self, caller: Caller, id_: str, octets: bytes, authserv: Sequence[str]) -> Trial:
        """Say what a guard would do with a message, and why. Raises CrowdedTrialsError."""
        caller.needs(READ)
        found = await self._guards.get(caller, id_)
        if self._trying >= AT_ONCE:
            raise CrowdedTrialsError(f"{AT_ONCE} messages are tried already; try again")
        self._trying += 1
        try:
            ready = await self._ready(caller, found)

            def judged() -> Trial:
                message = mime.read(octets, trusted_authserv=authserv, shown=True)
                evidence = Evidence(
                    message=message, size=len(octets), facts=(), opinions=ready.think(message)
                )
                return Trial(name="message", verdict=ready.guard.full(evidence))

            return await asyncio.to_thread(judged)
        finally:
            self._trying -= 1

    async def backtest(self, caller: Caller, id_: str, draft: Draft, ground: Ground) -> Rehearsed:
        """Go over a mailbox with a guard, or with a draft of it, a stretch at a time.

        Raises NotFoundError, InvalidError for a draft, what ``Mailboxes.visited`` does,
        ConsentMissingError where the guard asks for a consent, GoneError where a folder was made
        anew since the stretch before, CrowdedTrialsError.
        """
        caller.needs(READ)
        found = _drafted(await self._guards.get(caller, id_), draft)
        if ground.span == Span():
            raise invalid("since", "give since or last: not everything")
        whose = caller.tenant or f"account {ground.account}"
        if len(self._tested) >= BACKTESTS or whose in self._tested:
            raise CrowdedTrialsError("a mailbox is gone over already; try again")
        self._tested.add(whose)
        try:
            ready = await self._ready(caller, found)
            return await self._gone_over(caller, ready, ground)
        finally:
            self._tested.discard(whose)

    async def _gone_over(self, caller: Caller, ready: _Ready, ground: Ground) -> Rehearsed:
        post = Post(
            guard=ready.guard,
            key=Secret(secrets.token_hex(_KEY)),
            # Folders that a person names are judged, wherever it is posted.
            folders=() if ground.folders else ready.folders,
        )
        async with self._mailboxes.visited(caller, ground.account) as visiting:
            account, world = visiting.account, visiting.world
            guards = world.guards.beside(post)
            if post not in guards.covering(account):
                raise ConsentMissingError(
                    f"{post.name} asks for the consent of {account.id}, and there is none"
                )
            if ground.mark is None:
                await self._note(caller, post, ground)
            bench = Bench(
                visiting=replace(
                    visiting,
                    account=replace(account, folders=ground.folders or account.folders),
                    world=replace(world, guards=guards),
                ),
                post=post,
                think=ready.think,
            )
            stretch = await Walker(bench, ground.span).walk(ground.mark)
        pack = ready.guard.pack
        return Rehearsed(
            guard=post.name, version=pack.version, share=pack.limits.share, stretch=stretch
        )

    async def _ready(self, caller: Caller, found: RegisteredGuard) -> _Ready:
        """Return a guard that can judge. Raises InvalidError for what can not be posted."""
        now = asyncio.get_running_loop().time()
        self._made = {key: each for key, each in self._made.items() if now - each.at < KEPT}
        key = (found.id, found.origin, found.version, found.pack, found.text)
        if key in self._made:
            return self._made[key]
        settings = await self._guards.settings(caller, found.id, found)
        with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
            place = self._state or Path(scratch)
            guard = await compiled(
                settings.pack,
                base=settings.base,
                state=place,
                scratch=Path(scratch),
                now=self._cabinet.now(),
            )
            think = await asyncio.to_thread(thinking, settings.pack, place)
        made = _Ready(guard=guard, think=think, folders=settings.folders, at=now)
        if len(self._made) >= MOST_KEPT:
            del self._made[min(self._made, key=lambda each: self._made[each].at)]
        self._made[key] = made
        return made

    async def _note(self, caller: Caller, post: Post, ground: Ground) -> None:
        """Let the audit say who had a mailbox read."""
        told = {
            "account": ground.account,
            "guard": post.name,
            "tenant": caller.tenant or "",
            "version": post.guard.pack.version,
        }
        await self._audit.audit(
            actor=caller.name,
            what="guard.backtest",
            detail=orjson.dumps(told).decode(),
            now=self._cabinet.now(),
        )


def _drafted(found: RegisteredGuard, draft: Draft) -> RegisteredGuard:
    """Return a guard with another pack, where one is given. Raises InvalidError."""
    if draft.text is not None and draft.pack is not None:
        raise invalid("pack", "give the name of a shipped pack, or the text of one, and not both")
    if draft.text is not None:
        return replace(found, text=draft.text, pack=None)
    return found if draft.pack is None else replace(found, text="", pack=draft.pack)
