"""Logging in to a real Dovecot by tokens that a real authorization server gave and judges."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tests.identity.oauth.live import Live
from tests.identity.oauth.rig import Instance
from tests.support.authorization import Authorization
from tests.support.dovecot import Dovecot
from tests.support.process import wait_until
from vedette.errors import AuthError, NetworkError, RevokedError, ThrottledError
from vedette.model.account import Account, AccountState
from vedette.ports.registration import Auth, Grant
from vedette.secret import Secret

MAIL = b"From: a@example.org\r\nMessage-ID: <%d@example.org>\r\nSubject: news\r\n\r\nHello.\r\n"


@pytest.fixture
async def app(one: Instance, authorization: Authorization) -> str:
    return await one.app(authorization)


@pytest.fixture
async def account(one: Instance, app: str, user: str) -> Account:
    return await one.account(user, app)


async def token_of(one: Instance, account: Account) -> str:
    access = (await one.consent(account)).pair.access
    assert access is not None
    return access.reveal()


async def ended(one: Instance, authorization: Authorization, account: Account) -> None:
    """Wait until the mail server would not take the token any more."""
    token = await token_of(one, account)
    await asyncio.to_thread(
        wait_until, lambda: not authorization.is_active(token), within=10, what="the token to end"
    )


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2", None])
async def test_a_consent_logs_in(
    one: Instance,
    authorization: Authorization,
    mail_server: Dovecot,
    account: Account,
    app: str,
    tmp_path: Path,
    mechanism: str | None,
) -> None:
    """Consent, callback, login by each mechanism, mail."""
    await one.connect(authorization, account, app)
    async with Live(one, account, mail_server, tmp_path, mechanism=mechanism) as live:
        await live.until_connected()
        await asyncio.to_thread(mail_server.deliver, account.credentials.user, MAIL % 1)
        await live.until(lambda: len(live.received()) == 1, "message")
    assert live.failures == []


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
async def test_a_token_that_ends_while_idling_costs_nothing(
    one: Instance,
    authorization: Authorization,
    mail_server: Dovecot,
    account: Account,
    app: str,
    tmp_path: Path,
    mechanism: str,
) -> None:
    """A12: the session goes on till the server ends it; the next has another token, and no strike."""
    authorization.control(life=1)
    await one.connect(authorization, account, app)
    user = account.credentials.user
    async with Live(one, account, mail_server, tmp_path, mechanism=mechanism) as live:
        await live.until_connected()
        before = authorization.calls()
        await ended(one, authorization, account)
        await asyncio.to_thread(mail_server.deliver, user, MAIL % 1)
        await live.until(lambda: len(live.received()) == 1, "message after the end of the token")
        assert (authorization.calls(), live.connects) == (before, 1)
        authorization.control(life=3600)
        await asyncio.to_thread(mail_server.doveadm, "kick", user)
        await asyncio.to_thread(mail_server.deliver, user, MAIL % 2)
        await live.until_connected(2)
        await live.until(lambda: len(live.received()) == 2, "message after the reconnect")
        assert authorization.calls() == before + 1
        assert not any(isinstance(each, AuthError | RevokedError) for each in live.failures)
        assert (live.health.state, live.health.strikes) == (AccountState.CONNECTED, 0)


async def test_a_token_that_was_withdrawn_alone_is_replaced_in_the_same_login(
    one: Instance,
    authorization: Authorization,
    mail_server: Dovecot,
    account: Account,
    app: str,
    tmp_path: Path,
) -> None:
    """The server refuses a token that looks good; another is had at once, and nothing has failed."""
    authorization.control(life=1)
    await one.connect(authorization, account, app)
    await ended(one, authorization, account)
    authorization.control(life=3600)
    # Our clock goes after: by it the token is young.
    one.clock.ahead = (await one.consent(account)).pair.obtained_at + 0.1 - time.time()
    before = authorization.calls()
    async with Live(one, account, mail_server, tmp_path) as live:
        await live.until_connected()
    assert (live.failures, authorization.calls()) == ([], before + 1)


async def test_a_withdrawn_consent_parks_and_a_new_one_ends_that(
    one: Instance,
    authorization: Authorization,
    mail_server: Dovecot,
    account: Account,
    app: str,
    tmp_path: Path,
) -> None:
    """One question, a state with its remedy, no storm; after the new consent mail goes on."""
    await one.connect(authorization, account, app)
    authorization.revoke((await one.consent(account)).pair.refresh.reveal())
    before = authorization.calls()
    async with Live(one, account, mail_server, tmp_path) as live:
        await live.until(lambda: live.health.state is AccountState.PAUSED, "pause")
        assert "has to connect it again" in (live.health.error or "")
        assert authorization.calls() == before + 1
        # A restart of the watcher for another reason asks nobody either.
        assert len(live.failures) == 1
        await one.connect(authorization, account, app)
        await live.assign("2")
        await live.until_connected()
        assert live.health.strikes == 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [({"status": 503}, NetworkError), ({"status": 429}, ThrottledError)],
)
async def test_a_token_service_that_is_down_is_no_refused_login(
    one: Instance,
    authorization: Authorization,
    mail_server: Dovecot,
    account: Account,
    app: str,
    tmp_path: Path,
    fault: dict[str, Any],
    error: type[Exception],
) -> None:
    """A9: the account waits and says why; it is not parked, however often that happens."""
    await one.connect(authorization, account, app)
    one.clock.ahead += 3600
    authorization.control(fault=fault)
    async with Live(one, account, mail_server, tmp_path) as live:
        await live.until(lambda: bool(live.failures), "failure")
        assert isinstance(live.failures[0], error)
        assert live.health.strikes == 0
        assert live.health.state is not AccountState.AUTH_FAILED


async def test_an_app_only_client_opens_all_mailboxes_with_one_token(
    one: Instance,
    authorization: Authorization,
    mail_server: Dovecot,
    account: Account,
    user: str,
    tmp_path: Path,
) -> None:
    """Nobody consents but the administrator; the token is kept as long as it is good."""
    authorization.control(mailboxes={"daemon": user})
    app = await one.app(
        authorization,
        flow="service",
        scopes=[],
        extra={},
        clientId="daemon",
        clientSecret=Secret("the-secret-of-a-daemon"),
    )
    one.follow(account, Grant(auth=Auth.OAUTH2, app=app))
    before = authorization.calls()
    for _ in range(2):
        async with Live(one, account, mail_server, tmp_path) as live:
            await live.until_connected()
    assert authorization.calls() == before + 1
