"""The guards of the configuration file as the API shows them: seen and tried, and changed there.

A guard of the file that stands at the accounts of one tenant alone is that tenant's; every other is
nobody's, and admins alone see it. It must not know how a file is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from vedette.config.settings import GuardSettings
from vedette.engine.guarding import Span
from vedette.model.ids import TenantId
from vedette.ports.registration import Origin
from vedette.service.guards.post import RegisteredGuard


class FiledGuards:
    """Those of the file as it is by now: ``settings`` is asked each time."""

    __slots__ = ("_settings",)

    def __init__(self, settings: Callable[[], Iterable[GuardSettings]] = tuple) -> None:
        self._settings = settings

    @property
    def ids(self) -> frozenset[str]:
        """The names that the file has taken."""
        return frozenset(each.pack.name for each in self._settings())

    def settings(self, id_: str) -> GuardSettings | None:
        """Return one as the file has it posted."""
        return next((each for each in self._settings() if each.pack.name == id_), None)

    def of(self, id_: str, tenant: TenantId | None = None) -> RegisteredGuard | None:
        """Return one that a tenant sees, or anybody for None."""
        settings = self.settings(id_)
        found = None if settings is None else _shown(settings)
        return found if found is None or tenant in {None, found.tenant} else None

    def after(
        self, id_: str, *, tenant: TenantId | None = None, text: str = ""
    ) -> dict[str, RegisteredGuard]:
        """Return those after a name that a tenant sees, with a text in their names."""
        found = (_shown(each) for each in self._settings() if each.pack.name > id_)
        return {
            each.id: each
            for each in found
            if tenant in {None, each.tenant} and text.casefold() in each.id.casefold()
        }


def _shown(settings: GuardSettings) -> RegisteredGuard:
    sweep, standard = settings.sweep, Span()
    found: dict[str, object] = {
        "mode": settings.mode.value,
        "tenants": list(settings.tenants),
        "accounts": list(settings.accounts),
        "folders": list(settings.folders),
        "sweep": {} if sweep == standard else {"messages": sweep.messages, "days": sweep.days},
        "private": settings.private,
        "partner": settings.partner,
        "help": settings.help,
    }
    return RegisteredGuard(
        id=settings.pack.name,
        tenant=settings.tenants[0] if len(settings.tenants) == 1 else None,
        text=settings.text,
        members={name: value for name, value in found.items() if value},
        sealed=() if settings.partner_secret is None else ("partner_secret",),
        origin=Origin.FILE,
    )
