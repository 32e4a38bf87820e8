"""The tokens of an instance are joined when the first is asked for."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.support.memory_records import MemoryRecords
from vedette.app.granting import Granting
from vedette.errors import SecretError, StoreError
from vedette.identity.oauth.tokens import Supply
from vedette.identity.vault import Vault
from vedette.identity.wrapping import Keyring, WrappingKey
from vedette.model.account import Account, Credentials
from vedette.model.ids import AccountId, TenantId
from vedette.ports.registration import Auth, Grant
from vedette.secret import Secret

ACCOUNT = Account(
    id=AccountId("joe"),
    tenant=TenantId("default"),
    email="joe@example.org",
    credentials=Credentials(user="joe", grant="token_command echo"),
)


class Clock:
    def now(self) -> float:
        return time.time()


class Echo:
    """Every account's token is printed by a command."""

    async def supply(self, _account: Account) -> Supply | None:
        return Supply(grant=Grant(auth=Auth.TOKEN_COMMAND, command=("echo", "a-token")))


class Door:
    """A vault that is opened when it is asked for, or is locked."""

    def __init__(self, *, locked: bool = False) -> None:
        self.records = MemoryRecords(Clock())
        self.locked = locked
        self.opened = 0

    async def vault(self) -> Vault:
        self.opened += 1
        await asyncio.sleep(0)
        if self.locked:
            raise SecretError("the key is another one")
        return Vault(self.records, Keyring(WrappingKey(Secret(bytes(32)))), Clock())


def granting(door: Door) -> Granting:
    return Granting(Echo(), door.records, door.vault, Clock(), holder="one")


async def test_nothing_is_opened_before_a_token_is_wanted() -> None:
    """Then the vault is opened once, for however many want one."""
    door = Door()
    tokens = granting(door)
    assert door.opened == 0
    found = await asyncio.gather(*(tokens.token(ACCOUNT) for _ in range(20)))
    assert {each.reveal() for each in found} == {"a-token"}
    assert door.opened == 1
    await tokens.stop()


async def test_a_locked_vault_is_no_refused_login() -> None:
    """An account waits for its operator; when the key is there, it goes on."""
    door = Door(locked=True)
    tokens = granting(door)
    with pytest.raises(StoreError, match="the key is another one"):
        await tokens.token(ACCOUNT)
    door.locked = False
    assert await tokens.token(ACCOUNT) == Secret("a-token")
    await tokens.stop()
    await tokens.stop()
