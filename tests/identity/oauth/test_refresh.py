"""Tokens are renewed once for all who want one, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.identity.oauth.rig import ADMIN, ANNA, Instance
from tests.support.authorization import Authorization
from vedette.errors import NetworkError, RevokedError, StoreError, ThrottledError
from vedette.identity.oauth import exchange
from vedette.identity.oauth.consent import Pair
from vedette.model.account import Account, Demand
from vedette.ports.records import Drop, Kind, Put
from vedette.ports.registration import Auth, Grant
from vedette.secret import Secret

HOUR = 3600.0


@pytest.fixture
async def app(one: Instance, authorization: Authorization) -> str:
    return await one.app(authorization)


@pytest.fixture
async def account(
    one: Instance, two: Instance, authorization: Authorization, app: str, user: str
) -> Account:
    """Return an account that was consented to, known to both instances."""
    account = await one.account(user, app)
    two.supplies = one.supplies
    await one.connect(authorization, account, app)
    return account


def ahead(seconds: float, *instances: Instance) -> None:
    for each in instances:
        each.clock.ahead += seconds


async def test_a_token_is_used_until_five_minutes_before_its_end(
    one: Instance, authorization: Authorization, account: Account
) -> None:
    """Nobody is asked before; then once, and the new token is another."""
    before, first = authorization.calls(), await one.tokens.token(account)
    ahead(HOUR - 330, one)
    assert await one.tokens.token(account) == first
    ahead(60, one)
    assert await one.tokens.token(account) != first
    assert authorization.calls() == before + 1


async def test_fifty_who_want_a_token_are_one_request(
    one: Instance, two: Instance, authorization: Authorization, account: Account
) -> None:
    """A11: in two instances at once, all get the same one token."""
    ahead(HOUR, one, two)
    before = authorization.calls()
    tokens = await asyncio.gather(
        *((one, two)[number % 2].tokens.token(account) for number in range(50))
    )
    assert authorization.calls() == before + 1
    assert all(each == tokens[0] for each in tokens)


async def test_a_refused_token_is_renewed_before_its_time(
    one: Instance, two: Instance, authorization: Authorization, account: Account
) -> None:
    """The other instance, whose login was refused with the old one, gets the new one unasked."""
    first = await one.tokens.token(account)
    before = authorization.calls()
    second = await one.tokens.token(account, refused=first)
    assert second != first
    assert await two.tokens.token(account, refused=first) == second
    assert authorization.calls() == before + 1


async def test_a_rotated_refresh_token_outlives_a_kill_before_its_use(
    one: Instance, two: Instance, authorization: Authorization, account: Account
) -> None:
    """A11: who dies with the answer on the disk and in nobody's hands leaves it to the next."""
    old = (await one.consent(account)).pair.refresh
    ahead(HOUR, one, two)
    write, written = one.records.write, asyncio.Event()

    async def killed(changes: Sequence[Put | Drop], **more: Any) -> Any:
        result = await write(changes, **more)
        if any(isinstance(each, Put) and each.secrets for each in changes):
            written.set()
            await asyncio.Future()
        return result

    one.records.write = killed  # type: ignore[method-assign]
    dying = asyncio.create_task(one.tokens.token(account))
    await asyncio.wait_for(written.wait(), 10)
    before = authorization.calls()
    token = await two.tokens.token(account)
    assert (await two.consent(account)).pair.refresh != old
    assert await two.tokens.token(account, refused=token) != token
    assert authorization.calls() == before + 1
    dying.cancel()
    for flight in one.tokens._refresher._flights._tasks.values():
        flight.cancel()


async def test_new_tokens_that_could_not_be_written_are_written_first(
    one: Instance, authorization: Authorization, account: Account
) -> None:
    """A store that fails loses nothing: the pair waits, and the old refresh token is not used again."""
    ahead(HOUR, one)
    write = one.records.write

    async def failing(changes: Sequence[Put | Drop], **more: Any) -> Any:
        if any(isinstance(each, Put) and each.secrets for each in changes):
            raise StoreError("the disk is full")
        return await write(changes, **more)

    one.records.write = failing  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="the disk is full"):
        await one.tokens.token(account)
    before = authorization.calls()
    one.records.write = write  # type: ignore[method-assign]
    token = await one.tokens.token(account)
    assert authorization.calls() == before
    assert (await one.consent(account)).pair.access == token


async def test_an_instance_that_was_overtaken_uses_what_the_other_wrote(
    one: Instance, authorization: Authorization, account: Account
) -> None:
    """A used-up refresh token is not a withdrawn consent where another one is kept by now."""
    ahead(HOUR, one)
    post = one.transport.post

    async def late(url: str, body: Any, **more: Any) -> Any:
        # Another instance, whose lease ended while it was stopped, comes back just now.
        answer = await post(url, {**body, "refresh_token": "used-up-by-another"}, **more)
        pair = Pair(
            refresh=Secret("rotated"),
            access=Secret("of-the-other"),
            obtained_at=one.clock.now(),
            expires_at=one.clock.now() + HOUR,
        )
        elsewhere = replace(await one.consent(account), pair=pair, lease=None)
        assert await one.consents.write(elsewhere, tokens=True, now=one.clock.now())
        return answer

    one.transport.post = late  # type: ignore[method-assign]
    token = await one.tokens.token(account)
    assert token == Secret("of-the-other")


