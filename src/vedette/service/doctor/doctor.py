"""Asks a mailbox every question that a failed watch would raise, in the order of the way in.

DNS, TCP, TLS, capabilities, login, folders, an IDLE round trip, and what we may
do there. Each check has a time, a verdict and, where it failed, the remedy.
Nothing is changed on the server: folders are opened with EXAMINE.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import StrEnum, unique

from vedette.engine.credential import bearer
from vedette.engine.discovery import listed
from vedette.engine.login import opened
from vedette.engine.session import Session
from vedette.engine.world import World
from vedette.errors import (
    FolderError,
    LinkError,
    NetworkError,
    TLSError,
    VedetteError,
)
from vedette.imap import Noop
from vedette.model.account import Account
from vedette.model.folder import Folder
from vedette.ports.link import Encryption, Target
from vedette.secret import Secret
from vedette.sync.selection import choose

#: What makes a watch better where the server has it, and what for.
WISHES = {
    "IDLE": "new mail is pushed",
    "NOTIFY": "one connection covers all folders",
    "MOVE": "messages can be moved safely",
    "UIDPLUS": "moves can be proven",
    "CONDSTORE": "flag changes are cheap to follow",
    "QRESYNC": "reconnects are cheap",
    "OBJECTID": "messages keep a name for ever",
    "SPECIAL-USE": "Junk and the like are found by what they are",
    "ESEARCH": "large folders are listed briefly",
    "LIST-STATUS": "all folders are asked in one round trip",
}

#: Seconds to wait for a server's '+' and its answer to DONE; the session has its own deadline.
IDLE_FOR = 0.5

#: Seconds for TCP alone; three lost SYNs are seven.
REACH = 10.0

#: The stages of a login (``engine.login``) that belong to one check.
TLS_STAGES = ("connecting", "starting TLS")
#: The stage after which the link is encrypted.
TLS_STAGE = {Encryption.IMPLICIT: "connecting", Encryption.STARTTLS: "starting TLS"}
GREETING_STAGES = ("waiting for the greeting", "asking for capabilities")

Lookup = Callable[[str], Awaitable[Sequence[str]]]


@unique
class CheckOutcome(StrEnum):
    """What a check found: good, worth knowing, or a failure that ends the examination."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check. ``seconds`` is how long it took; ``error`` is set where it failed."""

    check: str
    outcome: CheckOutcome
    seconds: float
    detail: str
    remedy: str = ""
    error: VedetteError | None = None


#: A question inside of the mailbox, given the session and the folders that are watched.
Question = Callable[[Session, Account, Sequence[Folder]], AsyncGenerator[Finding, None]]


