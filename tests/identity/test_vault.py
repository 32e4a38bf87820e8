"""A vault gives a secret back to its own record, and to no other; or it says why not."""

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
from vedette.errors import SecretDamagedError, SecretError
from vedette.identity.datakeys import NOBODY, DataKeys
from vedette.identity.envelope import number_of, place_of
from vedette.identity.vault import Vault
from vedette.identity.wrapping import Keyring
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, SealedValue
from vedette.secret import Secret


@pytest.fixture
def keep() -> MemoryKeep:
    return MemoryKeep()


async def test_a_secret_comes_back_in_another_process(keep: MemoryKeep) -> None:
    """The store and the installation's key are all that it takes."""
    value = await kept(keep, "hunter2")

    assert (await vault(keep).open(value)).reveal() == "hunter2"
    assert b"hunter2" not in value.value


async def test_a_wrong_key_is_an_error_and_no_empty_password(keep: MemoryKeep) -> None:
    """And it is not taken for a damaged row."""
    value = await kept(keep, "hunter2")

    with pytest.raises(SecretError, match="wrapped by the key with the fingerprint") as caught:
        await vault(keep, key="b").open(value)
    assert not isinstance(caught.value, SecretDamagedError)


async def test_each_tenant_has_a_key_of_its_own(keep: MemoryKeep) -> None:
    """Made at first use, and once."""
    for tenant in (ANNA, BERT, ANNA):
        await kept(keep, "x", tenant=tenant)

    assert list(keep.keys) == [(ANNA, 1), (BERT, 1)]


async def test_a_secret_of_one_tenant_in_a_row_of_another_is_refused(keep: MemoryKeep) -> None:
    """Even by who can write to the database."""
    hers = await kept(keep, "hers", tenant=ANNA)
    await kept(keep, "his", tenant=BERT, id_="other")

    with pytest.raises(SecretDamagedError):
        await vault(keep).open(replace(hers, tenant=BERT))


async def test_two_processes_that_make_the_first_key_agree(keep: MemoryKeep) -> None:
    """The slower one takes the faster one's."""
    slow = DataKeys(keep, Keyring(wrapping()), HandClock())
    hers = await slow.newest(ANNA)
    keys = DataKeys(keep, Keyring(wrapping()), HandClock())
    keep.keys, made = {}, keep.keys

    async def beaten(tenant: TenantId, number: int) -> bool:
        keep.keys = made
        return False

    keys.make = beaten  # type: ignore[method-assign]
    number, key = await keys.newest(ANNA)

    assert (number, key.reveal()) == (hers[0], hers[1].reveal())


async def test_keys_are_read_once_a_minute(keep: MemoryKeep) -> None:
    """Not for every secret."""
    mine = vault(keep)
    for number in range(20):
        await kept(keep, "x", by=mine, id_=str(number))
    asked = keep.questions

    for value in keep.values.values():
        await mine.open(value)

    assert keep.questions == asked


@pytest.mark.parametrize("seconds", [3600.0, -1.0])
async def test_a_machine_that_slept_reads_the_keys_anew(keep: MemoryKeep, seconds: float) -> None:
    """Its own clock stood still; the newest key may have gone meanwhile."""
    clock = HandClock()
    mine = vault(keep, clock=clock)
    await kept(keep, "x", by=mine)
    other = vault(keep, clock=clock)
    await other.rotation.renew()
    clock.at += seconds

    value = await kept(keep, "y", by=mine, id_="later")

    assert number_of(value.value, place_of(value)) == 2


async def test_a_key_that_another_instance_made_is_found(keep: MemoryKeep) -> None:
    """Although the keys at hand were read before it was made."""
    mine = vault(keep)
    await kept(keep, "old", by=mine)
    other = vault(keep)
    await other.rotation.renew()
    value = await kept(keep, "new", by=other, id_="later")

    assert (await mine.open(value)).reveal() == "new"


async def test_a_mailbox_without_its_data_key_is_told(keep: MemoryKeep) -> None:
    """A state that was put back in part does not log in with nothing."""
    value = await kept(keep, "hunter2")
    keep.keys.clear()

    with pytest.raises(SecretError, match="has no data key 1"):
        await vault(keep).open(value)


async def test_what_can_not_be_opened_is_told_record_by_record(keep: MemoryKeep) -> None:
    """One damaged row takes its own record along, and no other."""
    good = await kept(keep, "good", id_="good")
    half = await kept(keep, "half", id_="half")
    bad = await kept(keep, "bad", id_="half", name="proxy_password")
    bad = replace(bad, value=bad.value[:-1] + bytes([bad.value[-1] ^ 1]))

    opened = await vault(keep).open_all([good, bad, half])

    assert opened.secrets == {"good": {"password": Secret("good")}}
    assert list(opened.failed) == ["half"]


