"""Accounts are tried out by whichever way they log in, and nothing that is lent once is used up."""

from __future__ import annotations

from typing import Any, Final

from tests.support.api import Face
from vedette.identity.oauth.consent import Consent, ConsentBook, Pair
from vedette.model.ids import AccountId, TenantId
from vedette.secret import Secret

APP: Final = {"provider": "google", "clientId": "c", "clientSecret": "planted-s"}
ACCOUNT: Final[dict[str, Any]] = {"email": "a@example.org", "host": "imap.example.org"}
BY_COMMAND: Final = {**ACCOUNT, "auth": "token_command", "tokenCommand": ["echo", "a-token"]}
BOX: Final = AccountId("box")


async def test_a_token_of_a_command_is_tried_before_and_after_it_is_saved(face: Face) -> None:
    """The login is tried with what the command prints."""
    before = await face.ask("POST", "/v1/accounts/verify", BY_COMMAND)
    await face.ask("POST", "/v1/accounts", {**BY_COMMAND, "id": BOX})
    after = await face.ask("POST", f"/v1/accounts/{BOX}/verify")

    assert (before.json["isGood"], after.json["isGood"]) == (True, True)
    assert face.doctor.tokens == [Secret("a-token")] * 2
    assert b"a-token" not in before.body + after.body


async def test_a_consent_is_tried_as_it_is_kept(face: Face) -> None:
    """With the token that the watch would log in with, and without another one."""
    made = await face.ask("POST", "/v1/oauth/apps", APP)
    assert made.status == 201, made.body
    account = {**ACCOUNT, "id": BOX, "auth": "oauth2", "app": made.json["id"]}
    assert (await face.ask("POST", "/v1/accounts", account)).status == 201
    now = face.clock.now()
    access = Pair(
        refresh=Secret("refresh"), access=Secret("access"), obtained_at=now, expires_at=now + 3_600
    )
    consent = Consent(
        account=BOX, tenant=TenantId("default"), app=made.json["id"], pair=access, consented_at=now
    )
    book = ConsentBook(face.state.records, face.vault)
    await book.write(consent, tokens=True, now=now)

    answer = await face.ask("POST", f"/v1/accounts/{BOX}/verify")

    assert (answer.status, answer.json["isGood"]) == (200, True)
    assert face.doctor.tokens == [Secret("access")]


async def test_a_refresh_token_is_not_used_up_by_a_try(face: Face) -> None:
    """Some providers take each of them once: it is tried where what comes of it can be kept."""
    made = await face.ask("POST", "/v1/oauth/apps", APP)
    wish = {**ACCOUNT, "auth": "oauth2", "app": made.json["id"], "refreshToken": "planted-r"}

    answer = await face.ask("POST", "/v1/accounts/verify", wish)

    assert (answer.status, answer.code) == (409, "conflict")
    assert face.doctor.asked == []
    assert b"planted" not in answer.body


async def test_a_tenants_key_has_no_command_run(face: Face) -> None:
    """Whose machine it is says what runs on it."""
    await face.ask("POST", "/v1/tenants", {"id": "acme"})
    key = await face.key("accounts:read", "accounts:write", tenant="acme")

    answer = await face.ask("POST", "/v1/accounts/verify", BY_COMMAND, key=key)

    assert (answer.status, answer.code) == (403, "forbidden")
    assert face.doctor.tokens == []