async def examine(
    account: Account,
    target: Target,
    world: World,
    lookup: Lookup,
    *,
    more: Sequence[Question] = (),
) -> AsyncGenerator[Finding, None]:
    """Yield the findings as they are made; the first failure is the last finding.

    ``more`` is asked behind the last of them, in order (``service.checkup``).
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    if target.proxy is None:
        try:
            addresses = await lookup(target.host)
        except NetworkError as error:
            yield _failed("DNS", loop.time() - begun, error)
            return
        yield _ok("DNS", loop.time() - begun, f"{target.host} is {', '.join(addresses)}")
    begun = loop.time()
    try:
        yield _ok("TCP", *await _reach(target, world))
    except LinkError as error:
        yield _failed("TCP", loop.time() - begun, error)
        return
    begun = loop.time()
    try:
        token = await bearer(account, world)
    except LinkError as error:
        yield _failed("token", loop.time() - begun, error)
        return
    if token is not None:
        yield _ok("token", loop.time() - begun, "an access token was given for this account")
    async with aclosing(_logged_in(account, target, world, token, more)) as findings:
        async for finding in findings:
            yield finding


async def _logged_in(
    account: Account,
    target: Target,
    world: World,
    token: Secret[str] | None,
    more: Sequence[Question],
) -> AsyncGenerator[Finding, None]:
    """Go the way in with TLS and credentials, and ask inside."""
    loop = asyncio.get_running_loop()
    stages = _Stages()
    try:
        session = await opened(account, target, world, stage=stages.enter, token=token)
    except LinkError as error:
        seconds, failed = loop.time() - stages.since, stages.failed(error)
        if failed != "TLS" and stages.done(TLS_STAGE.get(target.encryption, "none")):
            yield _ok("TLS", stages.spent(*TLS_STAGES), "established")
        if failed == "login":
            yield _ok("capabilities", stages.spent(*GREETING_STAGES), "the server speaks IMAP")
        yield _failed(failed, seconds, error)
        return
    try:
        yield _encryption(session, target, stages.spent(*TLS_STAGES))
        yield _capabilities(session, stages.spent(*GREETING_STAGES))
        user = account.credentials.user
        yield _ok("login", stages.spent("logging in"), f"{user} is in")
        async with aclosing(_inside(session, account, more)) as findings:
            async for finding in findings:
                yield finding
    finally:
        await session.logout()


class _Stages:
    """How long each stage of the way in took, and which one was the last."""

    __slots__ = ("_current", "_spent", "since")

    def __init__(self) -> None:
        self.since = asyncio.get_running_loop().time()
        self._current = ""
        self._spent: dict[str, float] = {}

    def enter(self, stage: str) -> None:
        now = asyncio.get_running_loop().time()
        self._spent[self._current] = now - self.since
        self._current, self.since = stage, now

    def spent(self, *stages: str) -> float:
        """Return the seconds of these stages together; the last one ends now."""
        if self._current:
            self.enter("")
        return sum(self._spent.get(stage, 0.0) for stage in stages)

    def done(self, stage: str) -> bool:
        """Tell whether a stage came to its end; to be asked before ``spent``."""
        return stage in self._spent

    def failed(self, error: LinkError) -> str:
        """Return the check that an error in the present stage belongs to."""
        if isinstance(error, TLSError) or self._current in {"connecting", "starting TLS"}:
            return "TLS"
        return "login" if self._current == "logging in" else "capabilities"


class _Nobody:
    """Receives nothing: a link that is dropped as soon as it stands."""

    def data_received(self, data: memoryview) -> None:
        """Leave a greeting unread."""

    def connection_lost(self, error: LinkError | None) -> None:
        """Leave an end unnoticed."""


async def _reach(target: Target, world: World) -> tuple[float, str]:
    """Connect without TLS and hang up; return the seconds and where it led."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        async with asyncio.timeout(REACH):
            plain = replace(target, encryption=Encryption.NONE)
            stream = await world.dialer.dial(plain, _Nobody())
    except TimeoutError as error:
        raise NetworkError(
            f"{target.host} port {target.port} does not answer within {REACH:.0f} s"
        ) from error
    seconds, peer = loop.time() - begun, stream.peer
    stream.close()
    return seconds, f"{peer.address} port {peer.port} answers"


async def _inside(
    session: Session, account: Account, more: Sequence[Question]
) -> AsyncGenerator[Finding, None]:
    loop = asyncio.get_running_loop()
    begun, check = loop.time(), "folders"
    try:
        folders = await listed(session)
        chosen = choose(folders, account.folders)
        if not chosen.folders:
            raise FolderError(f"none of {', '.join(account.folders)} is there")
        yield _folders(loop.time() - begun, folders, chosen.folders, chosen.unmatched)
        begun, check = loop.time(), "open"
        status = await session.examine(chosen.folders[0].path)
        detail = f"{chosen.folders[0].name} holds {status.exists} messages, opened read-only"
        yield _ok("open", loop.time() - begun, detail)
        if status.uid_validity is None or status.uid_next is None:
            yield _warning(
                "identifiers",
                "the server does not tell UIDVALIDITY or UIDNEXT",
                "mail is found by searching instead; a rebuilt folder is matched by content",
            )
        begun, check = loop.time(), "round trip"
        await session.check(Noop())
        yield _ok("round trip", loop.time() - begun, "NOOP was answered")
        begun, check = loop.time(), "IDLE"
        yield await _idle(session)
        yield _rights(session)
        for question in more:
            begun, check = loop.time(), getattr(question, "__name__", "question")
            async with aclosing(question(session, account, chosen.folders)) as findings:
                async for finding in findings:
                    yield finding
    except LinkError as error:
        yield _failed(check, loop.time() - begun, error)


