"""From a target to a session: dial, greeting, STARTTLS, login, and what the server can do.

One deadline covers all of it, and whatever ends it early leaves nothing open
(catalogue C2). STARTTLS is required or absent, never opportunistic (C4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache

from vedette import __version__
from vedette.engine.credential import bearer, is_by_grant
from vedette.engine.link import Link
from vedette.engine.session import Session
from vedette.engine.world import World
from vedette.errors import AuthError, NetworkError, TLSError
from vedette.imap import (
    AskCapability,
    AskId,
    Command,
    Connection,
    Fatal,
    Greeting,
    Kind,
    Limits,
    Password,
    StartTls,
    Token,
    choose,
    refusal,
)
from vedette.model.account import Account
from vedette.ports.link import Encryption, Target
from vedette.secret import Secret

#: DNS, TCP, a proxy, two TLS handshakes and five round trips on a bad line.
DEADLINE = 30.0

#: A greeting in clear comes at once, a tarpit's after some ten seconds. A port that speaks TLS
#: from the first byte never greets in clear: whoever mixed the two up should know it soon.
GREETING = 15.0

#: Largest literal taken: a message above the account's bound is never asked for whole,
#: but a server that ignores a partial request sends it all the same.
LITERAL_SLACK = 16 * 1024 * 1024

#: What a refused TLS upgrade means in one sentence.
NOT_SENT = "the password was not sent"


async def log_in(
    account: Account, target: Target, world: World, *, token: Secret[str] | None = None
) -> Session:
    """Return a session that is logged in, in the authenticated state.

    ``token`` is one that the caller got beforehand, for an account that logs in by a grant.
    Raises LinkError of the class that fits: AuthError only for credentials.
    """
    return await opened(account, target, world, stage=lambda _stage: None, token=token)


async def opened(
    account: Account,
    target: Target,
    world: World,
    *,
    stage: Callable[[str], None],
    token: Secret[str] | None = None,
) -> Session:
    """As ``log_in``, telling ``stage`` what it is about to do (for the doctor)."""
    if token is None and is_by_grant(account):
        # Before the connection: no server is kept waiting for another one.
        stage("asking for an access token")
        token = await bearer(account, world)
    link = _link(account, target, world)
    current = "connecting"

    def entered(name: str) -> None:
        nonlocal current
        current = name
        stage(name)

    try:
        async with asyncio.timeout(DEADLINE):
            entered("connecting")
            link.attach(await world.dialer.dial(target, link))
            session = Session(link, host=target.host, now=world.clock.now)
            entered("waiting for the greeting")
            await _greeted(link, target)
            if target.encryption is Encryption.STARTTLS:
                entered("starting TLS")
                await _secured(session)
            entered("asking for capabilities")
            await _capable(session)
            entered("logging in")
            await _authenticated(session, account, target, world, token)
            _introduced(session)
    except TimeoutError as error:
        link.close()
        raise NetworkError(
            f"no answer from {target.host}:{target.port} within {DEADLINE:.0f} s while {current}"
        ) from error
    except BaseException:
        # Cancelled or refused, the link has no owner from here on.
        link.close()
        raise
    return session


def _link(account: Account, target: Target, world: World) -> Link:
    connection = Connection(
        limits=_limits(account.max_message),
        encrypted=target.encryption is Encryption.IMPLICIT,
    )
    link = Link(connection)
    link.ear = world.taps.ear(account.id)
    return link


@lru_cache(maxsize=64)
def _limits(max_message: int) -> Limits:
    """Return the bounds of a connection; accounts with equal bounds share one object."""
    return Limits(literal=max_message + LITERAL_SLACK)


async def _greeted(link: Link, target: Target) -> None:
    """Wait for the greeting; PREAUTH and BYE are fatal to the machine (catalogue C6, C7)."""
    if target.encryption is Encryption.IMPLICIT:
        await _greeting(link)
        return
    try:
        async with asyncio.timeout(GREETING):
            await _greeting(link)
    except TimeoutError as error:
        raise NetworkError(
            f"no greeting from {target.host}:{target.port} within {GREETING:.0f} s;"
            " is this a port for TLS from the first byte? then use imaps://"
        ) from error


async def _greeting(link: Link) -> None:
    while True:
        for event in await link.next(None):
            if isinstance(event, Fatal):
                raise event.error
            if isinstance(event, Greeting) and event.status is Kind.OK:
                return


async def _capable(session: Session) -> None:
    if not session.link.connection.capabilities_known:
        await session.check(AskCapability())


async def _secured(session: Session) -> None:
    await _capable(session)
    if not session.has("STARTTLS"):
        raise TLSError(f"{session.host} does not offer STARTTLS; {NOT_SENT}")
    reply = await session.run(StartTls())
    if not reply.is_ok:
        raise TLSError(
            f"{session.host} refused STARTTLS: {reply.text}; {NOT_SENT}", reply=reply.text
        )
    await session.link.stream.start_tls()
    session.link.connection.tls_started()


async def _authenticated(
    session: Session, account: Account, target: Target, world: World, token: Secret[str] | None
) -> None:
    try:
        await _logged_in(session, account, target, token)
    except AuthError:
        if token is None:
            raise
        # It may have been withdrawn, or have ended on the way: once more, with another.
        fresh = await bearer(account, world, refused=token)
        if fresh is None or fresh == token:
            raise
        await _logged_in(session, account, target, fresh)
    # What was offered before login says nothing about what is offered after it (A15).
    await _capable(session)


async def _logged_in(
    session: Session, account: Account, target: Target, token: Secret[str] | None
) -> None:
    command = _login(session, account, target, token)
    reply = await session.run(command)
    if not reply.is_ok:
        raise refusal(command.verb, reply.kind, reply.code, reply.text)


def _login(
    session: Session, account: Account, target: Target, token: Secret[str] | None
) -> Command:
    credentials = account.credentials
    token = token or credentials.token
    if token is not None:
        return choose(
            Token(user=credentials.user, token=token),
            session.link.connection.capabilities,
            host=target.host,
            port=target.port,
            mechanism=account.mechanism,
        )
    if credentials.password is None:
        raise AuthError(f"no password or token is known for {credentials.user}")
    return choose(
        Password(user=credentials.user, password=credentials.password),
        session.link.connection.capabilities,
        host=target.host,
        port=target.port,
        mechanism=account.mechanism,
    )


def _introduced(session: Session) -> None:
    """Say who we are: 163.com lets nobody open a folder before (catalogue A16).

    It leaves in one write with whatever is asked next (RFC 9051 section 5.5): servers take
    commands in their order, and no answer to this one makes a difference.
    """
    if session.has("ID"):
        fields = (("name", "vedette"), ("version", __version__))
        session.link.send(AskId(fields=fields))
