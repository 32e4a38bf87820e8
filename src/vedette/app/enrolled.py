"""A registered account as the engine takes it: with its secrets, and with what is asked of its watch.

It must not know where registrations and secrets are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from vedette.config.settings import AccountSettings
from vedette.model.account import NOTHING_ASKED, AccountState, Credentials, Demand, Hold
from vedette.ports.registration import Origin, Pause, Registration
from vedette.secret import Secret
from vedette.service.accounts.condition import INACTIVE, REASONS
from vedette.service.accounts.credentials import credentials_of

#: Nothing is sealed beside an account.
NO_SECRETS: Final[Mapping[str, Secret[str]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of an account beside its registration.

    ``refused`` is why it can not be watched, and ``withheld`` why its mail must not be read.
    ``consented_at`` is when its OAuth 2.0 consent was given, where that is not told by its record,
    and ``lent`` what it goes by where a host handed it over.
    """

    secrets: Mapping[str, Secret[str]] = field(default_factory=lambda: NO_SECRETS)
    refused: str | None = None
    withheld: str | None = None
    consented_at: float = 0.0
    lent: str = ""


def enrolled(registration: Registration, known: Known) -> AccountSettings:
    """Return the settings of an account; one that is not to be watched has a hold."""
    credentials = credentials_of(
        registration, known.secrets, consented_at=known.consented_at, lent=known.lent
    )
    target, secrets = registration.target, known.secrets
    if target.proxy is not None and "proxy_password" in secrets:
        proxy = replace(target.proxy, password=secrets["proxy_password"])
        target = replace(target, proxy=proxy)
    demand = Demand(
        reconnect=registration.reconnect,
        resync=registration.resync.serial,
        since=registration.resync.since,
        hold=_hold(registration, credentials, known.refused),
        withheld=known.withheld,
    )
    if demand == NOTHING_ASKED:
        demand = NOTHING_ASKED
    account = replace(registration.account, credentials=credentials, demand=demand)
    return AccountSettings(account=account, target=target)


def unreadable(id_: str, why: str) -> str:
    """Say in one line that a record can not be used."""
    return f"what is registered of {id_} can not be read: {why}"


def registered(settings: AccountSettings, origin: Origin) -> Registration:
    """Return an account of the file as it is shown beside those of the API: without any secret."""
    account, target = settings.account, settings.target
    shown = replace(account, credentials=Credentials(user=account.credentials.user))
    if target.proxy is not None:
        # Else the target is shared: of thousands of accounts each would have one of its own.
        target = replace(target, proxy=replace(target.proxy, password=None))
    return Registration(account=shown, target=target, origin=origin)


def held(settings: AccountSettings, pause: Pause) -> AccountSettings:
    """Return the settings of an account that is paused."""
    demand = replace(settings.account.demand, hold=Hold(reason=REASONS[pause]))
    return replace(settings, account=replace(settings.account, demand=demand))


def _hold(registration: Registration, credentials: Credentials, refused: str | None) -> Hold | None:
    if not registration.active:
        return Hold(reason=INACTIVE)
    if registration.pause is not None and registration.pause is not Pause.CONSENT:
        is_refused = registration.pause is Pause.AUTH_FAILURE
        return Hold(reason=REASONS[registration.pause], of_login=is_refused)
    if refused is not None:
        return Hold(reason=refused, state=AccountState.ERROR)
    lacks = credentials.password is None and credentials.token is None
    if lacks and credentials.grant is None:
        why = f"no password or token is set for {credentials.user}"
        return Hold(reason=why, state=AccountState.ERROR)
    return None
