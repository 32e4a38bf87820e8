"""What the state tells of guards: what people set beside them, and which are held to stand.

For a command beside the service, or without one: the state is opened for reading only. It must
not know what is done with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vedette.app.guards import protection
from vedette.app.guards.overriding import standing_of
from vedette.config.settings import GuardSettings
from vedette.engine.guarding import Guarding, Post
from vedette.engine.standing import NOTHING, Standing
from vedette.errors import ConsentError
from vedette.guard.judging import Guard
from vedette.model.account import Account
from vedette.model.ids import AccountId
from vedette.ports.state import StateView
from vedette.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What holds for one account: allows, its consent, and the guards that the ratchet holds.

    Pauses are left out: who asks wants to know what a guard would do.
    """

    standing: Standing = NOTHING
    held: tuple[GuardSettings, ...] = ()


def recorded(view: StateView | None, account: AccountId) -> Recorded:
    """Return what is recorded of an account, and close the view; nothing where there is none.

    Raises StoreError, and ConfigError where the pack of a held guard can not be read any more.
    """
    if view is None:
        return Recorded()
    with view as reader:
        allows, consents = reader.allows(account), reader.consents(account)
        protections = reader.protections()
    agreed = [each.account for each in consents if each.withdrawn_at is None]
    held = tuple(protection.read(each).settings for each in protections)
    locked = [each.pack.name for each in held]
    standing = standing_of(allows, stopped=(), locked=locked, consented=agreed)
    return Recorded(standing=standing, held=held)


def guarding_of(
    account: Account,
    configured: Iterable[GuardSettings],
    known: Recorded,
    tried: Post | None = None,
) -> Guarding:
    """Return the guards as they would stand at an account, with one that is tried among them.

    The others are there for what they ask and for their quarantines, in which nobody judges; also
    one of the same name: a copy of its pack that asks for less must not open what it keeps closed.
    Raises ConsentError where one of them, or the one that is tried, asks for a consent that the
    account has not given.
    """
    settings = {each.pack.name: each for each in (*configured, *known.held)}
    others = [
        Post(
            # It judges nothing here, so its lists are not loaded.
            guard=Guard(each.pack, {}),
            key=Secret(""),
            tenants=each.tenants,
            accounts=each.accounts,
        )
        for each in settings.values()
    ]
    guards = Guarding(others if tried is None else [*others, tried])
    guards.standing = known.standing
    if guards.is_unread(account) or (tried is not None and tried not in guards.covering(account)):
        raise ConsentError(
            f"a guard asks for the consent of {account.id} to have its mail read, and there is none: "
            f"note it with vedette guard consent {account.id} --version WORDS"
        )
    return guards
