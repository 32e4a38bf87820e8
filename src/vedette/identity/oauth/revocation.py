"""Telling a provider that a consent is not wanted any more (RFC 7009), as it is kept until it is told.

It stands by itself: where to ask is in the record, and the token, with the client that proves itself,
is sealed beside it. So it outlives the account, the grant and the app, and can be tried again after a
restart. It must not know why a consent ends, nor when to try.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Final

import orjson

from vedette.errors import NetworkError, StoreError
from vedette.identity.oauth.apps import Addresses, App, Client, Proof, Provider
from vedette.identity.oauth.consent import Consent
from vedette.identity.oauth.exchange import denied, prove
from vedette.identity.oauth.transport import Transport
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Kind, Record
from vedette.secret import Secret

#: The name under which token and client are sealed beside the record.
ASKED: Final = "asked"
#: Seconds after which nobody tries any more. Who deleted an account deleted its token: it is kept for
#: a while to be withdrawn, and not for ever because a provider is gone.
LASTS: Final = 86_400.0

#: What services call a token that is none any more; RFC 7009 section 2.2 has them say 200 instead.
_GONE: Final = frozenset({"invalid_token", "invalid_grant"})
_OK: Final = range(200, 300)
#: Answers that may be another one later: too slow, too many, and the service's own trouble.
_PATIENCE: Final = frozenset({408, 429})
_FAILED: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A token that is to be withdrawn, and where. ``address`` is whose consent it was.

    ``tries`` were made, and the next is not before ``next_at``.
    """

    id: str
    tenant: TenantId
    account: AccountId
    app: str
    address: str
    url: str
    token: Secret[str]
    client: Client
    proof: Proof = Proof.POST
    private: bool = False
    tries: int = 0
    next_at: float = 0.0
    expires_at: float = 0.0
    version: int = 0


@unique
class Said(StrEnum):
    """What a provider made of it."""

    DONE = "done"
    REFUSED = "refused"
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of one request; ``words`` are for a log, ``retry_after`` is in seconds."""

    said: Said
    words: str = ""
    retry_after: float = 0.0


def revocation(
    consent: Consent, app: App, client: Client, *, id_: str, now: float
) -> Revocation | None:
    """Return what a provider is to be told of a consent that ends; None where it is not.

    It is not where the provider has no address for it, withdrew the consent itself, or where the
    token is the host application's own: that was lent, and goes on being used by others.
    """
    was_withdrawn = consent.withdrawn is not None and not consent.withdrawn.is_of_app
    if not app.addresses.revoke or consent.is_lent or was_withdrawn:
        return None
    return Revocation(
        id=id_,
        tenant=consent.tenant,
        account=consent.account,
        app=consent.app,
        address=consent.address,
        url=app.addresses.revoke,
        # With the refresh token go the access tokens that came of it (RFC 7009 section 2.1).
        token=consent.pair.refresh,
        client=client,
        proof=app.proof,
        private=app.private,
        next_at=now,
        expires_at=now + LASTS,
    )


async def tell(transport: Transport, it: Revocation) -> Told:
    """Ask once. It never raises for what a service says or does."""
    form = {"token": it.token.reveal(), "token_type_hint": "refresh_token"}
    headers: dict[str, str] = {}
    asked = App(
        id=it.app,
        tenant=it.tenant,
        provider=Provider.GENERIC,
        addresses=Addresses(revoke=it.url),
        proof=it.proof,
    )
    prove(asked, it.client, form, headers)
    try:
        answer = await transport.post(it.url, form, headers=headers, private=it.private)
    except NetworkError as failure:
        return Told(said=Said.LATER, words=str(failure))
    if answer.status in _OK:
        return Told(said=Said.DONE)
    denial = denied(answer, it.url, [it.token.reveal(), it.client.secret.reveal()])
    words = f"{denial.host} answered with HTTP {denial.status}, {denial.said}"
    if answer.status >= _FAILED or answer.status in _PATIENCE:
        return Told(said=Said.LATER, words=words, retry_after=answer.retry_after or 0.0)
    return Told(said=Said.DONE if denial.code in _GONE else Said.REFUSED, words=words)


def record_of(it: Revocation) -> Record:
    """Return the record to write; what is secret of it is ``asked_of``."""
    body = {
        "account": it.account,
        "app": it.app,
        "address": it.address,
        "url": it.url,
        "proof": it.proof.value,
        "private": it.private,
        "tries": it.tries,
        "nextAt": it.next_at,
    }
    return Record(
        kind=Kind.REVOCATION,
        id=it.id,
        tenant=it.tenant,
        body=orjson.dumps(body).decode(),
        expires_at=it.expires_at,
    )


def asked_of(it: Revocation) -> Secret[str]:
    """Return what is to be sealed beside the record, under ``ASKED``."""
    asked = {
        "token": it.token.reveal(),
        "id": it.client.id,
        "secret": it.client.secret.reveal(),
    }
    return Secret(orjson.dumps(asked).decode())


def revocation_of(record: Record, asked: Secret[str]) -> Revocation:
    """Return what a record is of. Raises StoreError for one that is none."""
    try:
        body: Mapping[str, Any] = orjson.loads(record.body)
        sealed: Mapping[str, Any] = orjson.loads(asked.reveal())
        return Revocation(
            id=record.id,
            tenant=record.tenant,
            account=AccountId(body["account"]),
            app=body["app"],
            address=body["address"],
            url=body["url"],
            token=Secret(sealed["token"]),
            client=Client(id=sealed["id"], secret=Secret(sealed["secret"])),
            proof=Proof(body["proof"]),
            private=body["private"],
            tries=body["tries"],
            next_at=body["nextAt"],
            expires_at=record.expires_at or 0.0,
            version=record.version,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"the revocation {record.id} can not be read: another version of Vedette wrote it"
        ) from error
