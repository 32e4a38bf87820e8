"""Seals secrets for the rows they belong to, and opens them again.

A wrong key, a missing one and a changed row are errors, each in words of its own; none of them
is ever an empty password. The state has a data key of no tenant from its first start on: who starts
with another key than the one that opens it does not start (docs/decisions/0042-sealed-secrets.md).
It must not know what a secret is for, nor write records.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from vedette.errors import SecretError
from vedette.identity.datakeys import NOBODY, DataKeys, Entropy, Keep
from vedette.identity.envelope import Place, number_of, place_of, seal, unseal
from vedette.identity.rotation import Rotation
from vedette.identity.wrapping import Keyring
from vedette.model.ids import TenantId
from vedette.ports.clock import Clock
from vedette.ports.records import Kind, SealedValue
from vedette.secret import Secret

#: Secrets that are opened before somebody else has a turn on the loop: 1 ms.
_TURN: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Secrets by the id of their record and their name.

    A record of which one secret could not be opened is in ``failed`` with the reason, and nowhere
    else: nobody logs in with half of what is needed.
    """

    secrets: Mapping[str, Mapping[str, Secret[str]]] = field(default_factory=dict)
    failed: Mapping[str, SecretError] = field(default_factory=dict)


class Vault:
    """Every method raises StoreError, and SecretError where it says so."""

    def __init__(
        self, records: Keep, keys: Keyring, clock: Clock, entropy: Entropy = secrets.token_bytes
    ) -> None:
        self._records = records
        self._clock = clock
        self._keys = DataKeys(records, keys, clock, entropy)
        #: How keys are changed for new ones.
        self.rotation = Rotation(records, self._keys, clock)

    async def prove(self) -> None:
        """Make sure that the keys are those of this state; the first start's key is.

        Raises SecretError, in one line, where a data key is wrapped by a key that is not here.
        """
        while True:
            known = await self._records.data_keys()
            strange = {key.wrapper for key in known if not self._keys.ring.knows(key)}
            if strange:
                raise SecretError(
                    "the secrets of this state are sealed under the key with the fingerprint"
                    f" {', '.join(sorted(strange))}, and the key here has"
                    f" {self._keys.ring.current.name}: copy it from an instance that runs, or from"
                    " a backup"
                )
            own = [key for key in known if key.tenant == NOBODY]
            if own:
                self._keys.ring.unwrap(own[-1])
                return
            # Where another start is faster, its key is the one that counts.
            await self._keys.make(NOBODY, 1)

    async def adopt(self, keys: Keyring) -> None:
        """Go over to other keys of the installation, for all who have this vault.

        Raises SecretError where they do not open this state; then those of before stay.
        """
        await Vault(self._records, keys, self._clock).prove()
        self._keys.ring = keys
        # Those at hand may be wrapped by a key that goes.
        self._keys.forget()

    async def seal(
        self, kind: Kind, tenant: TenantId, id_: str, name: str, secret: Secret[str]
    ) -> bytes:
        """Return a secret as it is kept, for ``Put.secrets`` of that very record.

        It is to be written within minutes. Raises SecretError where there is no key for it.
        """
        place = Place(kind=kind, tenant=tenant, id=id_, name=name)
        number, key = await self._keys.newest(tenant)
        return seal(key, number, place, secret, self._keys.nonce())

    async def open(self, value: SealedValue) -> Secret[str]:
        """Return a secret. Raises SecretError, or SecretDamagedError where its row was changed."""
        place = place_of(value)
        number = number_of(value.value, place)
        key = await self._keys.numbered(value.tenant, number)
        return unseal(key, value.value, place)

    async def open_all(self, values: Sequence[SealedValue]) -> Opened:
        """Open secrets of one kind of records; what can not be opened is told record by record."""
        await self._keys.fetch({each.tenant for each in values})
        found: dict[str, dict[str, Secret[str]]] = {}
        failed: dict[str, SecretError] = {}
        for count, value in enumerate(values, start=1):
            try:
                found.setdefault(value.id, {})[value.name] = await self.open(value)
            except SecretError as error:
                failed[value.id] = error
            if count % _TURN == 0:
                await asyncio.sleep(0)
        whole = {id_: names for id_, names in found.items() if id_ not in failed}
        return Opened(secrets=whole, failed=failed)

    async def shred(self, tenants: Iterable[TenantId]) -> None:
        """Take the data keys of tenants away: nothing that they sealed is ever opened again.

        A copy of the state from before has them still. Raises SecretError where a tenant is nobody.
        """
        for tenant in tenants:
            if tenant == NOBODY:
                raise SecretError("what belongs to no tenant is not taken away with one")
            await self._records.drop_data_keys(tenant)
            self._keys.forget(tenant)
