"""The few settings that are set while the service runs, over the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Operation
from vedette.client.shape import BESIDE, UNSET, Text, Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The settings: where browsers find the service, for how long a connect link can be used."""

    public_url: str | None
    link_seconds: int
    version: int | None = field(default=None, metadata=BESIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesChange:
    """What of the settings is to be changed."""

    public_url: Text = UNSET
    link_seconds: Whole = UNSET


GET: Final = Operation(method="GET", path="/v1/settings", answer=Preferences)
UPDATE: Final = Operation(
    method="PATCH",
    path="/v1/settings",
    answer=Preferences,
    wish=PreferencesChange,
    is_versioned=True,
)


class SettingsBook:
    """``/v1/settings``. Every method raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def get(self) -> Preferences:
        """Return the settings, with their version."""
        return await self._exchange.one(GET)

    async def update(self, change: PreferencesChange, *, version: int | None = None) -> Preferences:
        """Change some of the settings."""
        return await self._exchange.one(UPDATE, Said(wish=change, version=version))