async def test_many_tenants_are_one_question(keep: MemoryKeep) -> None:
    """A start with 1,000 tenants does not ask 1,000 times."""
    mine = vault(keep)
    for number in range(1000):
        await kept(keep, str(number), by=mine, tenant=TenantId(f"t{number}"), id_=str(number))
    fresh, asked = vault(keep), keep.questions

    opened = await fresh.open_all(list(keep.values.values()))

    assert keep.questions == asked + 1
    assert {id_: names["password"].reveal() for id_, names in opened.secrets.items()} == {
        str(number): str(number) for number in range(1000)
    }


async def test_a_damaged_data_key_is_one_tenants_trouble(keep: MemoryKeep) -> None:
    """In a start of many, too."""
    mine = vault(keep)
    for number in range(20):
        await kept(keep, "x", by=mine, tenant=TenantId(f"t{number}"), id_=str(number))
    place = (TenantId("t7"), 1)
    keep.keys[place] = replace(keep.keys[place], wrapped=bytes(60))

    opened = await vault(keep).open_all(list(keep.values.values()))

    assert len(opened.secrets) == 19
    assert isinstance(opened.failed["7"], SecretDamagedError)


async def test_a_shredded_tenants_secrets_are_gone(keep: MemoryKeep) -> None:
    """For whoever has the database, a backup of its rows, and the installation's key."""
    mine = vault(keep)
    hers = await kept(keep, "hers", by=mine, tenant=ANNA)
    his = await kept(keep, "his", by=mine, tenant=BERT, id_="other")

    await mine.shred([ANNA])

    for each in (mine, vault(keep)):
        with pytest.raises(SecretError):
            await each.open(hers)
        assert (await each.open(his)).reveal() == "his"


async def test_a_shredded_tenant_who_comes_back_has_a_new_key(keep: MemoryKeep) -> None:
    """It opens nothing of before."""
    mine = vault(keep)
    before = await kept(keep, "before", by=mine)
    await mine.shred([ANNA])
    after = await kept(keep, "after", by=mine, id_="later")

    assert (await mine.open(after)).reveal() == "after"
    with pytest.raises(SecretDamagedError):
        await mine.open(before)


async def test_the_first_start_decides_which_key_is_the_states(keep: MemoryKeep) -> None:
    """A start with another is refused, in one line, before any secret is there."""
    await vault(keep).prove()
    await vault(keep).prove()

    with pytest.raises(SecretError, match=rf"fingerprint {wrapping('a').name}.*copy it"):
        await vault(keep, key="b").prove()
    assert list(keep.keys) == [(NOBODY, 1)]


async def test_a_start_in_the_middle_of_a_rotation_needs_both_keys(keep: MemoryKeep) -> None:
    """One tenant that was not reached is enough."""
    await vault(keep).prove()
    await kept(keep, "x")
    keep.writes_left = 1
    with pytest.raises(KilledError):
        await vault(keep, "a", key="b").rotation.rewrap()

    await vault(keep, "a", key="b").prove()
    for alone in ("a", "b"):
        with pytest.raises(SecretError, match="copy it"):
            await vault(keep, key=alone).prove()


async def test_a_start_with_a_damaged_proof_is_refused(keep: MemoryKeep) -> None:
    """Its fingerprint alone could be written by anybody."""
    await vault(keep).prove()
    keep.keys[NOBODY, 1] = replace(keep.keys[NOBODY, 1], wrapped=bytes(60))

    with pytest.raises(SecretDamagedError, match="data key 1 of no tenant was changed"):
        await vault(keep).prove()


async def test_a_secret_of_no_tenant_has_a_key_as_well(keep: MemoryKeep) -> None:
    """What an operator sets for all, say; and nobody takes that key away with a tenant's."""
    value = await kept(keep, "x", tenant=NOBODY)

    with pytest.raises(SecretError, match="no tenant"):
        await vault(keep).shred([NOBODY])
    assert (await vault(keep).open(value)).reveal() == "x"


async def test_every_seal_takes_a_new_nonce(keep: MemoryKeep) -> None:
    """From the randomness that the vault was given, and never twice the same."""
    asked: list[int] = []

    def entropy(octets: int) -> bytes:
        asked.append(octets)
        return len(asked).to_bytes(octets, "big")

    mine = Vault(keep, Keyring(wrapping()), HandClock(), entropy)
    values = [await mine.seal(Kind.APP, ANNA, "a", "s", Secret("same")) for _ in range(3)]

    assert asked == [32, 12, 12, 12, 12]
    assert len({value[5:17] for value in values}) == 3


async def test_what_is_no_secret_of_ours_asks_for_no_key(keep: MemoryKeep) -> None:
    """It is refused by its form."""
    stray = SealedValue(kind=Kind.APP, id="x", tenant=ANNA, name="s", value=b"stray")

    with pytest.raises(SecretDamagedError, match="no secret of ours"):
        await vault(keep).open(stray)
    assert keep.questions == 0
