"""Whether a change would have stored credentials sent to another place than they were given for.

Who may change an account need not know its password, and must not come to know it: by a server of
his own, by a proxy on the way, by TLS that anybody can stand in for. Such a change asks for the
credentials anew. It must not know who asks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from vedette.ports.link import Encryption
from vedette.ports.registration import Auth, Registration
from vedette.service.accounts.allowance import is_checked, level
from vedette.service.form import Form

#: From what anybody can read to what nobody can: to go up is no harm.
_STRENGTH: Final[Mapping[Encryption, int]] = {
    Encryption.NONE: 0,
    Encryption.STARTTLS: 1,
    Encryption.IMPLICIT: 1,
}
#: What has to be given anew, by the way to log in: one of these, and the first is what is asked for.
#: Tokens that are fetched, and commands, can not be: an admin may, or the account is connected anew.
_ANEW: Final[Mapping[Auth, tuple[str, ...]]] = {
    Auth.PASSWORD: ("password", "token"),
    Auth.TOKEN_URL: ("token_url_secret",),
    Auth.OAUTH2: (),
    Auth.TOKEN_COMMAND: (),
}
_MEMBERS: Final = {"password": "password", "token_url_secret": "tokenUrlSecret"}


def judge(form: Form, base: Registration, found: Registration, given: Collection[str]) -> None:
    """Note where credentials would go elsewhere that were not given anew with the change.

    ``given`` are the names of the secrets that come with it.
    """
    where = redirected(base, found)
    if not where or found.grant.auth is not base.grant.auth:
        # Another way to log in has credentials of its own, and those of before go.
        return
    anew = _ANEW[found.grant.auth]
    if not set(anew).isdisjoint(given):
        return
    if anew:
        form.fail(
            _MEMBERS[anew[0]],
            f"is to be given anew: with another {where[0]} it would be sent elsewhere than it was"
            " given for",
        )
    else:
        form.fail(
            where[0],
            "the tokens of this mailbox would be sent elsewhere than they were given for: that is"
            " up to an admin; or delete the account, and connect it anew",
        )


def redirected(base: Registration, found: Registration) -> list[str]:
    """Return the members by which credentials would go elsewhere, or go there less safely."""
    old, new = base.target, found.target
    before, after = old.policy, new.policy
    weaker = {
        "host": new.host.casefold() != old.host.casefold(),
        "port": new.port != old.port,
        "encryption": _STRENGTH[new.encryption] < _STRENGTH[old.encryption],
        "verifyTls": is_checked(before) and not is_checked(after),
        "ca": after.ca not in {None, before.ca},
        # One that is pinned needs no chain and no name.
        "pin": after.pin not in {None, before.pin},
        "minimumTls": after.minimum < before.minimum,
        "securityLevel": level(after) < level(before),
        "proxy": new.proxy is not None and not _is_same_proxy(base, found),
        "tokenUrl": found.grant.url != base.grant.url,
        "app": found.grant.app != base.grant.app,
    }
    return [member for member, is_so in weaker.items() if is_so]


def is_other_proxy(base: Registration, found: Registration) -> bool:
    """Tell whether the password of a proxy would be sent to another one."""
    return base.target.proxy is not None and not _is_same_proxy(base, found)


def _is_same_proxy(base: Registration, found: Registration) -> bool:
    old, new = base.target.proxy, found.target.proxy
    if old is None or new is None:
        return old is new
    return (old.scheme, old.host, old.port) == (new.scheme, new.host, new.port)
