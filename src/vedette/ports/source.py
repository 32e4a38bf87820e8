"""Where accounts come from that are kept elsewhere, such as in a table of the host application.

A source reads when it wants to; who follows it takes what it read last, and compares. It must not
know what becomes of the accounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from vedette.model.ids import AccountId, TenantId
from vedette.ports.registration import Registration
from vedette.secret import Secret

#: Nobody writes to it: one object for the thousands of accounts of a file.
_NO_SECRETS: Final[Mapping[str, Secret[str]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced:
    """One account as its source has it; the registration's ``origin`` says which kind that is.

    ``secrets`` are by the names that a record keeps them under: ``password``, ``token``,
    ``refresh_token``, ``proxy_password``, ``token_url_secret``. ``refused`` is why it can not be
    watched, in one line for a person (a secret that can not be opened): it is shown in state
    ``error`` with these words, and the others go on.
    """

    registration: Registration
    secrets: Mapping[str, Secret[str]] = field(default_factory=lambda: _NO_SECRETS)
    refused: str | None = None

    @property
    def id(self) -> AccountId:
        """The account's id."""
        return self.registration.account.id

    @property
    def tenant(self) -> TenantId:
        """Whose it is."""
        return self.registration.account.tenant


class Source(Protocol):
    """A list of accounts that others keep. It is started and stopped by whoever made it."""

    @property
    def name(self) -> str:
        """What it is called in logs."""

    async def accounts(self) -> Sequence[Sourced]:
        """Return all accounts there are, each id once.

        What did not change since the last call should be the same object: twenty thousand of
        them are then compared in a millisecond. Raises StoreError where it can not be told yet;
        who follows goes on with what it had.
        """

    async def changed(self) -> None:
        """Return when ``accounts`` may say something else than at the last call."""
