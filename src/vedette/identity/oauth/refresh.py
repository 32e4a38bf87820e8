"""Renews the tokens of a consent: one request for all who want one, in all instances together.

::

    read ─► good for a while? ─────────────────────────────────────► use it
      ▲        │ no
      │     withdrawn? ────────────────────────────────────────────► say so, ask nobody
      │        │ no
      ├─wait── somebody's lease?
      │        │ no
      └─stale─ take the lease ─► ask ─► write the new tokens ──────► use them

A rotated refresh token is on the disk before the access token that came with it is used: a kill
between the two loses neither. Where the write fails, the new tokens wait in memory and are written
before anything else is asked; where the process dies with them, the old ones are still tried. It
must not know mail servers.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final, assert_never

import structlog

from vedette.errors import LinkError, NetworkError, RevokedError, StoreError
from vedette.identity.oauth.apps import AppBook
from vedette.identity.oauth.consent import (
    Consent,
    ConsentBook,
    Lease,
    Pair,
    Withdrawn,
    digest_of,
)
from vedette.identity.oauth.exchange import Denied, Granted, ask, error
from vedette.identity.oauth.flights import Flights
from vedette.identity.oauth.transport import DEADLINE, Transport
from vedette.model.account import Account
from vedette.model.ids import AccountId
from vedette.ports.clock import Clock
from vedette.ports.token import Handover, Rotated
from vedette.secret import Secret

_log = structlog.stdlib.get_logger(__name__)

#: Seconds that a lease holds: a request, a write, and clocks of instances that differ a little.
LEASE: Final = DEADLINE + 15.0
#: Seconds between looks whether another instance has come back with tokens: most take 0.3 s.
LOOK: Final = 0.1
#: Looks, and tries to write, before somebody else has a go: longer than a lease.
LOOKS: Final = 600
#: Writes of a new pair while others write the same record.
WRITES: Final = 10


class Refresher:
    """Gives access tokens of consents. ``holder`` is the name of this instance.

    ``stop`` lets requests under way end: what they bring is written.
    """

    def __init__(
        self,
        consents: ConsentBook,
        apps: AppBook,
        transport: Transport,
        clock: Clock,
        holder: str,
        handover: Handover | None = None,
    ) -> None:
        self._handover = handover
        self._consents = consents
        self._apps = apps
        self._transport = transport
        self._clock = clock
        self._holder = holder
        self._flights: Flights[Secret[str]] = Flights()
        #: New tokens whose write failed, with the refresh token that brought them.
        self._unwritten: dict[AccountId, tuple[Secret[str], Pair]] = {}

    async def stop(self) -> None:
        """Let what is under way end. Idempotent."""
        await self._flights.stop()

    async def token(
        self,
        account: Account,
        app: str,
        *,
        refused: Secret[str] | None = None,
        seed: Secret[str] | None = None,
    ) -> Secret[str]:
        """Return an access token; ``seed`` is a refresh token that was handed over by the host.

        Raises what ``ports.token`` says, and StoreError.
        """
        token = await self._joined(account, app, refused, seed)
        if token != refused:
            return token
        # It was on its way before the refusal, and nobody knew: once more.
        return await self._joined(account, app, refused, seed)

    async def _joined(
        self, account: Account, app: str, refused: Secret[str] | None, seed: Secret[str] | None
    ) -> Secret[str]:
        return await self._flights.join(
            account.id, lambda: self._token(account, app, refused, seed)
        )

    async def _token(
        self, account: Account, app: str, refused: Secret[str] | None, seed: Secret[str] | None
    ) -> Secret[str]:
        for _ in range(LOOKS):
            consent = await self._consent(account, app, seed)
            now = self._clock.now()
            good = consent.pair.fresh(now, refused)
            if good is not None:
                await self._handed_over(consent, seed)
                return good
            if consent.withdrawn is not None and consent.withdrawn.wish == _wish(account):
                raise RevokedError(consent.withdrawn.line)
            lease = consent.lease
            if lease is not None and now < lease.until <= now + LEASE:
                await asyncio.sleep(LOOK)
                continue
            taken = replace(consent, lease=Lease(holder=self._holder, until=now + LEASE))
            version = await self._consents.write(taken, tokens=False, now=now)
            if version is not None:
                renewed = await self._renewed(account, replace(taken, version=version), refused)
                if renewed is not None:
                    await self._handed_over(await self._consent(account, app, seed), seed)
                    return renewed
        raise NetworkError(f"no turn to ask for a token of {account.email}; it is tried again")

    async def _consent(self, account: Account, app: str, seed: Secret[str] | None) -> Consent:
        """Return what is kept, after new tokens that could not be written are."""
        consent = await self._consents.read(account.id, account.tenant)
        kept = self._unwritten.get(account.id)
        if kept is not None:
            used, pair = kept
            if consent is not None and consent.pair.refresh == used:
                await self._keep(consent, used, pair)
                consent = await self._consents.read(account.id, account.tenant)
            # Written, or another consent has taken its place.
            self._unwritten.pop(account.id, None)
        if seed is not None and (consent is None or not consent.descends_from(seed)):
            consent = await self._adopted(account, app, seed, consent)
        if consent is None:
            raise RevokedError(
                f"nobody has consented to read {account.email} by the app {app}: connect it"
            )
        return consent if seed is None else replace(consent, app=app)

    async def _handed_over(self, consent: Consent, seed: Secret[str] | None) -> None:
        """Give new tokens back to who handed over the one that they descend from; they are kept."""
        pair = consent.pair
        if self._handover is None or pair.access is None or seed is None or seed == pair.refresh:
            return
        tokens = Rotated(refresh=pair.refresh, access=pair.access, expires_at=pair.expires_at)
        await self._handover.rotated(consent.account, tokens)

    async def _adopted(
        self, account: Account, app: str, seed: Secret[str], old: Consent | None
    ) -> Consent:
        """Take over a refresh token that the host keeps; what became of an earlier one is gone."""
        now = self._clock.now()
        consent = Consent(
            account=account.id,
            tenant=account.tenant,
            app=app,
            pair=Pair(refresh=seed),
            seed=digest_of(seed),
            consented_at=now,
            version=0 if old is None else old.version,
        )
        if await self._consents.write(consent, tokens=True, now=now) is None:
            _log.debug("oauth.adopted_elsewhere", account=account.id)
        found = await self._consents.read(account.id, account.tenant)
        if found is None:
            raise StoreError(f"the grant of {account.id} was taken away as it was written")
        return found

    async def _renewed(
        self, account: Account, consent: Consent, refused: Secret[str] | None
    ) -> Secret[str] | None:
        """Ask with the lease in hand; None where another consent came up meanwhile."""
        try:
            app, client = await self._apps.app(consent.app, consent.tenant)
            fields = {
                "grant_type": "refresh_token",
                "refresh_token": consent.pair.refresh.reveal(),
            }
            outcome = await ask(self._transport, app, client, fields)
        except LinkError as unasked:
            await self._released(consent)
            return self._made_do(consent, refused, unasked)
        except StoreError:
            # Of the app: the next who asks need not wait for the end of the lease.
            await self._released(consent)
            raise
        match outcome:
            case Granted():
                return await self._kept(account, consent, outcome)
            case Denied():
                failure = error(outcome, whose=account.email, app=str(app))
                if isinstance(failure, RevokedError):
                    if await self._overtaken(consent):
                        return None
                    await self._parked(account, consent, failure, is_of_app=outcome.is_of_app)
                    raise failure
                await self._released(consent)
                return self._made_do(consent, refused, failure)
            case _:
                assert_never(outcome)

    def _made_do(
        self, consent: Consent, refused: Secret[str] | None, failure: LinkError
    ) -> Secret[str]:
        """Go on with the old access token for its last minutes, where only the service is down."""
        last = None
        if not isinstance(failure, RevokedError):
            last = consent.pair.last(self._clock.now(), refused)
        if last is None:
            raise failure
        _log.warning("oauth.refresh_failed", account=consent.account, error=str(failure))
        return last

    async def _kept(self, account: Account, consent: Consent, granted: Granted) -> Secret[str]:
        now = self._clock.now()
        pair = Pair(
            refresh=granted.refresh or consent.pair.refresh,
            access=granted.access,
            obtained_at=now,
            expires_at=now + granted.lifetime,
        )
        try:
            await self._keep(consent, consent.pair.refresh, pair)
        except StoreError:
            self._unwritten[account.id] = (consent.pair.refresh, pair)
            raise
        _log.info("oauth.refreshed", account=account.id, app=consent.app)
        return granted.access

    async def _keep(self, consent: Consent, used: Secret[str], pair: Pair) -> None:
        """Write new tokens in the place of those that ``used`` was of, whoever else wrote."""
        for _ in range(WRITES):
            new = consent.renewed(pair)
            if await self._consents.write(new, tokens=True, now=self._clock.now()) is not None:
                return
            found = await self._consents.read(consent.account, consent.tenant)
            if found is None or found.pair.refresh != used:
                # Somebody consented anew, or forgot it: what was renewed is of no use.
                return
            consent = found
        raise StoreError(f"the tokens of {consent.account} are written by others all the time")

    async def _overtaken(self, consent: Consent) -> bool:
        """Tell whether the refresh token is another by now: then it was not withdrawn, but used."""
        found = await self._consents.read(consent.account, consent.tenant)
        return found is None or found.pair.refresh != consent.pair.refresh

    async def _parked(
        self, account: Account, consent: Consent, failure: LinkError, *, is_of_app: bool
    ) -> None:
        """Remember that nobody needs to ask again, for other instances and after a restart."""
        now = self._clock.now()
        withdrawn = Withdrawn(line=str(failure), at=now, wish=_wish(account), is_of_app=is_of_app)
        await self._consents.write(
            replace(consent, lease=None, withdrawn=withdrawn), tokens=False, now=now
        )

    async def _released(self, consent: Consent) -> None:
        """Give the lease back; where that fails, it ends by itself."""
        try:
            await self._consents.write(
                replace(consent, lease=None), tokens=False, now=self._clock.now()
            )
        except StoreError as failure:
            _log.warning("oauth.lease_kept", account=consent.account, error=str(failure))


def _wish(account: Account) -> str:
    """Return by what a person's wish to try again is told from the one before."""
    return f"{account.credentials.grant}/{account.demand.reconnect}"
