"""Who asks: a name for the audit, the tenant it is walled in, and what it may do.

It must not know how somebody proved to be it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from vedette.model.ids import TenantId
from vedette.service.refusals import ForbiddenError

#: May do everything, for all tenants.
ADMIN: Final = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. An admin has no tenant, and the scope ``admin``.

    Scopes are ``accounts:read`` and the like; ``endpoints:*`` is all of that family.
    """

    name: str
    tenant: TenantId | None = None
    scopes: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_admin(self) -> bool:
        """Whether it may do everything."""
        return ADMIN in self.scopes and self.tenant is None

    def may(self, scope: str) -> bool:
        """Tell whether it has a scope."""
        family = scope.partition(":")[0]
        return self.is_admin or scope in self.scopes or f"{family}:*" in self.scopes

    def needs(self, scope: str) -> None:
        """Raise ForbiddenError unless it has a scope."""
        if not self.may(scope):
            raise ForbiddenError(f"this key may not do that: it lacks the scope {scope}")

    def needs_admin(self, what: str) -> None:
        """Raise ForbiddenError unless it is an admin; ``what`` is what only an admin may."""
        if not self.is_admin:
            raise ForbiddenError(f"{what} is up to an admin")


def admin(name: str) -> Caller:
    """Return a caller that may do everything, such as the one at the unix socket."""
    return Caller(name=name, scopes=frozenset((ADMIN,)))
