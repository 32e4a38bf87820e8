"""A consent that ends here is told to its provider: after the end, and whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.identity.oauth.rig import ACME, ADMIN, ANNA, BROWSER, Instance
from tests.identity.oauth.scripted import Endpoint, endpoint
from tests.support.authorization import Authorization
from vedette.app.revoking import Revoking
from vedette.errors import StoreError
from vedette.identity.oauth.revocation import LASTS
from vedette.identity.vault import Vault
from vedette.model.account import Account
from vedette.ports.records import Drop, Kind, Put, RecordQuery
from vedette.ports.registration import Auth, Grant
from vedette.secret import Secret
from vedette.service.oauth.connecting import AuthorizationError


def revoking(one: Instance) -> Revoking:
    """Return what tells providers, in an instance."""

    async def vault() -> Vault:
        return one.vault

    return Revoking(one.records, vault, one.transport, one.clock)


async def left(one: Instance) -> int:
    """Return how many providers are to be told still."""
    return len(await one.records.records(RecordQuery(kind=Kind.REVOCATION)))


def told(server: Authorization) -> int:
    """Return how often the provider was told of an end."""
    return server.control().get("/token/revocation", 0)


@dataclass(slots=True)
class Box:
    """A mailbox that is connected, and the refresh token that opens it."""

    account: Account
    app: str
    refresh: str


async def connected(one: Instance, server: Authorization, user: str, **wish: object) -> Box:
    given = {"revokeUrl": f"{server.issuer}/token/revocation", **wish}
    app = await one.app(server, **given)
    account = await one.account(user, app)
    await one.connect(server, account, app)
    refresh = (await one.consent(account)).pair.refresh.reveal()
    return Box(account, app, refresh)


@pytest.fixture
async def box(one: Instance, authorization: Authorization, user: str) -> Box:
    return await connected(one, authorization, user)


@pytest.fixture
async def asked() -> AsyncIterator[Endpoint]:
    """Return a provider's address for revocations that says what a test wants."""
    async with endpoint() as found:
        yield found


async def delete_account(one: Instance, box: Box) -> None:
    await one.accounts.delete(ANNA, box.account.id)


async def forget_grant(one: Instance, box: Box) -> None:
    await one.connecting.forget(ANNA, box.account.id)


async def delete_app(one: Instance, box: Box) -> None:
    given = {"auth": "password", "password": Secret("hunter2"), "app": None}
    await one.accounts.update(ADMIN, box.account.id, given)
    await one.apps.delete(ANNA, box.app)


async def delete_tenant(one: Instance, _box: Box) -> None:
    await one.tenants.delete(ADMIN, ACME)


async def delete_account_and_tenant(one: Instance, box: Box) -> None:
    await delete_account(one, box)
    await delete_tenant(one, box)


@pytest.mark.parametrize(
    "end", [delete_account, forget_grant, delete_app, delete_tenant, delete_account_and_tenant]
)
async def test_a_provider_is_told_that_a_consent_ended(
    one: Instance,
    authorization: Authorization,
    box: Box,
    end: Callable[[Instance, Box], Awaitable[None]],
) -> None:
    """Whatever it ended by: afterwards its token opens nothing, and nothing of it is kept here."""
    await end(one, box)
    assert await one.records.record(Kind.GRANT, box.account.id) is None
    assert authorization.is_active(box.refresh)

    await revoking(one).round()

    assert not authorization.is_active(box.refresh)
    assert await left(one) == 0
    assert not [kind for kind, _ in one.memory.rows.secrets if kind is Kind.REVOCATION]


@pytest.mark.parametrize(
    "client",
    [
        {"clientId": "basic", "clientSecret": Secret("a secret/with:signs"), "proof": "basic"},
        {"clientId": "public", "clientSecret": None, "proof": "none"},
    ],
)
async def test_an_app_proves_itself_when_it_tells(
    one: Instance, authorization: Authorization, user: str, client: dict[str, object]
) -> None:
    """As it does at the token endpoint (RFC 7009 section 2.1)."""
    box = await connected(one, authorization, user, **client)
    await delete_account(one, box)

    await revoking(one).round()

    assert not authorization.is_active(box.refresh)


