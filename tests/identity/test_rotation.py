"""Keys are changed for new ones beside a service that runs, and a kill leaves nothing half done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.identity.keep import (
    ANNA,
    BERT,
    HandClock,
    KilledError,
    MemoryKeep,
    kept,
    vault,
    wrapping,
)
from vedette.errors import SecretError
from vedette.identity.envelope import number_of, place_of
from vedette.identity.rotation import RESTS
from vedette.identity.vault import Vault
from vedette.ports.records import SealedValue

TEXTS = {"a0": "one", "a1": "two", "b0": "three", "b1": "four"}


@pytest.fixture
async def keep() -> MemoryKeep:
    """Two tenants with two secrets each, sealed under the key ``a``."""
    made = MemoryKeep()
    mine = vault(made)
    await mine.prove()
    for id_, text in TEXTS.items():
        await kept(made, text, by=mine, id_=id_, tenant=ANNA if id_.startswith("a") else BERT)
    return made


async def texts(keep: MemoryKeep, by: Vault) -> dict[str, str]:
    """Return every secret, opened."""
    return {value.id: (await by.open(value)).reveal() for value in keep.values.values()}


def numbers(keep: MemoryKeep) -> set[int]:
    """Return which data keys the secrets name."""
    return {number_of(each.value, place_of(each)) for each in keep.values.values()}


async def test_a_new_key_of_the_installation_opens_everything(keep: MemoryKeep) -> None:
    """And the old one opens nothing any more; no secret was sealed anew."""
    before = dict(keep.values)

    done = await vault(keep, "a", key="b").rotation.rewrap()

    assert (done.done, done.before, done.failed) == (3, 0, ())
    assert keep.values == before
    assert await texts(keep, vault(keep, key="b")) == TEXTS
    with pytest.raises(SecretError):
        await texts(keep, vault(keep, key="a"))
    with pytest.raises(SecretError):
        await vault(keep, key="a").prove()


@pytest.mark.parametrize("writes", [1, 2, 3])
async def test_a_change_of_the_key_that_was_killed_is_gone_on_with(
    keep: MemoryKeep, writes: int
) -> None:
    """After any write; until then both keys open everything."""
    keep.writes_left = writes
    with pytest.raises(KilledError):
        await vault(keep, "a", key="b").rotation.rewrap()
    keep.writes_left = None
    assert await texts(keep, vault(keep, "a", key="b")) == TEXTS
    assert await texts(keep, vault(keep, "b", key="a")) == TEXTS

    done = await vault(keep, "a", key="b").rotation.rewrap()

    assert (done.done, done.before) == (3 - writes, writes)
    assert await texts(keep, vault(keep, key="b")) == TEXTS


async def test_a_damaged_data_key_does_not_stop_the_change(keep: MemoryKeep) -> None:
    """The others are wrapped anew, and it is told."""
    keep.keys[ANNA, 1] = replace(keep.keys[ANNA, 1], wrapped=bytes(60))

    done = await vault(keep, "a", key="b").rotation.rewrap()

    assert done.done == 2
    assert ["anna" in each for each in done.failed] == [True]
    assert keep.keys[BERT, 1].wrapper == wrapping("b").name


async def test_a_change_without_the_old_key_changes_nothing(keep: MemoryKeep) -> None:
    """It says of every data key that it could not be had."""
    before = dict(keep.keys)

    done = await vault(keep, key="b").rotation.rewrap()

    assert (done.done, len(done.failed)) == (0, 3)
    assert keep.keys == before


async def test_new_data_keys_seal_everything_anew(keep: MemoryKeep) -> None:
    """Old ones stay for an hour, for instances that do not know of the new ones yet."""
    clock = HandClock()
    done = await vault(keep, clock=clock).rotation.renew()

    assert (done.made, done.resealed, done.dropped, done.resting) == (3, 4, 0, 3)
    assert numbers(keep) == {2}
    assert await texts(keep, vault(keep)) == TEXTS

    clock.at += RESTS
    done = await vault(keep, clock=clock).rotation.settle()

    assert (done.dropped, done.resting) == (3, 0)
    assert {number for _, number in keep.keys} == {2}
    assert await texts(keep, vault(keep)) == TEXTS
    await vault(keep).prove()


@pytest.mark.parametrize("writes", range(1, 8))
async def test_a_renewal_that_was_killed_is_gone_on_with(keep: MemoryKeep, writes: int) -> None:
    """After any write everything opens, and a second run ends what the first began."""
    clock = HandClock()
    keep.writes_left = writes
    with pytest.raises(KilledError):
        await vault(keep, clock=clock).rotation.renew()
    keep.writes_left = None
    assert await texts(keep, vault(keep)) == TEXTS

    done = await vault(keep, clock=clock).rotation.renew()

    assert (done.made, done.resealed) == (max(0, 3 - writes), min(4, 7 - writes))
    assert numbers(keep) == {2}
    assert await texts(keep, vault(keep)) == TEXTS


@pytest.mark.parametrize("writes", [1, 2])
async def test_a_settling_that_was_killed_is_gone_on_with(keep: MemoryKeep, writes: int) -> None:
    """What was dropped was of use to nobody."""
    clock = HandClock()
    await vault(keep, clock=clock).rotation.renew()
    clock.at += RESTS
    keep.writes_left = writes
    with pytest.raises(KilledError):
        await vault(keep, clock=clock).rotation.settle()
    keep.writes_left = None

    done = await vault(keep, clock=clock).rotation.settle()

    assert done.dropped == 3 - writes
    assert await texts(keep, vault(keep)) == TEXTS


async def test_an_instance_that_does_not_know_yet_loses_nothing(keep: MemoryKeep) -> None:
    """What it seals with the old key at the end of a renewal is sealed anew before that key goes."""
    clock = HandClock()
    slow = vault(keep, clock=clock)
    await texts(keep, slow)
    await vault(keep, clock=clock).rotation.renew()
    late = await kept(keep, "late", by=slow, id_="late")
    assert number_of(late.value, place_of(late)) == 1
    clock.at += RESTS

    done = await vault(keep, clock=clock).rotation.settle()

    assert (done.resealed, done.dropped) == (1, 3)
    assert {number for _, number in keep.keys} == {2}
    assert await texts(keep, vault(keep)) == TEXTS | {"late": "late"}


async def test_a_secret_that_is_set_meanwhile_stays_as_it_was_set(keep: MemoryKeep) -> None:
    """The renewal sees that it is another, and leaves it."""
    mine = vault(keep)

    def set_meanwhile(old: SealedValue) -> None:
        keep.on_reseal = lambda _old: None
        keep.put(replace(old, value=fresh.value))

    fresh = await kept(MemoryKeep(), "x")
    other = MemoryKeep()
    other.keys = keep.keys
    fresh = await kept(other, "newest", id_="a0")
    keep.on_reseal = set_meanwhile

    await mine.rotation.renew()

    assert await texts(keep, vault(keep)) == TEXTS | {"a0": "newest"}


async def test_a_damaged_secret_does_not_stop_a_renewal(keep: MemoryKeep) -> None:
    """It is told, and the key that it names is kept: it may be put back."""
    clock = HandClock()
    good = keep.values["account", "a0", "password"]
    keep.put(replace(good, value=good.value[:-1] + bytes([good.value[-1] ^ 1])))
    await vault(keep, clock=clock).rotation.renew()
    clock.at += RESTS

    done = await vault(keep, clock=clock).rotation.settle()

    assert (done.failed, done.unread) == (("the password of account a0",), 1)
    assert {key for key in keep.keys if key[1] == 1} == {(ANNA, 1)}
    keep.put(good)
    assert await texts(keep, vault(keep)) == TEXTS


@pytest.mark.parametrize("number", [0, 3, 2**32 - 1])
async def test_a_number_that_was_changed_in_its_row_takes_no_key_along(
    keep: MemoryKeep, number: int
) -> None:
    """Whatever it says now, the newest key is never dropped."""
    clock = HandClock()
    await vault(keep, clock=clock).rotation.renew()
    old = keep.values["account", "a0", "password"]
    keep.put(replace(old, value=old.value[:1] + number.to_bytes(4, "big") + old.value[5:]))
    clock.at += RESTS

    await vault(keep, clock=clock).rotation.settle()

    assert (ANNA, 2) in keep.keys
    keep.put(old)
    assert await texts(keep, vault(keep)) == TEXTS
