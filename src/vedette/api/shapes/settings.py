"""Settings of the service as JSON. It must not know who follows them."""

from __future__ import annotations

from pydantic import Field

from vedette.api.shapes.model import Shown, Wish
from vedette.service.preferences import Preferences


class SettingsChange(Wish):
    """What of the settings is to be changed."""

    public_url: str | None = Field(
        default=None,
        max_length=1000,
        description="Where browsers find this service, such as https://mail.example.org.",
    )
    link_seconds: int | None = Field(
        default=None, ge=60, le=86_400, description="For how long a connect link can be used."
    )


class SettingsShown(Shown):
    """The settings."""

    public_url: str | None
    link_seconds: int


def shown(found: Preferences) -> SettingsShown:
    """Return the settings as they are shown."""
    return SettingsShown(public_url=found.public_url, link_seconds=found.link_seconds)