async def test_the_end_and_the_wish_to_tell_of_it_are_one_write(one: Instance, box: Box) -> None:
    """No crash leaves one without the other: neither is the consent kept, nor its end untold."""
    write, seen = one.records.write, list[list[tuple[str, Kind]]]()

    async def watched(changes: Sequence[Put | Drop], **more: Any) -> Any:
        seen.append(
            [
                ("put", each.record.kind) if isinstance(each, Put) else ("drop", each.kind)
                for each in changes
            ]
        )
        return await write(changes, **more)

    one.records.write = watched  # type: ignore[method-assign]
    await delete_account(one, box)

    assert [("drop", Kind.ACCOUNT), ("drop", Kind.GRANT), ("put", Kind.REVOCATION)] in seen


async def test_a_provider_that_is_down_is_told_later_by_whoever_runs(
    one: Instance, two: Instance, authorization: Authorization, user: str, asked: Endpoint
) -> None:
    """After a minute, by another instance, with the same token; and then nothing is left to tell."""
    box = await connected(one, authorization, user, revokeUrl=asked.url)
    await delete_account(one, box)
    asked.status = 503
    await revoking(one).round()
    await revoking(two).round()
    assert len(asked.asked) == 1

    two.clock.ahead += 61
    asked.status = 200
    await revoking(two).round()

    assert [each.form["token"] for each in asked.asked] == [box.refresh] * 2
    assert {each.form["token_type_hint"] for each in asked.asked} == {"refresh_token"}
    assert await left(two) == 0


async def test_a_provider_is_asked_when_it_says(
    one: Instance, authorization: Authorization, user: str, asked: Endpoint
) -> None:
    """Its ``Retry-After`` goes before our own minute (RFC 7009 section 2.2.1)."""
    await delete_account(one, await connected(one, authorization, user, revokeUrl=asked.url))

    async def busy(_request: object) -> Any:
        from aiohttp import web  # noqa: PLC0415 - the only answer with a header

        return web.Response(status=503, headers={"Retry-After": "3000"})

    asked.answer = busy
    await revoking(one).round()
    one.clock.ahead += 2_000
    await revoking(one).round()
    assert len(asked.asked) == 1
    one.clock.ahead += 1_001
    await revoking(one).round()
    assert len(asked.asked) == 2


async def test_a_provider_that_never_hears_is_left_alone_after_a_day(
    one: Instance, authorization: Authorization, user: str, asked: Endpoint
) -> None:
    """Some thirty tries; then the token is gone from here too."""
    await delete_account(one, await connected(one, authorization, user, revokeUrl=asked.url))
    asked.status = 503
    began = one.clock.now()
    while await left(one):
        assert one.clock.now() - began < LASTS + 3_600
        await revoking(one).round()
        one.clock.ahead += 600
    assert 20 < len(asked.asked) < 40


@pytest.mark.parametrize(
    ("status", "json"),
    [(400, {"error": "invalid_token"}), (400, {"error": "unsupported_token_type"}), (404, {})],
)
async def test_an_answer_that_will_stay_the_same_is_the_last(
    one: Instance,
    authorization: Authorization,
    user: str,
    asked: Endpoint,
    status: int,
    json: dict[str, object],
) -> None:
    """A token that is none any more, or a service that takes none back, is not asked again."""
    await delete_account(one, await connected(one, authorization, user, revokeUrl=asked.url))
    asked.status, asked.json = status, json

    await revoking(one).round()

    assert await left(one) == 0


async def test_of_two_instances_one_tells(
    one: Instance, two: Instance, authorization: Authorization, user: str, asked: Endpoint
) -> None:
    """However close they come."""
    await delete_account(one, await connected(one, authorization, user, revokeUrl=asked.url))

    await asyncio.gather(revoking(one).round(), revoking(two).round())

    assert len(asked.asked) == 1


async def test_a_consent_that_opens_another_mailbox_is_not_taken_back(
    one: Instance, authorization: Authorization, box: Box
) -> None:
    """Google takes back everything of a user and a client: the last mailbox alone ends that."""
    user = box.account.credentials.user
    other = await one.account(f"shared-{user}", box.app)
    begun = await one.authorizations.begin(
        ANNA, BROWSER, app=box.app, account=other.id, is_delegated=True
    )
    await one.authorizations.finish(BROWSER, authorization.consent(begun.url, user))
    last = (await one.consent(other)).pair.refresh.reveal()
    before = told(authorization)

    await delete_account(one, box)
    await revoking(one).round()
    assert (told(authorization), await left(one)) == (before, 0)
    assert authorization.is_active(last)
    assert await one.tokens.token(other)

    await one.accounts.delete(ANNA, other.id)
    await revoking(one).round()
    assert not authorization.is_active(last)


