"""The data keys of the tenants, as they are at hand: wrapped as in the database, for a minute.

Unwrapping takes a microsecond, so a key stands in memory for as long as it is used.

A key that another instance made, or took away, is known here within ``FRESH`` seconds. Who drops a
key that was superseded waits for longer than that (``vault.RESTS``), so that nobody seals with a
key that goes.
It must not know what is sealed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from vedette.errors import SecretError
from vedette.identity.envelope import HIGHEST, KEY, NONCE
from vedette.identity.wrapping import Keyring
from vedette.model.ids import TenantId
from vedette.ports.clock import Clock
from vedette.ports.records import DataKey, SealedValue
from vedette.secret import Secret

#: Whose a secret is that belongs to no tenant; by its data key a start is judged.
NOBODY: Final = TenantId("")

#: Seconds for which keys that were read are believed to be all that there are.
FRESH: Final = 60.0

#: Tenants whose keys are at hand: some 500 octets each.
HELD: Final = 4096

#: So many tenants whose keys are wanted at once, and all keys are read in one question.
_MANY: Final = 16

#: Times that a new key is tried to be written: each failure is another instance's success.
_TRIES: Final = 8

#: Makes so many random octets, fit for keys.
Entropy = Callable[[int], bytes]


class Keep(Protocol):
    """What of ``ports.records.Records`` is needed here; what it says there counts."""

    async def sealed(self, after: tuple[str, str, str], *, limit: int = 100) -> list[SealedValue]:
        """Return secrets in the order of (kind, id, name), those after a place."""

    async def reseal(self, old: SealedValue, new: bytes) -> bool:
        """Put ``new`` in the place of a secret that is still the ``old`` one; whether it was."""

    async def data_keys(self, tenant: TenantId | None = None) -> list[DataKey]:
        """Return the wrapped keys of a tenant, or of all, by tenant and number."""

    async def put_data_key(self, key: DataKey, *, expected: DataKey | None) -> bool:
        """Write a key where ``expected`` stands (None: where none has its number)."""

    async def drop_data_keys(self, tenant: TenantId, *, below: int | None = None) -> int:
        """Take keys of a tenant away, those with lower numbers or all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The keys of a tenant by number, and when they were asked for: on the loop's clock and the wall's.

    The loop's stands still while a machine sleeps, and the wall's may be set.
    """

    keys: Mapping[int, DataKey]
    asked: float
    wall: float

    @property
    def newest(self) -> int:
        """The number to seal with; 0 where there is no key."""
        return max(self.keys, default=0)


class DataKeys:
    """Gives the data keys of tenants; whoever needs the first one makes it."""

    def __init__(
        self,
        records: Keep,
        ring: Keyring,
        clock: Clock,
        entropy: Entropy = secrets.token_bytes,
    ) -> None:
        self.ring = ring
        self._records = records
        self._clock = clock
        self._entropy = entropy
        self._held: OrderedDict[TenantId, Held] = OrderedDict()

    async def newest(self, tenant: TenantId) -> tuple[int, Secret[bytes]]:
        """Return the key to seal with, and its number; it is made at first use.

        Raises SecretError where it can not be unwrapped, and StoreError.
        """
        held = await self._of(tenant)
        for _ in range(_TRIES):
            if held.newest:
                return held.newest, self.ring.unwrap(held.keys[held.newest])
            await self.make(tenant, 1)
            held = await self._read(tenant)
        raise SecretError(f"no data key could be made for tenant {tenant!r}")

    async def numbered(self, tenant: TenantId, number: int) -> Secret[bytes]:
        """Return the key with a number. Raises SecretError where there is none, and StoreError."""
        held = await self._of(tenant)
        found = held.keys.get(number)
        if found is None:
            # Another instance may have made it a moment ago.
            found = (await self._read(tenant)).keys.get(number)
        if found is None:
            raise SecretError(
                f"tenant {tenant!r} has no data key {number}: its secrets were taken away, or the"
                " state is older than they are"
            )
        return self.ring.unwrap(found)

    async def fetch(self, tenants: Iterable[TenantId]) -> None:
        """Have the keys of many tenants at hand, in one question where that is less work."""
        missing = {each for each in tenants if not self._is_fresh(each)}
        if not _MANY <= len(missing) <= HELD:
            return
        asked, wall = _time(), self._clock.now()
        found: dict[TenantId, list[DataKey]] = {each: [] for each in missing}
        for key in await self._records.data_keys():
            if key.tenant in found:
                found[key.tenant].append(key)
        for tenant, keys in found.items():
            self._hold(tenant, keys, asked, wall)

    async def make(self, tenant: TenantId, number: int) -> bool:
        """Make a key with a number; whether it is this one that holds."""
        if number > HIGHEST:
            raise SecretError(f"tenant {tenant!r} has no number left for a data key")
        bare = DataKey(
            tenant=tenant, number=number, wrapper="", wrapped=b"", created_at=self._clock.now()
        )
        made = self.ring.current.wrap(bare, Secret(self._entropy(KEY)), self._entropy(NONCE))
        return await self._records.put_data_key(made, expected=None)

    async def rewrap(self, key: DataKey) -> bool:
        """Wrap a key by the current key of the installation; whether nobody else was first."""
        new = self.ring.current.wrap(key, self.ring.unwrap(key), self._entropy(NONCE))
        return await self._records.put_data_key(new, expected=key)

    def nonce(self) -> bytes:
        """Return a nonce that was never used: 96 random bits.

        With 2^32 of them under one key, two are the same with a chance of 2^-33 (SP 800-38D
        section 8.3): an app with 20,000 accounts that renew hourly gets there in 24 years.
        """
        return self._entropy(NONCE)

    def forget(self, tenant: TenantId | None = None) -> None:
        """Have the keys of a tenant, or of all, no longer at hand."""
        if tenant is None:
            self._held.clear()
        else:
            self._held.pop(tenant, None)

    async def _of(self, tenant: TenantId) -> Held:
        if self._is_fresh(tenant):
            self._held.move_to_end(tenant)
            return self._held[tenant]
        return await self._read(tenant)

    def _is_fresh(self, tenant: TenantId) -> bool:
        held = self._held.get(tenant)
        if held is None:
            return False
        return _time() - held.asked < FRESH and 0 <= self._clock.now() - held.wall < FRESH

    async def _read(self, tenant: TenantId) -> Held:
        asked, wall = _time(), self._clock.now()
        if tenant == NOBODY:
            # A wall needs a name: all are asked for instead.
            keys = [key for key in await self._records.data_keys() if key.tenant == NOBODY]
        else:
            keys = await self._records.data_keys(tenant)
        return self._hold(tenant, keys, asked, wall)

    def _hold(self, tenant: TenantId, keys: Iterable[DataKey], asked: float, wall: float) -> Held:
        held = Held(keys={key.number: key for key in keys}, asked=asked, wall=wall)
        self._held[tenant] = held
        self._held.move_to_end(tenant)
        while len(self._held) > HELD:
            self._held.popitem(last=False)
        return held


def _time() -> float:
    return asyncio.get_running_loop().time()
