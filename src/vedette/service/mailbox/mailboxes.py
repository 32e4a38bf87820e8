"""The use cases of a mailbox: list folders, list and search messages, read one, mark it, move it.

Before the first octet goes to a server it is decided here who may: the wall of the tenant, the scope,
the consent, the pause. Each change is in the audit before it is made, without a word of the mail. It
must not know HTTP.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from vedette.engine.assignment import Assignment
from vedette.engine.correspondents import Correspondents
from vedette.errors import VedetteError
from vedette.imap import Criterion, decode_name
from vedette.model.account import Depth
from vedette.model.ids import AccountId
from vedette.ports.audit import Audit
from vedette.ports.clock import Clock
from vedette.ports.consent import Consents
from vedette.ports.registration import Pause, Registration
from vedette.reader import MessageReader
from vedette.service.accounts.accounts import Accounts
from vedette.service.accounts.pausing import is_agreed
from vedette.service.caller import Caller
from vedette.service.mailbox import deeds, letters
from vedette.service.mailbox.content import Content
from vedette.service.mailbox.deeds import Marked, Marks, Moved
from vedette.service.mailbox.entrance import Entrance
from vedette.service.mailbox.folders import FolderSeen, folder_named, folders_seen
from vedette.service.mailbox.letters import Letters
from vedette.service.mailbox.listing import Span, page
from vedette.service.mailbox.place import MessagePlace, place_of
from vedette.service.mailbox.refusals import ConsentMissingError
from vedette.service.mailbox.sessions import Sessions
from vedette.service.mailbox.visit import Visit
from vedette.service.refusals import ConflictError

READ: Final = "mail:read"
WRITE: Final = "mail:write"

#: Seconds in which a message has to come from the server: the largest at 200 KiB a second.
BRINGING: Final = 300.0

_PAUSED: Final = {
    Pause.MANUAL: "the account is paused by hand; resume it",
    Pause.AUTH_FAILURE: "the server refused the login: give new credentials, or reconnect",
    Pause.PLAN_LIMIT: "the account is paused: its tenant has more than the plan allows",
    Pause.TENANT: "the tenant is paused, and all its accounts with it; resume that",
    Pause.CONSENT: "the account is paused until somebody agrees",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A page of messages, each as JSON values; ``next`` is the UID below which to go on."""

    items: tuple[Mapping[str, Any], ...]
    uid_validity: int
    next: int | None