async def _idle(session: Session) -> Finding:
    """Go into IDLE and out of it again: the one thing a watch stands on (I8, I9, I12)."""
    loop = asyncio.get_running_loop()
    if not session.has("IDLE"):
        return _warning("IDLE", "not offered", "the folder is asked every 30 seconds instead")
    begun = loop.time()
    await session.idle(begun + IDLE_FOR, enough=lambda: False)
    if session.idle_refused:
        return _warning("IDLE", "offered, but refused", "the folder is asked every 30 s instead")
    done = loop.time()
    await session.check(Noop())
    return _ok("IDLE", loop.time() - done, "entered, left and answered")


def _encryption(session: Session, target: Target, seconds: float) -> Finding:
    peer = session.link.stream.peer
    if target.encryption is Encryption.NONE:
        return _warning(
            "TLS", "none: password and mail cross the network in clear", "use imaps:// instead"
        )
    detail = f"{peer.tls}, {peer.cipher}"
    if not target.policy.verify and target.policy.pin is None:
        return _warning("TLS", f"{detail}; the certificate is not checked", "give its CA or pin")
    return _ok("TLS", seconds, detail)


def _capabilities(session: Session, seconds: float) -> Finding:
    have = [name for name in WISHES if session.has(name)]
    lack = [f"{name} ({WISHES[name]})" for name in WISHES if not session.has(name)]
    detail = f"has {', '.join(have) or 'none of what helps'}"
    if lack:
        detail = f"{detail}; lacks {', '.join(lack)}"
    return _ok("capabilities", seconds, detail)


def _folders(
    seconds: float, folders: Sequence[Folder], chosen: Sequence[Folder], unmatched: Sequence[str]
) -> Finding:
    names = ", ".join(folder.name for folder in chosen)
    detail = f"{len(folders)} there, watching {names}"
    if unmatched:
        return Finding(
            check="folders",
            outcome=CheckOutcome.WARNING,
            seconds=seconds,
            detail=f"{detail}; not there: {', '.join(unmatched)}",
            remedy="names are as the server shows them, with its delimiter",
        )
    return _ok("folders", seconds, detail)


def _rights(session: Session) -> Finding:
    if session.has("MOVE") and session.has("UIDPLUS"):
        return _ok("rights", 0.0, "messages could be moved, and the move proven")
    return _warning(
        "rights",
        "no MOVE with UIDPLUS",
        "watching works; acting on mail would need COPY and a proof by search",
    )


def _ok(check: str, seconds: float, detail: str) -> Finding:
    return Finding(check=check, outcome=CheckOutcome.OK, seconds=seconds, detail=detail)


def _warning(check: str, detail: str, remedy: str) -> Finding:
    return Finding(
        check=check, outcome=CheckOutcome.WARNING, seconds=0.0, detail=detail, remedy=remedy
    )


def _failed(check: str, seconds: float, error: VedetteError) -> Finding:
    return Finding(
        check=check,
        outcome=CheckOutcome.FAILED,
        seconds=seconds,
        detail=str(error),
        remedy=REMEDIES.get(error.code, ""),
        error=error,
    )


#: What a person can do about each class of failure.
REMEDIES = {
    "network": "check host and port, and that no firewall is in the way",
    "tls": "check host and port; a private CA is named in ca_file, a single certificate by pin",
    "auth": "check user and password; many providers want an app password or OAuth 2.0 for IMAP",
    "revoked": "the owner has to sign in at the provider and allow access again",
    "limit": "close other mail programs, or wait: the server counts connections",
    "throttled": "wait; the server asks for patience",
    "protocol": "this may not be an IMAP server, or a broken one",
    "folder": "name a folder that is there",
}
