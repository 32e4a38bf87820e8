"""What is enforced of a guard, between the configuration's words, the ratchet's and the store's.

A pack is kept as its text, so that it can be read again when the file is gone. It must not know
when anything changes.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from vedette.app.guards import sight
from vedette.app.guards.sight import Sight
from vedette.app.guards.whereabouts import NOWHERE, Whereabouts
from vedette.config.guards import parsed
from vedette.config.settings import GuardSettings
from vedette.engine.guarding import Mode, Span
from vedette.errors import StoreError
from vedette.guard.ratchet import Stand
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.ports.ratchet import Covered, Protection

#: Tries to write what is enforced; each that fails is another instance's that was written.
_TRIES: Final = 20

#: Who asks when a file does.
CONFIGURATION: Final = "the configuration"

#: Whose a guard of the configuration is: everybody's, whatever it selects.
EVERYBODY: Final = TenantId("*")


class OvertakenError(StoreError):
    """Another instance changed what is enforced since it was read."""


async def insist(work: Callable[[], Awaitable[None]]) -> None:
    """Go over to something, again from the beginning where another instance came first.

    Raises OvertakenError when that has happened too often, and what ``work`` raises.
    """
    for _ in range(_TRIES - 1):
        with suppress(OvertakenError):
            return await work()
    return await work()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ward:
    """An account at which a guard stands, and what it sees there.

    ``is_left`` says that there is no way to the mailbox any more: it is not watched, and was told.
    """

    sight: Sight
    is_left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A guard that is enforced.

    ``settings`` are what it is posted with, and ``covered`` the accounts that it stands at, by name.
    """

    stand: Stand
    settings: GuardSettings
    covered: Mapping[str, Ward]

    @property
    def name(self) -> str:
        """The guard's name."""
        return self.stand.pack.name


def wanted(settings: GuardSettings, secret: str, told: Whereabouts = NOWHERE) -> Stand:
    """Return what the configuration wants; ``secret`` is the digest of the partner's.

    ``told`` is where the partner's endpoint is.
    """
    return Stand(
        pack=settings.pack,
        text=settings.text,
        # Not as it was written: that depends on where the service is started.
        base=str(settings.base.absolute()),
        mode=settings.mode.value,
        tenants=settings.tenants,
        accounts=settings.accounts,
        folders=settings.folders,
        messages=settings.sweep.messages,
        days=settings.sweep.days,
        partner=settings.partner or "",
        secret=secret,
        place=told.place,
        signs=told.signs,
    )


def enforced(stand: Stand, settings: GuardSettings, covered: Mapping[str, Ward]) -> Held:
    """Return a stand as it is posted; ``settings`` give what the ratchet does not hold."""
    return Held(
        stand=stand,
        settings=replace(
            settings,
            pack=stand.pack,
            text=stand.text,
            base=Path(stand.base),
            mode=Mode(stand.mode),
            tenants=tuple(TenantId(each) for each in stand.tenants),
            accounts=tuple(AccountId(each) for each in stand.accounts),
            folders=stand.folders,
            sweep=Span(messages=stand.messages, days=stand.days),
            partner=EndpointId(stand.partner) if stand.partner else None,
            partner_secret=None,
        ),
        covered=covered,
    )


def written(held: Held, now: float) -> Protection:
    """Return it as the store keeps it."""
    stand = held.stand
    lock = {
        "base": stand.base,
        "tenants": stand.tenants,
        "accounts": stand.accounts,
        "folders": stand.folders,
        "messages": stand.messages,
        "days": stand.days,
        "partner": stand.partner,
        "secret": stand.secret,
        "place": stand.place,
        "signs": stand.signs,
        "private": held.settings.private,
        "help": held.settings.help,
        "covered": {name: _values(ward) for name, ward in held.covered.items()},
    }
    return Protection(
        tenant=EVERYBODY,
        guard=held.name,
        text=stand.text,
        mode=stand.mode,
        lock=json.dumps(lock),
        version=stand.pack.version,
        at=now,
    )


def read(protection: Protection) -> Held:
    """Read it back. Raises ConfigError where its pack can not be read any more."""
    lock: dict[str, Any] = json.loads(protection.lock)
    pack = parsed(protection.text, file=f"the enforced pack of {protection.guard}")
    stand = Stand(
        pack=pack,
        text=protection.text,
        base=lock["base"],
        mode=protection.mode,
        tenants=tuple(lock["tenants"]),
        accounts=tuple(lock["accounts"]),
        folders=tuple(lock["folders"]),
        messages=int(lock.get("messages", 0)),
        days=int(lock.get("days", 0)),
        partner=lock["partner"],
        secret=lock["secret"],
        # Not known of a guard that a version before wrote down.
        place=lock.get("place", ""),
        signs=tuple(lock.get("signs", ())),
    )
    settings = GuardSettings(
        pack=pack,
        text=protection.text,
        base=Path(stand.base),
        private=lock["private"],
        help=lock["help"],
    )
    found: dict[str, Any] = lock["covered"]
    for each in protection.since:
        if each.sight is None:
            found.pop(each.account, None)
        else:
            found[each.account] = json.loads(each.sight)
    covered = {
        name: Ward(sight=sight.read(each), is_left=bool(each["left"]))
        for name, each in found.items()
    }
    return enforced(stand, settings, covered)


def told_by(protections: Iterable[Protection]) -> dict[EndpointId, str]:
    """Return the endpoints by which held guards tell their partners, each with one such guard."""
    found = ((json.loads(each.lock).get("partner"), each.guard) for each in protections)
    return {EndpointId(partner): guard for partner, guard in found if partner}


def covered_by(account: AccountId, ward: Ward | None) -> Covered:
    """Return what a guard sees of an account as the store keeps it; None: it stands there no more."""
    return Covered(account=account, sight=None if ward is None else json.dumps(_values(ward)))


def _values(ward: Ward) -> dict[str, Any]:
    return {**sight.values(ward.sight), "left": ward.is_left}