async def test_a_lease_of_a_dead_instance_ends(
    one: Instance, two: Instance, authorization: Authorization, account: Account
) -> None:
    """Who died while asking holds nobody up for longer than half a minute."""
    ahead(HOUR, one, two)

    async def never(*_words: Any, **_more: Any) -> Any:
        await asyncio.Future()

    one.transport.post = never  # type: ignore[method-assign]
    stuck = asyncio.create_task(one.tokens.token(account))
    while (await one.consent(account)).lease is None:  # noqa: ASYNC110 - the record has no event
        await asyncio.sleep(0)
    ahead(31, two)
    assert await two.tokens.token(account)
    stuck.cancel()
    for flight in one.tokens._refresher._flights._tasks.values():
        flight.cancel()


async def test_a_withdrawn_consent_is_asked_for_once(
    one: Instance, two: Instance, authorization: Authorization, account: Account
) -> None:
    """All instances know, nobody asks again, and a new consent ends it."""
    authorization.revoke((await one.consent(account)).pair.refresh.reveal())
    ahead(HOUR, one, two)
    before, counted = authorization.calls(), exchange._REFRESHES.value("revoked")
    for each in (one, two, one):
        with pytest.raises(RevokedError, match="has to connect it again"):
            await each.tokens.token(account)
    assert authorization.calls() == before + 1
    assert exchange._REFRESHES.value("revoked") == counted + 1
    await one.connect(authorization, account, one.supplies[account.id].grant.app or "")
    assert await two.tokens.token(account)


async def test_a_wish_to_try_again_asks_once_more(
    one: Instance, authorization: Authorization, account: Account
) -> None:
    """Whoever presses reconnect is answered by the provider, not from memory (incident 37)."""
    authorization.revoke((await one.consent(account)).pair.refresh.reveal())
    ahead(HOUR, one)
    wishes = [replace(account, demand=Demand(reconnect=number)) for number in (1, 1, 2)]
    before = authorization.calls()
    for each in wishes:
        with pytest.raises(RevokedError):
            await one.tokens.token(each)
    assert authorization.calls() == before + 2


async def test_an_app_that_is_put_right_is_tried_again(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """A wrong secret is told as what it is; the right one wishes for another login of each account."""
    await one.apps.update(
        ADMIN, app, {"clientId": "vedette", "clientSecret": Secret("a wrong one of ours")}
    )
    ahead(HOUR, one)
    with pytest.raises(RevokedError, match="correct its client id and secret") as refused:
        await one.tokens.token(account)
    assert "a wrong one" not in str(refused.value)
    before = await one.accounts.get(ADMIN, account.id)
    await one.apps.update(
        ADMIN, app, {"clientId": "vedette", "clientSecret": Secret("the-secret-of-vedette")}
    )
    assert (await one.accounts.get(ADMIN, account.id)).reconnect == before.reconnect + 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 503, "body": "<html>busy</html>"}, NetworkError),
        ({"status": 503, "headers": {"Retry-After": "90"}}, ThrottledError),
        ({"status": 429, "body": '{"error":"invalid_grant"}'}, ThrottledError),
        ({"status": 400, "body": '{"error":"temporarily_unavailable"}'}, ThrottledError),
        ({"status": 500, "body": '{"error":"invalid_grant"}'}, NetworkError),
        ({"status": 400, "body": "not json"}, NetworkError),
        ({"status": 200, "body": '{"access_token":"two words"}'}, NetworkError),
        ({"status": 307, "headers": {"Location": "http://127.0.0.1:1/"}}, NetworkError),
    ],
)
async def test_a_token_service_in_trouble_says_nothing_of_a_consent(
    one: Instance,
    authorization: Authorization,
    account: Account,
    fault: dict[str, Any],
    error: type[Exception],
) -> None:
    """A9: what passes is tried again; the last minutes of the old token are used meanwhile."""
    old = await one.tokens.token(account)
    ahead(HOUR - 200, one)
    authorization.control(fault=fault)
    assert await one.tokens.token(account) == old
    ahead(200, one)
    with pytest.raises(error) as failure:
        await one.tokens.token(account)
    assert not isinstance(failure.value, RevokedError)
    authorization.control(fault=None)
    assert await one.tokens.token(account) != old


async def test_a_refresh_token_of_the_host_is_taken_over(
    one: Instance, two: Instance, authorization: Authorization, app: str, account: Account
) -> None:
    """What a table hands over is kept as it rotates; another one from there takes its place."""
    grant = Grant(auth=Auth.OAUTH2, app=app)
    for _ in range(2):
        seed = (await one.consent(account)).pair.refresh
        one.follow(account, grant, refresh_token=seed)
        first = await one.tokens.token(account)
        assert await two.tokens.token(account, refused=first) != first
        one.follow(account, grant)
        await one.connect(authorization, account, app)


async def test_tokens_that_were_damaged_are_told_as_lost(one: Instance, account: Account) -> None:
    """Reading them again brings nothing back: a person has to consent."""
    sealed = one.memory.rows.secrets[Kind.GRANT, account.id]
    octets = bytearray(sealed["tokens"])
    octets[-1] ^= 1
    sealed["tokens"] = bytes(octets)
    for _ in range(2):
        with pytest.raises(RevokedError, match="are lost"):
            await one.tokens.token(account)
        sealed.clear()


async def test_without_a_consent_one_is_told_to_connect(
    one: Instance, authorization: Authorization, app: str
) -> None:
    """An account whose owner was never asked says what is to be done."""
    account = await one.account("nobody-asked", app)
    with pytest.raises(RevokedError, match="connect it"):
        await one.tokens.token(account)
    assert ANNA.tenant == account.tenant