class Mailboxes:
    """Every method raises what ``Sessions.lent`` does, and why somebody may not be let in.

    That is ForbiddenError, NotFoundError, ConsentMissingError, ConflictError.
    """

    def __init__(
        self,
        accounts: Accounts,
        consents: Consents,
        audit: Audit,
        clock: Clock,
        entrance: Entrance | None,
    ) -> None:
        self._accounts = accounts
        self._consents = consents
        self._audit = audit
        self._clock = clock
        self._reader = MessageReader()
        self._letters = Letters(self._reader)
        self.sessions = Sessions(entrance)

    async def start(self) -> None:
        """Let mailboxes be asked."""
        await self._reader.start()
        await self.sessions.start()

    async def stop(self) -> None:
        """End every session."""
        await self.sessions.stop()
        await self._reader.stop()

    async def folders(self, caller: Caller, id_: AccountId) -> list[FolderSeen]:
        """Return the folders of an account with their numbers."""
        async with self.sessions.lent(await self._entered(caller, id_, READ)) as lease:
            return await folders_seen(lease)

    async def messages(
        self,
        caller: Caller,
        id_: AccountId,
        folder: str,
        wanted: Sequence[Criterion],
        span: Span,
    ) -> Told:
        """Return messages of a folder, newest first. Raises GoneError for a span of older numbers."""
        assignment = await self._entered(caller, id_, READ)
        async with self.sessions.lent(assignment) as lease:
            found = await page(lease, await folder_named(lease, folder), wanted, span)
        now = self._clock.now()
        return Told(
            items=tuple(letters.in_list(assignment.account, each, now) for each in found.items),
            uid_validity=found.uid_validity,
            next=found.next,
        )

    async def message(
        self, caller: Caller, id_: AccountId, message: str, depth: Depth | None = None
    ) -> Mapping[str, Any]:
        """Return a message in the words of an event, as deep as asked for, or as its account is."""
        assignment = await self._entered(caller, id_, READ)
        place = place_of(message)
        async with self.sessions.lent(assignment, seconds=BRINGING) as lease:
            return await self._letters.told(lease, place, depth)

    async def raw(self, caller: Caller, id_: AccountId, message: str) -> Content:
        """Return a message as it came. It is to be given back to ``ended``."""
        assignment = await self._entered(caller, id_, READ)
        place = place_of(message)
        async with self.sessions.lent(assignment, seconds=BRINGING) as lease:
            return await self._letters.raw(lease, place)

    async def attachment(self, caller: Caller, id_: AccountId, message: str, part: str) -> Content:
        """Return a part of a message, decoded. It is to be given back to ``ended``."""
        assignment = await self._entered(caller, id_, READ)
        place = place_of(message)
        async with self.sessions.lent(assignment, seconds=BRINGING) as lease:
            return await self._letters.attachment(lease, place, part)

    @asynccontextmanager
    async def visited(self, caller: Caller, id_: AccountId) -> AsyncIterator[Visit]:
        """Lend a session for a look through folders.

        All mail is read in the process that is for requests: none of what comes in waits for it.
        """
        assignment = await self._entered(caller, id_, READ)
        async with self.sessions.lent(assignment) as lease:
            world = replace(lease.world, reader=self._reader, correspondents=Correspondents())
            yield Visit(account=assignment.account, session=lease.session, world=world, apart=True)

    def ended(self, content: Content) -> None:
        """Let go of what was sent, or was not."""
        self._letters.ended(content)

    async def mark(self, caller: Caller, id_: AccountId, message: str, wish: Marks) -> Marked:
        """Set and take off flags of a message."""
        assignment = await self._entered(caller, id_, WRITE)
        place = place_of(message)
        detail = {"add": list(wish.add), "remove": list(wish.remove)}
        async with self.sessions.lent(assignment) as lease:
            await self._note(caller, assignment, place, "message.flags", detail)
            try:
                return await deeds.mark(lease, place, wish)
            except VedetteError as error:
                await self._failed(caller, assignment, place, "message.flags", error)
                raise

    async def move(self, caller: Caller, id_: AccountId, message: str, target: str) -> Moved:
        """Move a message to another folder; what it is called then is in the answer."""
        assignment = await self._entered(caller, id_, WRITE)
        place = place_of(message)
        async with self.sessions.lent(assignment) as lease:
            await self._note(caller, assignment, place, "message.move", {"to": target})
            try:
                return await deeds.move(lease, place, target)
            except VedetteError as error:
                await self._failed(caller, assignment, place, "message.move", error)
                raise

    async def _entered(self, caller: Caller, id_: AccountId, scope: str) -> Assignment:
        """Return an account that the caller may read or change now, as it is to be logged in to."""
        caller.needs(scope)
        registration = await self._accounts.find(caller, id_)
        await self._insist(registration)
        assignment = self.sessions.assignment(id_)
        if assignment is None:
            raise ConflictError("the account is being taken over by the engine; ask again")
        demand = assignment.account.demand
        if demand.hold is not None:
            raise ConflictError(f"the account is not connected: {demand.hold.reason}")
        if demand.withheld is not None:
            raise ConsentMissingError(demand.withheld)
        if self.sessions.world().guards.is_unread(assignment.account):
            raise ConsentMissingError(
                "a guard asks for a consent to read this mailbox: there is none"
            )
        return assignment

    async def _insist(self, registration: Registration) -> None:
        """Raise ConsentMissingError, ConflictError where the mail is not to be read now."""
        wanted, account = registration.consent, registration.account.id
        given = None if wanted is None else await self._consents.consent_of(account)
        if not is_agreed(wanted, given):
            raise ConsentMissingError(f"nobody agreed to version {wanted!r} of the words")
        if not registration.active:
            raise ConflictError("the account is not active; activate it")
        if registration.pause is not None:
            raise ConflictError(_PAUSED[registration.pause])

    async def _note(
        self,
        caller: Caller,
        assignment: Assignment,
        place: MessagePlace,
        what: str,
        detail: Mapping[str, object],
    ) -> None:
        account = assignment.account
        told = {
            "account": account.id,
            "tenant": account.tenant,
            "folder": decode_name(place.folder),
            "uidValidity": place.uid_validity,
            "uid": place.uid,
            **detail,
        }
        await self._audit.audit(
            actor=caller.name, what=what, detail=orjson.dumps(told).decode(), now=self._clock.now()
        )

    async def _failed(
        self,
        caller: Caller,
        assignment: Assignment,
        place: MessagePlace,
        what: str,
        error: VedetteError,
    ) -> None:
        """Note that what was noted was not done, or that nobody knows: a code says which."""
        await self._note(caller, assignment, place, f"{what}_failed", {"code": error.code})
