"""A consent in a browser at a real authorization server: how it goes, and how it must not go."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest

from tests.identity.oauth.rig import ACME, ADMIN, ANNA, BROWSER, OSCAR, Instance
from tests.support.authorization import REDIRECT, Authorization
from vedette.model.account import Account
from vedette.model.ids import AccountId
from vedette.ports.records import Drop, Kind, Put
from vedette.secret import Secret
from vedette.service.oauth.connecting import AuthorizationError, UnknownStateError
from vedette.service.refusals import ConflictError, ForbiddenError, InvalidError, NotFoundError


@pytest.fixture
async def app(one: Instance, authorization: Authorization) -> str:
    return await one.app(authorization)


@pytest.fixture
async def account(one: Instance, app: str, user: str) -> Account:
    return await one.account(user, app)


def changed(url: str, **parameters: str | None) -> str:
    """Return an address with other parameters; None takes one away."""
    parts = urlsplit(url)
    found = {name: values[0] for name, values in parse_qs(parts.query).items()}
    found.update({name: value for name, value in parameters.items() if value is not None})
    kept = {name: value for name, value in found.items() if parameters.get(name, "") is not None}
    return urlunsplit(parts._replace(query=urlencode(kept)))


def meet(instance: Instance, barrier: asyncio.Barrier) -> None:
    """Let all who take a state away do it at the same moment."""
    write = instance.records.write

    async def together(changes: Sequence[Put | Drop], **more: Any) -> Any:
        if isinstance(changes[0], Drop) and barrier.n_waiting < barrier.parties:
            await barrier.wait()
        return await write(changes, **more)

    instance.records.write = together  # type: ignore[method-assign]


async def test_a_consent_gives_an_access_token(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """From the address for the browser to a token that the account can log in with."""
    connected = await one.connect(authorization, account, app)
    assert connected.address == account.email
    assert connected.is_registered
    token = await one.tokens.token(account)
    assert token.reveal()
    kept = one.memory.rows
    assert all(token.reveal() not in each.body for each in kept.records.values())


async def test_a_consent_wishes_for_another_login(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """The account is tried again by what was consented to, whatever it was parked for."""
    before = await one.accounts.get(ADMIN, account.id)
    await one.connect(authorization, account, app)
    after = await one.accounts.get(ADMIN, account.id)
    assert after.reconnect == before.reconnect + 1
    assert after.grant.app == app


async def test_a_state_is_used_once(
    one: Instance, two: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """Of all who bring the same answer, in all instances, one alone is taken; a replay is not."""
    begun = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
    back = authorization.consent(begun.url, account.credentials.user)
    before = authorization.calls()
    all_here = asyncio.Barrier(4)
    for each in (one, two):
        meet(each, all_here)
    results = await asyncio.gather(
        *(each.authorizations.finish(BROWSER, back) for each in (one, two, one, two)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, UnknownStateError) for each in results) == 3
    assert authorization.calls() == before + 1
    with pytest.raises(UnknownStateError):
        await two.authorizations.finish(BROWSER, back)


@pytest.mark.parametrize("state", ["", "made-up", "x" * 10_000, "\ud800"])
async def test_a_state_that_nobody_began_is_unknown(one: Instance, state: str) -> None:
    """An answer without a state of ours is not redeemed."""
    with pytest.raises(UnknownStateError):
        await one.authorizations.finish(BROWSER, {"state": state, "code": "abc"})


async def test_an_answer_without_a_state_is_unknown(one: Instance) -> None:
    """A second call of the callback, with nothing in it, is no defect (incident 26)."""
    with pytest.raises(UnknownStateError):
        await one.authorizations.finish(BROWSER, {})


async def test_a_state_is_of_one_session(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """A code that another browser is made to bring is not taken, and its owner can go on."""
    begun = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
    back = authorization.consent(begun.url, account.credentials.user)
    with pytest.raises(UnknownStateError):
        await one.authorizations.finish(Secret("the cookie of somebody else"), back)
    connected = await one.authorizations.finish(BROWSER, back)
    assert connected.account == account.id


async def test_a_state_is_of_one_tenant(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """Within another tenant's wall the state was never there (incident 33)."""
    begun = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
    back = authorization.consent(begun.url, account.credentials.user)
    assert OSCAR.tenant is not None
    with pytest.raises(UnknownStateError):
        await one.authorizations.finish(BROWSER, back, tenant=OSCAR.tenant)


