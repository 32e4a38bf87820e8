"""The guards of the configuration file as the API shows them: seen and tried, and changed there.

A guard of the file that stands at the accounts of one tenant alone is that tenant's; every other is
nobody's, and admins alone see it. It must not know how a file is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from vedette.config.settings import GuardSettings
from vedette.engine.guarding import Span
from vedette.ports.records import Kind
from vedette.ports.registration import Origin
from vedette.service.beside import Filed
from vedette.service.guards.post import RegisteredGuard


class FiledGuards(Filed[GuardSettings, RegisteredGuard]):
    """Those of the file as it is by now: ``settings`` is asked each time."""

    __slots__ = ()

    def __init__(self, settings: Callable[[], Iterable[GuardSettings]] = tuple) -> None:
        super().__init__(
            Kind.GUARD,
            settings,
            name=lambda each: each.pack.name,
            shown=_shown,
            words=lambda each: each.id,
        )


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
