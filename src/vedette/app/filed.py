"""The accounts of the configuration file as the API shows them, made when somebody asks for one.

Most services that have a file are never asked, and of each of thousands of accounts what is shown
would be half a kilobyte beside what is watched. It must not know who asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from vedette.app.enrolled import registered
from vedette.config.settings import AccountSettings
from vedette.model.ids import AccountId, TenantId
from vedette.ports.registration import Origin, Registration

Settings: TypeAlias = tuple[AccountSettings, ...]


class FiledAccount:
    """One of them: a ``Kept`` of ``service.accounts.elsewhere``."""

    __slots__ = ("_settings",)

    def __init__(self, settings: AccountSettings) -> None:
        self._settings = settings

    @property
    def id(self) -> AccountId:
        """Its id."""
        return self._settings.account.id

    @property
    def tenant(self) -> TenantId:
        """Whose it is."""
        return self._settings.account.tenant

    @property
    def registration(self) -> Registration:
        """What is shown of it."""
        return registered(self._settings, Origin.FILE)


class FiledAccounts:
    """All of them."""

    __slots__ = ("_settings",)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __iter__(self) -> Iterator[FiledAccount]:
        return map(FiledAccount, self._settings)