async def test_a_state_ends_after_ten_minutes(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """Who comes back later begins anew."""
    begun = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
    back = authorization.consent(begun.url, account.credentials.user)
    one.clock.ahead += 601
    with pytest.raises(UnknownStateError):
        await one.authorizations.finish(BROWSER, back)


async def test_a_code_of_another_consent_is_not_taken(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """A code that was put into another's answer fails at PKCE: it has another verifier."""
    mine = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
    other = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
    back = authorization.consent(mine.url, account.credentials.user)
    stolen = authorization.consent(other.url, "mallory")
    with pytest.raises(AuthorizationError, match="invalid_grant"):
        await one.authorizations.finish(BROWSER, {**back, "code": stolen["code"]})


async def test_pkce_can_not_be_left_out(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """A request without a challenge, or with a plain one, comes back as an error and no code."""
    for challenge, method in ((None, None), ("x" * 43, "plain")):
        begun = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
        weaker = changed(begun.url, code_challenge=challenge, code_challenge_method=method)
        back = authorization.consent(weaker, account.credentials.user)
        with pytest.raises(AuthorizationError, match="invalid_request"):
            await one.authorizations.finish(BROWSER, back)


async def test_the_redirect_uri_is_ours_to_the_letter(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """A code that was sent elsewhere, be it to an address the server knows, is worth nothing."""
    begun = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
    assert parse_qs(urlsplit(begun.url).query)["redirect_uri"] == [REDIRECT]
    elsewhere = changed(begun.url, redirect_uri=f"{REDIRECT}/other")
    back = authorization.consent(elsewhere, account.credentials.user)
    with pytest.raises(AuthorizationError, match="invalid_grant"):
        await one.authorizations.finish(BROWSER, back)


@pytest.mark.parametrize("issuer", [None, "https://accounts.google.com"])
async def test_an_answer_of_another_provider_is_a_mix_up(
    one: Instance, authorization: Authorization, account: Account, app: str, issuer: str | None
) -> None:
    """The issuer that the server names itself as has to be there, and be the one (RFC 9207)."""
    begun = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
    back = authorization.consent(begun.url, account.credentials.user)
    del back["iss"]
    before = authorization.calls()
    with pytest.raises(AuthorizationError, match="not of the provider"):
        await one.authorizations.finish(
            BROWSER, back if issuer is None else {**back, "iss": issuer}
        )
    assert authorization.calls() == before


async def test_the_mailbox_of_somebody_else_is_told(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """Who is logged in at the provider as another user is told so, and nothing is kept."""
    begun = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
    back = authorization.consent(begun.url, "somebody-else")
    with pytest.raises(AuthorizationError, match="is of somebody-else@"):
        await one.authorizations.finish(BROWSER, back)
    assert await one.consents.read(account.id, ACME) is None


async def test_a_shared_mailbox_is_opened_by_who_may(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """Somebody else's consent counts where the mailbox is said to be shared (incident 66)."""
    begun = await one.authorizations.begin(
        ANNA, BROWSER, app=app, account=account.id, is_delegated=True
    )
    back = authorization.consent(begun.url, "somebody-else")
    connected = await one.authorizations.finish(BROWSER, back)
    assert connected.address == "somebody-else@example.org"


async def test_a_consent_may_come_before_its_account(
    one: Instance, authorization: Authorization, app: str, user: str
) -> None:
    """A connect link has the consent first; it waits an hour for the account."""
    begun = await one.authorizations.begin(ANNA, BROWSER, app=app, account=AccountId("later"))
    connected = await one.authorizations.finish(BROWSER, authorization.consent(begun.url, user))
    assert (connected.address, connected.is_registered) == (f"{user}@example.org", False)
    one.clock.ahead += 3601
    assert await one.consents.read(AccountId("later"), ACME) is None


async def test_a_refusal_at_the_provider_is_told_in_its_words(
    one: Instance, account: Account, app: str
) -> None:
    """Who presses cancel gets a refusal with the provider's code."""
    begun = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
    state = parse_qs(urlsplit(begun.url).query)["state"][0]
    issuer = (await one.apps.get(ANNA, app)).addresses.issuer
    with pytest.raises(AuthorizationError, match="access_denied"):
        await one.authorizations.finish(
            BROWSER, {"state": state, "error": "access_denied", "iss": issuer}
        )


@pytest.mark.parametrize("client", ["basic", "public"])
async def test_every_proof_of_a_client_is_spoken(
    one: Instance, authorization: Authorization, user: str, client: str
) -> None:
    """A secret with signs in it goes into a header (RFC 6749 section 2.3.1); a public client has none."""
    wish = {"clientId": client, "proof": "none" if client == "public" else "basic"}
    secret = None if client == "public" else Secret("a secret/with:signs")
    app = await one.app(authorization, **wish, clientSecret=secret)
    account = await one.account(user, app)
    assert (await one.connect(authorization, account, app)).is_registered


async def test_another_tenants_app_and_account_are_not_there(
    one: Instance, account: Account, app: str
) -> None:
    """What is asked within another tenant's wall is answered as if there were none."""
    with pytest.raises(NotFoundError):
        await one.authorizations.begin(OSCAR, BROWSER, app=app, account=account.id)
    with pytest.raises(NotFoundError):
        await one.authorizations.begin(OSCAR, BROWSER, app=app, account=AccountId("mine"))
    wish = {"provider": "google", "clientId": "x", "clientSecret": Secret("y")}
    await one.tenants.create(ADMIN, {"name": "Other"}, id_=OSCAR.tenant)
    own = await one.apps.create(OSCAR, wish)
    with pytest.raises(NotFoundError, match=account.id):
        await one.authorizations.begin(OSCAR, BROWSER, app=own.id, account=account.id)
    with pytest.raises(NotFoundError):
        await one.apps.update(OSCAR, app, {"title": "mine now"})


async def test_client_id_and_secret_change_together(one: Instance, app: str) -> None:
    """An id without its secret, or a secret without its id, is refused (incident 32)."""
    for half in ({"clientId": "other"}, {"clientSecret": Secret("other")}):
        with pytest.raises(InvalidError, match="given together"):
            await one.apps.update(ADMIN, app, half)


async def test_only_an_admin_lets_an_app_ask_inside(one: Instance, app: str) -> None:
    """Neither the flag nor where it leads to is up to a tenant."""
    wish = {
        "provider": "generic",
        "clientId": "x",
        "clientSecret": Secret("y"),
        "authorizeUrl": "http://127.0.0.1/a",
        "tokenUrl": "http://127.0.0.1/t",
    }
    with pytest.raises(InvalidError, match="https"):
        await one.apps.create(ANNA, wish)
    with pytest.raises(ForbiddenError, match="admin"):
        await one.apps.create(ANNA, {**wish, "private": True})
    with pytest.raises(ForbiddenError, match="admin"):
        await one.apps.update(ANNA, app, {"tokenUrl": "http://10.0.0.1/token"})


async def test_an_app_that_is_used_stays(one: Instance, account: Account, app: str) -> None:
    """Its accounts are moved or deleted first."""
    with pytest.raises(ConflictError, match="connected by this app"):
        await one.apps.delete(ANNA, app)


async def test_a_token_service_that_is_down_lets_one_begin_anew(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """It says so; the state is used up by then, as a code is for one use too."""
    begun = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
    back = authorization.consent(begun.url, account.credentials.user)
    authorization.control(fault={"status": 503})
    with pytest.raises(AuthorizationError, match="no tokens: HTTP 503"):
        await one.authorizations.finish(BROWSER, back)
    authorization.control(fault=None)
    with pytest.raises(UnknownStateError):
        await one.authorizations.finish(BROWSER, back)
    assert (await one.connect(authorization, account, app)).account == account.id


async def test_a_provider_that_gives_an_hour_only_is_told(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """Without a refresh token the mailbox would go silent after an hour."""
    begun = await one.authorizations.begin(ANNA, BROWSER, app=app, account=account.id)
    back = authorization.consent(begun.url, account.credentials.user)
    body = '{"access_token":"abc","token_type":"Bearer","expires_in":3600}'
    authorization.control(fault={"status": 200, "body": body})
    with pytest.raises(AuthorizationError, match="no refresh token"):
        await one.authorizations.finish(BROWSER, back)


async def test_a_forgotten_consent_is_gone_with_its_tokens(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """Nothing of it is kept."""
    await one.connect(authorization, account, app)
    await one.connecting.forget(ANNA, account.id)
    assert (Kind.GRANT, account.id) not in one.memory.rows.secrets


async def test_a_deleted_account_leaves_no_tokens(
    one: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """With the account goes what its owner consented to."""
    await one.connect(authorization, account, app)
    await one.accounts.delete(ADMIN, account.id)
    assert (Kind.GRANT, account.id) not in one.memory.rows.records


async def test_a_code_on_another_device_connects(
    one: Instance, two: Instance, authorization: Authorization, account: Account, app: str
) -> None:
    """The code is shown here, used there, and polled for by any instance (RFC 8628)."""
    shown = await one.devices.begin(ANNA, app=app, account=account.id)
    early = await two.devices.poll(ANNA, shown.id)
    before = authorization.calls()
    assert getattr(early, "wait", 0) > 0
    two.clock.ahead += shown.wait + 0.1
    assert getattr(await two.devices.poll(ANNA, shown.id), "wait", 0) > 0
    assert authorization.calls() == before + 1
    authorization.approve(shown.full_address, account.credentials.user)
    two.clock.ahead += shown.wait + 0.1
    connected = await two.devices.poll(ANNA, shown.id)
    assert getattr(connected, "address", None) == account.email
    with pytest.raises(UnknownStateError):
        await one.devices.poll(ANNA, shown.id)
