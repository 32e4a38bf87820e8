"""The use cases of a consent on another device: a code for a person, and whether it was used.

One question for each poll, and none before its time: who polls too often is told how long to wait
without anybody being asked (RFC 8628 section 3.5). It must not know a terminal.
"""

from __future__ import annotations

from dataclasses import dataclass

from vedette.errors import LinkError
from vedette.identity.oauth import device
from vedette.identity.oauth.exchange import Denied
from vedette.model.ids import AccountId, TenantId
from vedette.service.caller import Caller
from vedette.service.oauth.apps import WRITE
from vedette.service.oauth.connecting import (
    AuthorizationError,
    Connected,
    Connecting,
    UnknownStateError,
    whose_of,
)

#: Sealed beside what is under way.
DEVICE_CODE = "device_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a person is shown: the code to type in at an address, or the address that has it.

    ``id`` is what to poll with, ``wait`` how many seconds to wait before.
    """

    id: str
    user_code: str
    address: str
    full_address: str
    expires_at: float
    wait: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nobody has decided yet; ``wait`` is how many seconds to wait before the next poll."""

    wait: float


class Devices:
    """Consents on another device."""

    def __init__(self, connecting: Connecting) -> None:
        self._connecting = connecting

    async def begin(
        self,
        caller: Caller,
        *,
        app: str,
        account: AccountId,
        tenant: TenantId | None = None,
        is_delegated: bool = False,
    ) -> Shown:
        """Ask the provider for a code. Raises NotFoundError, UsageError, AuthorizationError."""
        caller.needs(WRITE)
        connecting = self._connecting
        whose = await connecting.whose(caller, app, account, tenant, is_delegated=is_delegated)
        found, client = await connecting.app(whose)
        try:
            prompt = await device.begin(connecting.transport, found, client)
        except LinkError as error:
            raise AuthorizationError(str(error)) from error
        now = connecting.cabinet.now()
        id_, until = connecting.cabinet.new_id(), now + prompt.lifetime
        body = {
            "account": whose.account,
            "app": whose.app,
            "delegated": whose.is_delegated,
            "interval": prompt.interval,
            "nextAt": now + prompt.interval,
        }
        await connecting.keep(whose, id_, body, {DEVICE_CODE: prompt.device_code}, until)
        return Shown(
            id=id_,
            user_code=prompt.user_code,
            address=prompt.address,
            full_address=prompt.full_address,
            expires_at=until,
            wait=prompt.interval,
        )

    async def poll(self, caller: Caller, id_: str) -> Connected | Waiting:
        """Ask once whether the code was used. Raises UnknownStateError, AuthorizationError."""
        caller.needs(WRITE)
        connecting = self._connecting
        record, body, secrets = await connecting.under_way(id_, caller.tenant)
        code = secrets.get(DEVICE_CODE)
        if code is None:
            raise UnknownStateError
        now, interval = connecting.cabinet.now(), float(body["interval"])
        if now < body["nextAt"]:
            return Waiting(wait=body["nextAt"] - now)
        # Written before the question: two who poll at once are one for the provider.
        moved = await connecting.move(record, {**body, "nextAt": now + interval})
        if moved is None:
            return Waiting(wait=interval)
        whose = whose_of(record, body)
        app, client = await connecting.app(whose)
        try:
            outcome = await device.question(connecting.transport, app, client, code)
        except LinkError:
            # RFC 8628 section 3.5: the line may be down for a while.
            return Waiting(wait=interval)
        if isinstance(outcome, Denied) and outcome.code in device.PENDING:
            if outcome.code == "slow_down":
                interval += device.SLOWER
                await connecting.move(
                    moved, {**body, "interval": interval, "nextAt": now + interval}
                )
            return Waiting(wait=interval)
        if isinstance(outcome, Denied) and not outcome.is_final and outcome.code != "expired_token":
            return Waiting(wait=interval)
        await connecting.take(moved)
        return await connecting.settle(whose, app, client, outcome, nonce=None)
