"""``vedette oauth add|list|show|set|remove``: apps that are registered with providers."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from vedette.cli.reach import HERE, File, Reach, secret_from
from vedette.cli.sheet import Columns, shown
from vedette.cli.verb import SOME, Some, each, listed, named, pairs, said
from vedette.client.oauth import App, AppChange, AppWish
from vedette.config import environment
from vedette.errors import UsageError
from vedette.secret import Secret

COLUMNS: Final[Columns[App]] = {
    "id": lambda each: each.id,
    "tenant": lambda each: each.tenant,
    "provider": lambda each: each.provider,
    "title": lambda each: each.title,
    "flow": lambda each: each.flow,
    "client id": lambda each: each.client_id,
}

#: The client's secret that a provider gave, in the environment.
CLIENT_SECRET: Final = "VEDETTE_CLIENT_SECRET"  # noqa: S105 - the name of a variable, not a secret

Names = Annotated[tuple[str, ...], Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What is set of an app.

    Parameters
    ----------
    title
        What people call it.
    flow
        How consent is had: of each person, or of an organisation.
    directory
        Microsoft's tenant: common, organizations, consumers, or an id.
    authorize_url
        Where a browser is sent; for a provider that is not known here.
    token_url
        Where tokens are had.
    device_url
        Where a device asks for a code.
    userinfo_url
        Where it is asked whose consent it is.
    revoke_url
        Where it is told that a consent ends (RFC 7009).
    issuer
        Who the provider says it is.
    scope
        A scope that is asked for (again for more; all of them).
    extra
        A parameter that is added where a consent is asked for, as NAME=TEXT (again for more; all of
        them).
    proof
        How the client shows its secret: in the body, in a header, or not at all.
    names_issuer
        The provider names itself in its answers (RFC 9207), and none without that is believed.
    private
        Its addresses are inside; for admins.
    service_account
        The JSON key file of a Google service account.
    secret_file
        The client's secret in the first line of this file; - is standard input.
    """

    title: str | None = None
    flow: str | None = None
    directory: str | None = None
    authorize_url: str | None = None
    token_url: str | None = None
    device_url: str | None = None
    userinfo_url: str | None = None
    revoke_url: str | None = None
    issuer: str | None = None
    scope: Names = ()
    extra: Names = ()
    proof: Literal["post", "basic", "none"] | None = None
    names_issuer: bool | None = None
    private: bool | None = None
    service_account: Path | None = None
    secret_file: File = None

    def members(self) -> dict[str, Any]:
        """Return what is said, by the fields of ``AppChange``. Raises UsageError."""
        found = said(self)
        if scopes := found.pop("scope", None):
            found["scopes"] = scopes
        if extra := found.pop("extra", None):
            found["extra"] = pairs("extra", extra)
        if file := found.pop("service_account", None):
            found["key_file"] = _whole(file)
        found.pop("secret_file", None)
        return found


#: Nothing said.
NOTHING = Described()


def add(
    provider: Literal["google", "microsoft", "yahoo", "mailru", "generic"],
    *,
    client_id: str | None = None,
    tenant: str | None = None,
    described: Described = NOTHING,
    at: Reach = HERE,
) -> int:
    """Register an app with what its provider gave for it.

    The client's secret comes from VEDETTE_CLIENT_SECRET, --secret-file, or a prompt.

    Parameters
    ----------
    provider
        Whose app it is.
    client_id
        Its client id.
    tenant
        Whose it is here; those of default serve all.
    """
    found = {"provider": provider, **described.members()}
    if client_id is not None:
        found["client_id"] = client_id
        found["client_secret"] = _secret(described)
    if tenant is not None:
        found["tenant"] = tenant
    return named(at.ask(lambda client: client.oauth.create(AppWish(**found))), at)


def list_(*, some: Some = SOME, at: Reach = HERE) -> int:
    """List apps, by id."""
    return listed(
        at,
        COLUMNS,
        some.limit,
        lambda client, page: client.oauth.list(tenant=some.tenant, limit=page),
    )


def show(app: str, *, at: Reach = HERE) -> int:
    """Show one app, without its secret.

    Parameters
    ----------
    app
        Its id.
    """
    return shown(at.ask(lambda client: client.oauth.get(app)), as_json=at.as_json)


def set_(
    app: str,
    *,
    client_id: str | None = None,
    if_version: int | None = None,
    described: Described = NOTHING,
    at: Reach = HERE,
) -> int:
    """Change an app: what is not named stays. Accounts that were refused for it are tried again.

    Parameters
    ----------
    app
        Its id.
    client_id
        Another client id, with its secret.
    if_version
        Only where it still has this version.
    """
    found = described.members()
    if client_id is not None:
        found["client_id"] = client_id
    if client_id is not None or described.secret_file is not None:
        found["client_secret"] = _secret(described)
    change = AppChange(**found)
    return named(at.ask(lambda client: client.oauth.update(app, change, version=if_version)), at)


def remove(*apps: str, at: Reach = HERE) -> int:
    """Delete apps that no account is connected by.

    Parameters
    ----------
    apps
        Their ids.
    """
    return each(at, apps, "removed", lambda client, id_: client.oauth.delete(id_))


def _secret(described: Described) -> Secret[str]:
    if described.secret_file is not None:
        return secret_from(described.secret_file)
    found = environment.secret(CLIENT_SECRET)
    if found is not None:
        return found
    if not sys.stdin.isatty():
        raise UsageError(f"the client's secret is missing: set {CLIENT_SECRET}, or --secret-file")
    return Secret(getpass.getpass("The client's secret: "))


def _whole(file: Path) -> Secret[str]:
    try:
        return Secret(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} can not be read: {type(error).__name__}") from None
