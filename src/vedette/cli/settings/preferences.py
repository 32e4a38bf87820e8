"""``vedette settings show|set``: where browsers find the service, how long links can be used."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

from cyclopts import Parameter

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import shown
from vedette.cli.verb import cleared, given
from vedette.client.settings import PreferencesChange
from vedette.errors import UsageError


def show(*, at: Reach = HERE) -> int:
    """Show the settings. Those of the configuration file are not among them."""
    return shown(at.ask(lambda client: client.settings.get()), as_json=at.as_json)


def set_(
    *,
    public_url: str | None = None,
    link_seconds: int | None = None,
    clear: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    if_version: int | None = None,
    at: Reach = HERE,
) -> int:
    """Change settings: what is not named stays as it is.

    Parameters
    ----------
    public_url
        Where browsers find the service, such as https://mail.example.org.
    link_seconds
        For how long a connect link can be used, where it does not say.
    clear
        Set this back to its default, such as public-url (again for more).
    if_version
        Only where they still have this version.
    """
    told = given(public_url=public_url, link_seconds=link_seconds)
    known = [each.name for each in fields(PreferencesChange)]
    change = PreferencesChange(**told, **cleared(clear, known, tuple(told)))
    if change == PreferencesChange():
        raise UsageError("say what to set: --public-url, --link-seconds, or --clear")
    found = at.ask(lambda client: client.settings.update(change, version=if_version))
    return shown(found, as_json=at.as_json)
