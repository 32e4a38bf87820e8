"""``/v1/settings``: the few that are set while the service runs. It must not know who follows them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response, Security

from vedette.api.caller import allowed
from vedette.api.etags import Expected, tag
from vedette.api.services import Given
from vedette.api.shapes.settings import SettingsChange, SettingsShown, shown
from vedette.service.caller import Caller

router = APIRouter(prefix="/v1/settings", tags=["settings"])

Admin = Annotated[Caller, Security(allowed, scopes=["admin"])]


@router.get("")
async def get_settings(caller: Admin, services: Given, response: Response) -> SettingsShown:
    """Show the settings."""
    found = await services.preferences.get(caller)
    tag(response, found.version)
    return shown(found)


@router.patch("")
async def change_settings(
    change: SettingsChange, expected: Expected, caller: Admin, services: Given, response: Response
) -> SettingsShown:
    """Change some of the settings."""
    found = await services.preferences.update(caller, change.form(), expected=expected)
    tag(response, found.version)
    return shown(found)
