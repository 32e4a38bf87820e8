"""The settings of the demonstration: the real engine, pointed at the demo's own server.

The link is plaintext on loopback, and each account says so; the endpoint may be on
loopback, and says so too. Nothing else differs from a service. What its state says of a
message is read here too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from vedette.app.engine import Engine
from vedette.config.guards import load_pack
from vedette.config.settings import AccountSettings, EndpointSettings, GuardSettings, Settings
from vedette.demo.books import Place
from vedette.demo.mailbox import Maildrop
from vedette.demo.server import DemoServer
from vedette.engine.guarding import Mode
from vedette.guard.pack import Kind
from vedette.model.account import Account, Credentials
from vedette.model.cursor import FolderState
from vedette.model.delivery import Endpoint
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.ports.link import Encryption, Target
from vedette.ports.store import Store
from vedette.secret import Secret
from vedette.sinks.webhook import WebhookSettings
from vedette.sync.cadence import Tempo

WEBHOOK: Final = EndpointId("webhook")
#: The Junk folder is asked this often, in seconds: the least that a configuration may say.
POLL: Final = 1.0


def engine(
    server: DemoServer,
    *,
    state: Path,
    url: str,
    key: Secret[bytes],
    on_connected: Callable[[AccountId], None],
) -> Engine:
    """Return an engine, not started, that watches every maildrop of the server.

    ``on_connected`` is told of each account that came through its first sync.
    """
    return Engine(
        Settings(
            state=state,
            accounts=tuple(_accounts(server, server.drops.values())),
            endpoints=(
                EndpointSettings(
                    endpoint=Endpoint(id=WEBHOOK),
                    sink=WebhookSettings(url=Secret(url), keys=(key,)),
                    private=True,
                ),
            ),
            guards=(_guard(),),
            tempo=Tempo(poll=POLL),
        ),
        on_connected=on_connected,
    )


async def is_posting(store: Store) -> bool:
    """Whether something is left to be posted. Raises StoreError."""
    return await store.next_due(WEBHOOK) is not None


async def under_way(store: Store, places: Collection[Place]) -> frozenset[Place]:
    """Return those that may still be told of: not read yet, or not posted yet. Raises StoreError.

    The rest the engine has gone past, and there is no post that could tell of them.
    """
    found = set()
    folders: dict[str, dict[bytes, FolderState]] = {}
    for place in places:
        if place.account not in folders:
            states = await store.folders(AccountId(place.account))
            folders[place.account] = {state.path: state for state in states}
        state = folders[place.account].get(place.folder.encode("ascii"))
        if state is None or not _is_past(state, place):
            found.add(place)
    # After the folders: what is posted by then was read by then.
    return frozenset(places) if await is_posting(store) else frozenset(found)


def _is_past(state: FolderState, place: Place) -> bool:
    cursor = state.cursor
    return (
        cursor.uid_validity == place.uid_validity
        and cursor.last_uid >= place.uid
        and all(gap.uid != place.uid for gap in state.gaps)
    )


def _guard() -> GuardSettings:
    """Return the gambling guard, acting and without its lock: else what it took comes back in a day."""
    shipped = load_pack("gambling", Path())
    return replace(
        shipped, pack=replace(shipped.pack, kind=Kind.STANDARD, lock=None), mode=Mode.ACT
    )


def _accounts(server: DemoServer, drops: Iterable[Maildrop]) -> Iterable[AccountSettings]:
    target = Target(host=server.host, port=server.port, encryption=Encryption.NONE, private=True)
    for drop in drops:
        account = Account(
            id=AccountId(drop.user),
            tenant=TenantId("demo"),
            email=drop.user,
            credentials=Credentials(user=drop.user, password=drop.password),
        )
        yield AccountSettings(account=account, target=target)
