"""What the doctor asks beyond the way in: pushes, completeness, room for guards, the provider.

Each is asked on the session that the examination opened, and only reads. It must not know where
settings or state come from.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from vedette.engine.fetching import Fetching
from vedette.engine.others import Others
from vedette.engine.quarantine import Targets
from vedette.engine.roster import Roster
from vedette.engine.session import Session
from vedette.engine.watched import Watched
from vedette.engine.world import World
from vedette.errors import FolderError, LinkError
from vedette.model.account import Account
from vedette.model.cursor import FolderState
from vedette.model.folder import Folder
from vedette.model.ids import EventId
from vedette.service.doctor.doctor import CheckOutcome, Finding
from vedette.sync import reconcile
from vedette.telemetry.provider import provider_of

#: Messages of a folder that are asked for in the ledger: those of a day of a busy one.
LOOKED: Final = 500
#: Folders that are opened: each is a round trip, and whoever watches more knows why.
OPENED: Final = 50

#: What a provider asks of who logs in by a program, beyond a password that is right.
HINTS: Final = {
    "google": "a password has to be an app password, which needs 2-step verification; OAuth 2.0 works"
    " with the scope https://mail.google.com/. At most 15 connections to an account",
    "microsoft": "passwords are not taken any more: OAuth 2.0 with the scope"
    " https://outlook.office.com/IMAP.AccessAsUser.All, and IMAP enabled for the mailbox",
    "yahoo": "a password has to be an app password, made in the security settings of the account",
    "apple": "a password has to be an app-specific one; the user is the address without its domain"
    " if the whole address is refused",
    "mailru": "a password has to be one for external applications, with IMAP among its rights",
    "yandex": "IMAP has to be switched on in the settings of the mailbox; use an app password",
    "gmx": "IMAP has to be switched on in the settings of the mailbox (POP3/IMAP)",
    "fastmail": "a password has to be an app password with the right to IMAP",
    "netease": "the password is an authorization code, made where IMAP is switched on",
    "tencent": "the password is an authorization code, made where IMAP is switched on",
    "zoho": "IMAP has to be switched on in the settings; with 2-factor login use an app password",
}

#: A question inside of the mailbox, given the session and the folders that are watched.
Checkup: TypeAlias = Callable[[Session, Account, Sequence[Folder]], AsyncGenerator[Finding, None]]
#: Tells which of some ids are stored as events.
Stored: TypeAlias = Callable[[Sequence[EventId]], Awaitable[frozenset[EventId]]]


async def opens(
    session: Session, _account: Account, folders: Sequence[Folder]
) -> AsyncGenerator[Finding, None]:
    """Open every watched folder but the first, which was open already."""
    loop = asyncio.get_running_loop()
    begun, refused = loop.time(), []
    others = folders[1 : OPENED + 1]
    for folder in others:
        try:
            await session.examine(folder.path)
        except FolderError as error:
            refused.append(f"{folder.name}: {error}")
    if refused:
        yield _finding(
            CheckOutcome.WARNING,
            "other folders",
            loop.time() - begun,
            f"{len(refused)} can not be opened: {'; '.join(refused)[:300]}",
            "they are left alone and tried again every five minutes; the owner has to allow reading",
        )
    elif others:
        detail = f"{len(others)} more can be opened"
        yield _finding(CheckOutcome.OK, "other folders", loop.time() - begun, detail)
    if folders:
        await session.examine(folders[0].path)


async def pushes(
    session: Session, _account: Account, folders: Sequence[Folder]
) -> AsyncGenerator[Finding, None]:
    """Ask for NOTIFY as the watch does, where the server offers it and there is a use for it."""
    if not session.has("NOTIFY") or len(folders) <= 1:
        return
    loop = asyncio.get_running_loop()
    begun = loop.time()
    roster = Roster([Watched(folder) for folder in folders])
    await Others(session, roster).subscribe(())
    took = loop.time() - begun
    if session.pushes is None and not session.overflowed:
        detail = f"asked for {len(folders)} folders, and answered"
        yield _finding(CheckOutcome.OK, "NOTIFY", took, detail)
        return
    yield _finding(
        CheckOutcome.WARNING,
        "NOTIFY",
        took,
        "offered, and given up by the server",
        "the other folders are asked every minute instead",
    )


def complete(world: World, states: Sequence[FolderState], stored: Stored) -> Checkup:
    """Hold the last day of each folder against the ledger of a service."""
    known = {state.path: state for state in states}

    async def ask(
        session: Session, account: Account, folders: Sequence[Folder]
    ) -> AsyncGenerator[Finding, None]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        since = (datetime.fromtimestamp(world.clock.now(), UTC) - timedelta(days=1)).date()
        server, lacking = 0, []
        for folder in folders[:OPENED]:
            state = known.get(folder.path)
            window = None if state is None else reconcile.window(state.cursor)
            if state is None or window is None:
                continue
            opened = await session.examine(folder.path)
            if opened.uid_validity not in {None, state.cursor.uid_validity}:
                lacking.append(f"{folder.name} has begun anew since it was watched")
                continue
            listed = await Fetching(session, account, world).listing(
                window, since=since, last=LOOKED
            )
            wanted = reconcile.candidates(account.id, state, listed)
            found = await stored([event for ids in wanted.values() for event in ids])
            lost = reconcile.unsettled(wanted, found)
            server += len(wanted)
            if lost:
                lacking.append(f"{folder.name}: {len(lost)} of {len(wanted)}")
        took = loop.time() - begun
        if not known:
            detail = "this account was not watched on this state yet"
            yield _finding(CheckOutcome.OK, "completeness", took, detail)
        elif lacking:
            yield _finding(
                CheckOutcome.WARNING,
                "completeness",
                took,
                f"without an event of its own since {since}: {'; '.join(lacking)[:300]}",
                "a service that runs asks for them within a day; a message that was told in another"
                " folder, or before its folder began anew, is none of them",
            )
        else:
            detail = f"each of {server} messages since {since} has its event"
            yield _finding(CheckOutcome.OK, "completeness", took, detail)

    return ask


def room(names: Sequence[str]) -> Checkup:
    """Look whether the folders that guards move mail to are there."""

    async def ask(
        session: Session, _account: Account, _folders: Sequence[Folder]
    ) -> AsyncGenerator[Finding, None]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        targets = Targets(session)
        there = {folder.path for folder in await targets.anew()}
        lacking = [name for name in names if await targets.path(name) not in there]
        detail = f"{', '.join(names)}: there" if not lacking else f"not there: {', '.join(lacking)}"
        remedy = "a guard makes it when it first moves a message there" if lacking else ""
        outcome = CheckOutcome.WARNING if lacking else CheckOutcome.OK
        yield _finding(outcome, "quarantine", loop.time() - begun, detail, remedy)

    return ask


def hint(host: str) -> str:
    """Return what the provider of a mail server asks for; empty where nothing is known."""
    return HINTS.get(provider_of(host), "")


async def advised(
    host: str, findings: AsyncGenerator[Finding, None]
) -> AsyncGenerator[Finding, None]:
    """Yield findings; where a login was refused, what the provider asks for comes behind."""
    async with aclosing(findings):
        async for finding in findings:
            yield finding
            refused = isinstance(finding.error, LinkError) and finding.check in {"login", "token"}
            if refused and (words := hint(host)):
                yield _finding(CheckOutcome.WARNING, "provider", 0.0, provider_of(host), words)


def _finding(
    outcome: CheckOutcome, check: str, seconds: float, detail: str, remedy: str = ""
) -> Finding:
    return Finding(check=check, outcome=outcome, seconds=seconds, detail=detail, remedy=remedy)
