"""A connect link for an account that is there: by what its owner may open it anew.

The account keeps all that it is; credentials alone are the owner's to give. It must not know how a
link is kept, nor how one is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vedette.ports.registration import Auth, Origin, Registration
from vedette.service.links.link import Link
from vedette.service.refusals import ConflictError, ReadOnlyError, invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """By what an account is connected anew: ids of apps, and whether a password may be given."""

    providers: tuple[str, ...] = ()
    by_password: bool = False


def ways(found: Registration, providers: tuple[str, ...], *, by_password: bool | None) -> Ways:
    """Return what a link for an account offers; where nothing is said, what it logs in by now.

    Raises ConflictError where that is nothing of its owner's, ReadOnlyError for a password of an
    account that others keep, InvalidError for neither of both.
    """
    account, auth = found.account, found.grant.auth
    is_ours = found.origin is Origin.API
    if by_password and not is_ours:
        raise ReadOnlyError("account", account.id, origin=found.origin.value)
    if by_password is None:
        by_password = is_ours and auth is Auth.PASSWORD
    own = found.grant.app
    if not providers and not by_password and auth is Auth.OAUTH2 and own is not None:
        providers = (own,)
    if not providers and not by_password and auth in {Auth.TOKEN_COMMAND, Auth.TOKEN_URL}:
        raise ConflictError(
            f"the account {account.id} logs in by {auth}: there is nothing that its owner could give"
        )
    if not providers and not by_password:
        raise invalid("providers", "without a password there has to be an app to connect by")
    return Ways(providers=providers, by_password=by_password)


def template(found: Registration) -> Mapping[str, Any]:
    """Return what a link says of an account, so that nobody is asked for it."""
    account, target = found.account, found.target
    return {"email": account.email, "host": target.host, "user": account.credentials.user}


def is_still(link: Link, found: Registration) -> bool:
    """Tell whether an account is the one that a link was made for: ids may be taken again."""
    return link.template.get("email") in {None, found.account.email}
