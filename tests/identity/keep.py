"""Sealed values and data keys in memory, that may die at any write, and be written to by others.

It stands for a store where a test is about what is sealed; every store passes a suite of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vedette.identity.datakeys import NOBODY
from vedette.identity.vault import Vault
from vedette.identity.wrapping import Keyring, WrappingKey
from vedette.model.ids import TenantId
from vedette.ports.records import DataKey, Kind, SealedValue
from vedette.secret import Secret

ANNA = TenantId("anna")
BERT = TenantId("bert")


class KilledError(Exception):
    """The process is gone."""


class HandClock:
    """A wall clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def now(self) -> float:
        return self.at


class MemoryKeep:
    """Keeps what a vault needs. ``writes_left`` ends the process after so many writes."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str, str], SealedValue] = {}
        self.keys: dict[tuple[TenantId, int], DataKey] = {}
        self.writes_left: int | None = None
        self.questions = 0
        self.on_reseal: Callable[[SealedValue], None] = lambda _old: None

    async def sealed(self, after: tuple[str, str, str], *, limit: int = 100) -> list[SealedValue]:
        return [self.values[key] for key in sorted(self.values) if key > after][:limit]

    async def reseal(self, old: SealedValue, new: bytes) -> bool:
        self.on_reseal(old)
        place = (str(old.kind), old.id, old.name)
        if self.values.get(place) != old:
            return False
        self.values[place] = replace(old, value=new)
        self._written()
        return True

    async def data_keys(self, tenant: TenantId | None = None) -> list[DataKey]:
        assert tenant != NOBODY, "a wall needs a name"
        self.questions += 1
        return [self.keys[key] for key in sorted(self.keys) if tenant in {None, key[0]}]

    async def put_data_key(self, key: DataKey, *, expected: DataKey | None) -> bool:
        if self.keys.get((key.tenant, key.number)) != expected:
            return False
        self.keys[key.tenant, key.number] = key
        self._written()
        return True

    async def drop_data_keys(self, tenant: TenantId, *, below: int | None = None) -> int:
        gone = [key for key in self.keys if key[0] == tenant and (below is None or key[1] < below)]
        for key in gone:
            del self.keys[key]
        self._written()
        return len(gone)

    def put(self, value: SealedValue) -> SealedValue:
        """Keep a sealed value as a write of its record would."""
        self.values[str(value.kind), value.id, value.name] = value
        return value

    def _written(self) -> None:
        """End after a write that is on the disk."""
        if self.writes_left is not None:
            self.writes_left -= 1
            if self.writes_left <= 0:
                raise KilledError


def wrapping(letter: str = "a") -> WrappingKey:
    """Return a wrapping key, another one for each letter."""
    return WrappingKey(Secret(bytes(ord(letter) ^ number for number in range(32))))


def vault(keep: MemoryKeep, *old: str, key: str = "a", clock: HandClock | None = None) -> Vault:
    """Return the vault of a process that was started a moment ago."""
    ring = Keyring(wrapping(key), [wrapping(each) for each in old])
    return Vault(keep, ring, clock or HandClock())


async def kept(
    keep: MemoryKeep,
    text: str,
    *,
    by: Vault | None = None,
    tenant: TenantId = ANNA,
    id_: str = "post",
    name: str = "password",
) -> SealedValue:
    """Seal a secret and keep it."""
    kind = Kind.ACCOUNT
    value = await (by or vault(keep)).seal(kind, tenant, id_, name, Secret(text))
    return keep.put(SealedValue(kind=kind, id=id_, tenant=tenant, name=name, value=value))
