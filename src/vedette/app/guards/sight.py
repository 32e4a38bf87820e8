"""What guards see of an account: where it is, which of its mail is read, and whom it believes.

Two of them are compared here: whether the later one shows less, and what shows as much as both. It
must not know which guards stand at an account, nor since when.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any, Final

from vedette.config.settings import AccountSettings
from vedette.model.account import Depth
from vedette.model.ids import TenantId

#: Shallow to deep.
_DEPTHS: Final = (Depth.METADATA, Depth.TEXT, Depth.FULL)

#: Names every folder.
_ALL: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is seen. ``mailbox`` is a digest of server and user, ``most`` octets of a message."""

    tenant: TenantId
    mailbox: str
    folders: tuple[str, ...]
    authserv: tuple[str, ...]
    depth: Depth
    most: int


def sight(settings: AccountSettings) -> Sight:
    """Return what guards see of an account with these settings."""
    account, server = settings.account, settings.target.host.lower()
    return Sight(
        tenant=account.tenant,
        mailbox=_digest((server, account.credentials.user)),
        folders=account.folders,
        authserv=account.trusted_authserv,
        depth=account.depth,
        most=account.max_message,
    )


def lost(before: Sight, now: Sight) -> tuple[str, ...]:
    """Say in which ways less is seen than before, or it can not be told that it is not.

    To believe a server more is such a way: its word may save a message from a guard.
    """
    says = []
    if _missing(before, now):
        says.append("is watched in fewer folders")
    if _lower(before.authserv) != _lower(now.authserv):
        says.append("believes other servers")
    if _DEPTHS.index(now.depth) < _DEPTHS.index(before.depth):
        says.append("is read to a lesser depth")
    if now.most < before.most:
        says.append("has its large messages left out")
    return tuple(says)


def wider(before: Sight, now: Sight) -> Sight:
    """Return what shows as much as both, at the mailbox and for the tenant of now."""
    missing = _missing(before, now)
    return replace(
        now,
        folders=before.folders if _ALL in missing else (*now.folders, *missing),
        authserv=now.authserv
        if _lower(before.authserv) == _lower(now.authserv)
        else before.authserv,
        depth=max(before.depth, now.depth, key=_DEPTHS.index),
        most=max(before.most, now.most),
    )


def seen(settings: AccountSettings, by: Sight) -> AccountSettings:
    """Return the settings of an account that show this much, with its own way to the mailbox."""
    return replace(
        settings,
        account=replace(
            settings.account,
            tenant=by.tenant,
            folders=by.folders,
            trusted_authserv=by.authserv,
            depth=by.depth,
            max_message=by.most,
        ),
    )


def values(of: Sight) -> dict[str, Any]:
    """Return it as JSON has it."""
    return asdict(of)


def read(written: Mapping[str, Any]) -> Sight:
    """Read it back. Raises KeyError and ValueError for what is none."""
    return Sight(
        tenant=TenantId(written["tenant"]),
        mailbox=written["mailbox"],
        folders=tuple(written["folders"]),
        authserv=tuple(written["authserv"]),
        depth=Depth(written["depth"]),
        most=int(written["most"]),
    )


def digest(of: Sight) -> str:
    """Return a digest: of the same the same."""
    return _digest(values(of))


def _missing(before: Sight, now: Sight) -> tuple[str, ...]:
    """Return the folders that were watched and are not."""
    watched = _lower(now.folders)
    if _ALL in watched:
        return ()
    return tuple(each for each in before.folders if each.lower() not in watched)


def _lower(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(each.lower() for each in names)


def _digest(of: object) -> str:
    return sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:32]
