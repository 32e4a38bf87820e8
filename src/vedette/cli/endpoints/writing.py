"""``vedette endpoints add|set|rotate|retire|remove``: make, change and delete endpoints."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from vedette.cli.endpoints.kinds import USUAL, Kind
from vedette.cli.reach import HERE, File, Reach, secret_from
from vedette.cli.sheet import line
from vedette.cli.verb import each, given, named, said
from vedette.client.endpoints import EndpointChange, EndpointWish, NewEndpoint
from vedette.config import environment
from vedette.errors import UsageError
from vedette.secret import Secret

Names = Annotated[tuple[str, ...], Parameter(negative=())]

#: Options that are given again for more: the field has an s.
_LISTS = frozenset({"event", "account", "folder", "tag"})
#: Options that are files of secrets.
_SECRETS = frozenset({"url_file", "secret_file"})


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What is set of an endpoint.

    Parameters
    ----------
    title
        What people call it.
    url
        Where it is. One with a password in it comes from --url-file.
    url_file
        The URL in the first line of this file; - is standard input.
    secret_file
        What signs, in the first line of this file; a new one without it has what
        VEDETTE_WEBHOOK_SECRET says, or one is made for it.
    event
        Only events of this type (again for more).
    account
        Only those of this account (again for more).
    folder
        Only those of this folder (again for more).
    tag
        Only those of accounts with this tag (again for more).
    profile
        The form of what is sent: vedette, emailengine, or inbound-email-received.
    depth
        How much of a message is sent: metadata, text, or full.
    ordered
        Whether events of one folder go one after the other.
    rate
        Deliveries a second at most.
    ca_file
        Certificates (PEM) on the machine of the service that it is trusted by.
    private
        It is inside; for admins.
    path
        A file on the machine of the service; for admins.
    active
        Whether it is sent anything.
    """

    title: str | None = None
    url: str | None = None
    url_file: File = None
    secret_file: File = None
    event: Names = ()
    account: Names = ()
    folder: Names = ()
    tag: Names = ()
    profile: str | None = None
    depth: Literal["metadata", "text", "full"] | None = None
    ordered: bool | None = None
    rate: float | None = None
    ca_file: str | None = None
    private: bool | None = None
    path: Path | None = None
    active: bool | None = None

    def members(self) -> dict[str, Any]:
        """Return what is said, by the fields of ``EndpointChange``. Raises UsageError."""
        if self.url is not None and self.url_file is not None:
            raise UsageError("--url and --url-file are two URLs; give one of them")
        found = said(self)
        for option in _LISTS & found.keys():
            found[f"{option}s"] = found.pop(option)
        if "path" in found:
            found["path"] = str(self.path)
        if "url" in found:
            found["url"] = Secret(found["url"])
        for option in _SECRETS & found.keys():
            found[option.removesuffix("_file")] = secret_from(found.pop(option))
        return found


#: Nothing said.
NOTHING = Described()


def add(
    type_: Literal[
        "webhook", "exec", "file", "stdout", "redis", "nats", "amqp", "kafka", "postgres"
    ],
    *,
    id_: Annotated[str | None, Parameter(name="--id")] = None,
    tenant: str | None = None,
    command: Names = (),
    described: Described = NOTHING,
    kind: Kind = USUAL,
    at: Reach = HERE,
) -> int:
    """Make an endpoint. A secret that is made for it is shown this once.

    Parameters
    ----------
    type_
        What it is.
    id_
        Its id; without one it is given one.
    tenant
        Whose events it takes; an admin's takes those of all.
    command
        A program and its arguments (again for more), for exec; for admins.
    """
    found = {**described.members(), **kind.members()}
    secret = environment.secret(environment.WEBHOOK_SECRET)
    if secret is not None:
        found.setdefault("secret", secret)
    found |= given(id=id_, tenant=tenant, command=command)
    wish = EndpointWish(type=type_, **found)
    return _told(at.ask(lambda client: client.endpoints.create(wish)), at)


def set_(
    endpoint: str,
    *,
    if_version: int | None = None,
    described: Described = NOTHING,
    kind: Kind = USUAL,
    at: Reach = HERE,
) -> int:
    """Change an endpoint: what is not named stays as it is.

    Parameters
    ----------
    endpoint
        Its id.
    if_version
        Only where it still has this version.
    """
    change = EndpointChange(**described.members(), **kind.members())
    found = at.ask(lambda client: client.endpoints.update(endpoint, change, version=if_version))
    return named(found, at)


def rotate(endpoint: str, *, at: Reach = HERE) -> int:
    """Make another secret, shown this once; the one before signs as well until it is retired.

    Parameters
    ----------
    endpoint
        Its id.
    """
    return _told(at.ask(lambda client: client.endpoints.rotate(endpoint)), at)


def retire(endpoint: str, *, at: Reach = HERE) -> int:
    """Take the secret away that was there before the last rotation.

    Parameters
    ----------
    endpoint
        Its id.
    """
    found = at.ask(lambda client: client.endpoints.retire(endpoint))
    return named(found, at)


def remove(*endpoints: str, at: Reach = HERE) -> int:
    """Delete endpoints; what they were still to get is not delivered.

    Parameters
    ----------
    endpoints
        Their ids.
    """
    return each(at, endpoints, "removed", lambda client, id_: client.endpoints.delete(id_))


def _told(made: NewEndpoint, at: Reach) -> int:
    if at.as_json:
        print(line(made))
        return 0
    print(f"id      {made.id}")
    if made.secret is not None:
        print(f"secret  {made.secret.reveal()}")
        print("It is shown this once: keep it where secrets are kept.", file=sys.stderr)
    return 0
