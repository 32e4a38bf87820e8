"""What the owner of a mailbox consented to, as it is kept: the record of a grant and its tokens.

Both tokens, with their end, are sealed as one value: what is read is of one writing, whoever wrote
in between. Every write names the version it replaces. It must not know how tokens are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

import orjson

from vedette.errors import RevokedError, SecretDamagedError, SecretError, StoreError
from vedette.identity.vault import Vault
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Drop, Kind, Note, Put, Record, Records, SealedValue
from vedette.secret import Secret

#: The name under which the tokens are sealed beside the record of a grant.
TOKENS: Final = "tokens"
#: Tokens that took the place of one that was handed over: those of a day at the least, for whoever
#: has not looked since.
LINEAGE: Final = 32
#: Seconds before its end that an access token is renewed; of a short life, at half of it.
MARGIN: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A refresh token and the access token that it brought, from one instant to another."""

    refresh: Secret[str]
    access: Secret[str] | None = None
    obtained_at: float = 0.0
    expires_at: float = 0.0

    def fresh(self, now: float, refused: Secret[str] | None) -> Secret[str] | None:
        """Return the access token, where it is good for a while and was not refused."""
        margin = min(MARGIN, (self.expires_at - self.obtained_at) / 2)
        return self._until(self.expires_at - margin, now, refused)

    def last(self, now: float, refused: Secret[str] | None) -> Secret[str] | None:
        """Return the access token as long as it is good at all, for when no other is to be had."""
        return self._until(self.expires_at, now, refused)

    def _until(self, end: float, now: float, refused: Secret[str] | None) -> Secret[str] | None:
        # A clock that was set back would make an old token look young.
        if self.access is None or self.access == refused or not self.obtained_at <= now < end:
            return None
        return self.access


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """That an instance is asking for tokens, and until when nobody else does."""

    holder: str
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """That the service refused for good: its line for a person, when, and whether for the app.

    It holds for one ``wish`` to connect; who wishes it anew is answered by the service.
    """

    line: str
    at: float
    wish: str = ""
    is_of_app: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A grant. ``address`` is whose mailbox the service says it is, where it says so.

    ``seed`` is a digest of a refresh token that was handed over rather than consented to here, and
    ``lineage`` has those of the newest that took its place: whoever handed it over may have one of
    them by now, or still. Another one is another grant. ``expires_at`` is set until the account that it is for exists.
    """

    account: AccountId
    tenant: TenantId
    app: str
    pair: Pair
    address: str = ""
    scope: str = ""
    seed: str = ""
    lineage: tuple[str, ...] = ()
    lease: Lease | None = None
    withdrawn: Withdrawn | None = None
    consented_at: float = 0.0
    expires_at: float | None = None
    version: int = 0

    @property
    def is_lent(self) -> bool:
        """Whether its token was handed over by the host, whose own it stays.

        A consent that was given here on top of it says whose it is, or what it allows.
        """
        return bool(self.seed) and not (self.address or self.scope)

    def descends_from(self, seed: Secret[str]) -> bool:
        """Tell whether it is of a refresh token that was handed over."""
        return digest_of(seed) in {self.seed, *self.lineage}

    def renewed(self, pair: Pair) -> Consent:
        """Return it with other tokens, which are good as far as is known."""
        lineage = self.lineage
        if self.seed and pair.refresh != self.pair.refresh:
            lineage = (*lineage, digest_of(pair.refresh))[-LINEAGE:]
        return replace(
            self, pair=pair, lineage=lineage, lease=None, withdrawn=None, expires_at=None
        )


def digest_of(token: Secret[str]) -> str:
    """Return what a refresh token is known by, which tells nothing of it."""
    return sha256(token.reveal().encode()).hexdigest()


def consent_of(record: Record, tokens: Secret[str]) -> Consent:
    """Return the grant that a record is of, with its tokens as they were sealed. Raises StoreError."""
    return _read(record, _pair(orjson.loads(tokens.reveal())))


class ConsentBook:
    """Reads and writes grants. Every method raises StoreError, also for a key that is not there."""

    def __init__(self, records: Records, vault: Vault) -> None:
        self._records = records
        self._vault = vault

    async def read(self, account: AccountId, tenant: TenantId) -> Consent | None:
        """Return the grant of an account, or None. Raises RevokedError where its tokens are lost."""
        record = await self._records.record(Kind.GRANT, account, tenant=tenant)
        if record is None:
            return None
        for value in await self._records.secrets(Kind.GRANT, [account]):
            if value.name == TOKENS and value.tenant == tenant:
                return _read(record, await self._pair(value))
        raise _lost(account)

    async def _pair(self, value: SealedValue) -> Pair:
        try:
            return _pair(orjson.loads((await self._vault.open(value)).reveal()))
        except SecretDamagedError as error:
            raise _lost(AccountId(value.id)) from error
        except SecretError as error:
            raise StoreError(f"the tokens of {value.id}: {error}") from error

    async def put(self, consent: Consent, *, tokens: bool) -> Put:
        """Return the write of a grant over the version that it has; ``tokens``: with its tokens."""
        secrets: dict[str, bytes | None] = {}
        if tokens:
            text = Secret(orjson.dumps(_tokens(consent.pair)).decode())
            try:
                secrets[TOKENS] = await self._vault.seal(
                    Kind.GRANT, consent.tenant, consent.account, TOKENS, text
                )
            except SecretError as error:
                raise StoreError(f"the tokens of {consent.account}: {error}") from error
        record = Record(
            kind=Kind.GRANT,
            id=consent.account,
            tenant=consent.tenant,
            body=orjson.dumps(_body(consent)).decode(),
            label=consent.address,
            expires_at=consent.expires_at,
        )
        return Put(record=record, expected=consent.version, secrets=secrets)

    async def write(self, consent: Consent, *, tokens: bool, now: float) -> int | None:
        """Write a grant over the version that it has; return the new one, or None where it is stale."""
        put = await self.put(consent, tokens=tokens)
        written = await self._records.write([put], now=now, tenant=consent.tenant)
        return written.records[0].version if written.refusal is None else None

    async def drop(self, account: AccountId, tenant: TenantId, *, note: Note, now: float) -> bool:
        """Forget a grant and its tokens; whether there was one."""
        drop = Drop(kind=Kind.GRANT, id=account, tenant=tenant)
        written = await self._records.write([drop], now=now, notes=[note], tenant=tenant)
        return written.refusal is None


def _lost(account: AccountId) -> RevokedError:
    """Return the error for tokens that nothing brings back, however often they are read."""
    return RevokedError(f"the tokens of {account} are lost; its owner has to connect it again")


def _read(record: Record, pair: Pair) -> Consent:
    try:
        body = orjson.loads(record.body)
        lease, withdrawn = body.get("lease"), body.get("withdrawn")
        return Consent(
            account=AccountId(record.id),
            tenant=record.tenant,
            app=body["app"],
            pair=pair,
            address=body["address"],
            scope=body["scope"],
            seed=body["seed"],
            lineage=tuple(body.get("lineage", ())),
            lease=None if lease is None else Lease(holder=lease["holder"], until=lease["until"]),
            withdrawn=None
            if withdrawn is None
            else Withdrawn(
                line=withdrawn["line"],
                at=withdrawn["at"],
                wish=withdrawn["wish"],
                is_of_app=withdrawn["isOfApp"],
            ),
            consented_at=body["consentedAt"],
            expires_at=record.expires_at,
            version=record.version,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"the grant of {record.id} can not be read: another version of Vedette wrote it"
        ) from error


def _body(consent: Consent) -> Mapping[str, Any]:
    lease, withdrawn = consent.lease, consent.withdrawn
    return {
        "app": consent.app,
        "address": consent.address,
        "scope": consent.scope,
        "seed": consent.seed,
        "lineage": list(consent.lineage),
        "consentedAt": consent.consented_at,
        "lease": None if lease is None else {"holder": lease.holder, "until": lease.until},
        "withdrawn": None
        if withdrawn is None
        else {
            "line": withdrawn.line,
            "at": withdrawn.at,
            "wish": withdrawn.wish,
            "isOfApp": withdrawn.is_of_app,
        },
    }


def _tokens(pair: Pair) -> Mapping[str, Any]:
    return {
        "refresh": pair.refresh.reveal(),
        "access": None if pair.access is None else pair.access.reveal(),
        "obtainedAt": pair.obtained_at,
        "expiresAt": pair.expires_at,
    }


def _pair(tokens: Mapping[str, Any]) -> Pair:
    access = tokens["access"]
    return Pair(
        refresh=Secret(tokens["refresh"]),
        access=None if access is None else Secret(access),
        obtained_at=tokens["obtainedAt"],
        expires_at=tokens["expiresAt"],
    )