@pytest.mark.parametrize("scopes", [["openid", "email", "offline_access"], ["offline_access"]])
async def test_a_consent_that_was_given_anew_is_not_taken_back(
    one: Instance, authorization: Authorization, user: str, scopes: list[str]
) -> None:
    """Whoever forgets a consent and connects again is not cut off by what is told late.

    Be it that the provider says whose consent it is, or not.
    """
    box = await connected(one, authorization, user, scopes=scopes)
    before = told(authorization)
    await forget_grant(one, box)
    await one.connect(authorization, box.account, box.app)

    await revoking(one).round()

    assert told(authorization) == before
    new = (await one.consent(box.account)).pair.refresh.reveal()
    assert authorization.is_active(new)
    assert await left(one) == 0


async def test_a_token_that_a_host_lent_is_not_taken_back(
    one: Instance, authorization: Authorization, box: Box, user: str
) -> None:
    """It is the host application's own, which goes on using it."""
    lent = one.follow(
        (await one.account(f"host-{user}", box.app)),
        Grant(auth=Auth.OAUTH2, app=box.app),
        refresh_token=Secret(box.refresh),
    )
    assert await one.tokens.token(lent)

    await one.accounts.delete(ADMIN, lent.id)

    assert await left(one) == 0


async def test_a_consent_for_the_wrong_mailbox_is_taken_back(
    one: Instance, authorization: Authorization, box: Box
) -> None:
    """It was given for nothing; that of the mailbox itself is untouched."""
    begun = await one.authorizations.begin(ANNA, BROWSER, app=box.app, account=box.account.id)
    back = authorization.consent(begun.url, f"not-{box.account.credentials.user}")
    before = told(authorization)
    with pytest.raises(AuthorizationError, match="the consent is of not-"):
        await one.authorizations.finish(BROWSER, back)

    await revoking(one).round()

    assert told(authorization) == before + 1
    assert authorization.is_active(box.refresh)


async def test_a_provider_without_an_address_for_it_is_not_told(
    one: Instance, authorization: Authorization, user: str
) -> None:
    """Microsoft has none: what its owner sees there is withdrawn there."""
    box = await connected(one, authorization, user, revokeUrl=None)

    await delete_account(one, box)

    assert await left(one) == 0


async def test_a_consent_that_the_provider_withdrew_is_not_told_of(
    one: Instance, authorization: Authorization, box: Box
) -> None:
    """It said so itself."""
    authorization.revoke(box.refresh)
    one.clock.ahead += 3_600
    with pytest.raises(Exception, match="has to connect it again"):
        await one.tokens.token(box.account)

    await delete_account(one, box)

    assert await left(one) == 0


async def test_a_consent_that_can_not_be_opened_is_deleted_all_the_same(
    one: Instance, box: Box
) -> None:
    """What nobody can tell any more is no reason to keep an account."""
    secrets = one.memory.rows.secrets[Kind.GRANT, box.account.id]
    secrets["tokens"] = secrets["tokens"][:-1] + bytes([secrets["tokens"][-1] ^ 1])

    await delete_account(one, box)

    assert await one.records.record(Kind.GRANT, box.account.id) is None
    assert await left(one) == 0


async def test_a_store_that_fails_in_a_round_loses_nothing(
    one: Instance, authorization: Authorization, box: Box
) -> None:
    """The next round finds it."""
    await delete_account(one, box)
    write = one.records.write

    async def failing(*_words: object, **_more: object) -> Any:
        raise StoreError("away")

    one.records.write = failing  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="away"):
        await revoking(one).round()
    assert authorization.is_active(box.refresh)
    one.records.write = write  # type: ignore[method-assign]
    one.clock.ahead += 61

    await revoking(one).round()

    assert not authorization.is_active(box.refresh)


async def test_two_revocations_of_one_account_are_two(
    one: Instance, authorization: Authorization, box: Box
) -> None:
    """A consent that ends while an earlier one waits to be told takes nothing's place."""
    await forget_grant(one, box)
    await one.connect(authorization, box.account, box.app)
    second = replace(box, refresh=(await one.consent(box.account)).pair.refresh.reveal())
    await forget_grant(one, second)
    assert await left(one) == 2

    await revoking(one).round()

    assert [authorization.is_active(each.refresh) for each in (box, second)] == [False, False]
