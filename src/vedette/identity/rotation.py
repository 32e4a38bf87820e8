"""Two rotations: of the installation's key, and of the data keys of the tenants.

Both are made of single writes that compare what they replace. They may be stopped at any of them
and begun again, beside instances that run: what was done is found done.

The first wraps every data key anew, and touches no secret. The second gives each tenant a new data
key, seals every secret anew, and takes an old key away when no secret names it and its successor has
been there for ``RESTS``: until then another instance may be about to write with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Final

from vedette.errors import SecretError
from vedette.identity.datakeys import FRESH, DataKeys, Keep
from vedette.identity.envelope import number_of, place_of, seal, unseal
from vedette.model.ids import TenantId
from vedette.ports.clock import Clock
from vedette.ports.records import DataKey, SealedValue

#: Seconds that an old data key stays beside its successor: others believe for ``FRESH`` that it is
#: the newest, a write takes a minute at most, and the rest is for clocks that differ.
RESTS: Final = 60 * FRESH

#: Times that everything is gone through: what comes between is written with the newest key.
_ROUNDS: Final = 5

#: Secrets read at a time.
_PAGE: Final = 500

#: Places that are told of those that could not be opened.
_TOLD: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """How many data keys were wrapped anew, and how many had been before.

    ``failed`` says which could not be unwrapped, and why: what they sealed can not be opened.
    """

    done: int = 0
    before: int = 0
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What became of data keys and secrets.

    ``resting`` are old data keys that are kept: for a while, or because a secret still names them.
    ``failed`` are places of secrets that could not be opened, ``unread`` how many of those there are.
    """

    made: int = 0
    resealed: int = 0
    dropped: int = 0
    resting: int = 0
    failed: tuple[str, ...] = ()
    unread: int = 0


class Rotation:
    """Raises StoreError, and SecretError where a key is not here."""

    def __init__(self, records: Keep, keys: DataKeys, clock: Clock) -> None:
        self._records = records
        self._keys = keys
        self._clock = clock

    async def rewrap(self) -> Rewrapped:
        """Wrap every data key by the current key of the installation.

        Afterwards the old key opens nothing, and may go from the configuration.
        """
        done = 0
        failed: list[str] = []
        for _ in range(_ROUNDS):
            known = await self._records.data_keys()
            old = [key for key in known if key.wrapper != self._keys.ring.current.name]
            failed.clear()
            for key in old:
                try:
                    done += await self._keys.rewrap(key)
                except SecretError as error:
                    failed.append(str(error))
            if len(failed) == len(old):
                before = len(known) - done - len(failed)
                return Rewrapped(done=done, before=before, failed=tuple(failed))
        raise SecretError(
            "other instances wrap data keys by another key at this moment: give all of them the"
            " same [secrets], then run it again"
        )

    async def renew(self) -> Renewed:
        """Give every tenant a new data key and seal its secrets anew under it.

        A renewal that was broken off is gone on with: tenants with two keys get no third.
        """
        # What is at hand may be older than what another process made a moment ago.
        self._keys.forget()
        made = await self._make()
        return replace(await self.settle(), made=made)

    async def settle(self) -> Renewed:
        """Go on with a renewal: seal anew what is left, and take old keys away that rested.

        Where there is none it costs a look at the data keys: a service does it every hour.
        """
        self._keys.forget()
        resealed = 0
        for _ in range(_ROUNDS):
            step = await self._reseal()
            resealed += step
            if not step:
                break
        return replace(await self._tidied(), resealed=resealed)

    async def _tidied(self) -> Renewed:
        """Take old data keys away that rested and that no secret names."""
        owned = await self._owned()
        superseded = {tenant: keys for tenant, keys in owned.items() if len(keys) > 1}
        if not superseded:
            return Renewed()
        used, failed, unread = await self._used(superseded)
        dropped = 0
        for tenant, keys in superseded.items():
            newest = keys[-1]
            # A number that was changed in its row may be higher than any.
            lowest = min([newest.number, *used[tenant]])
            if self._clock.now() - newest.created_at >= RESTS and lowest > keys[0].number:
                dropped += await self._records.drop_data_keys(tenant, below=lowest)
                self._keys.forget(tenant)
        resting = sum(len(keys) - 1 for keys in superseded.values()) - dropped
        return Renewed(dropped=dropped, resting=resting, failed=failed, unread=unread)

    async def _owned(self) -> dict[TenantId, list[DataKey]]:
        """Return the data keys of each tenant, by number."""
        owned: dict[TenantId, list[DataKey]] = defaultdict(list)
        for key in await self._records.data_keys():
            owned[key.tenant].append(key)
        for keys in owned.values():
            keys.sort(key=lambda key: key.number)
        return owned

    async def _make(self) -> int:
        made = 0
        for tenant, keys in (await self._owned()).items():
            if len(keys) == 1:
                made += await self._keys.make(tenant, keys[0].number + 1)
                self._keys.forget(tenant)
        return made

    async def _reseal(self) -> int:
        """Seal anew what is sealed under an old key; return how many were."""
        owned = await self._owned()
        newest = {tenant: keys[-1].number for tenant, keys in owned.items() if len(keys) > 1}
        if not newest:
            return 0
        done = 0
        async for value in self._all():
            try:
                if number_of(value.value, place_of(value)) < newest.get(value.tenant, 0):
                    done += await self._records.reseal(value, await self._anew(value))
            except SecretError:
                # It stays as it is, and so does the key that it names: ``settle`` tells of it.
                continue
        return done

    async def _anew(self, value: SealedValue) -> bytes:
        place = place_of(value)
        number = number_of(value.value, place)
        secret = unseal(await self._keys.numbered(value.tenant, number), value.value, place)
        number, key = await self._keys.newest(value.tenant)
        return seal(key, number, place, secret, self._keys.nonce())

    async def _used(
        self, superseded: dict[TenantId, list[DataKey]]
    ) -> tuple[dict[TenantId, set[int]], tuple[str, ...], int]:
        """Return which numbers the secrets of tenants name, and what can not be opened."""
        used: dict[TenantId, set[int]] = defaultdict(set)
        failed: list[str] = []
        unread = 0
        async for value in self._all():
            keys = superseded.get(value.tenant)
            if keys is None:
                continue
            place = place_of(value)
            try:
                number = number_of(value.value, place)
                if number != keys[-1].number:
                    used[value.tenant].add(number)
                    unseal(await self._keys.numbered(value.tenant, number), value.value, place)
            except SecretError:
                unread += 1
                failed += [str(place)] * (len(failed) < _TOLD)
        return used, tuple(failed), unread

    async def _all(self) -> AsyncIterator[SealedValue]:
        """Go through all secrets, page by page."""
        after = ("", "", "")
        while page := await self._records.sealed(after, limit=_PAGE):
            for value in page:
                yield value
            last = page[-1]
            after = (last.kind, last.id, last.name)
