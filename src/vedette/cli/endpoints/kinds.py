"""What only some kinds of endpoints have, and what is seldom set of one. It must not know how it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from vedette.cli.reach import File, secret_from
from vedette.cli.verb import said
from vedette.errors import UsageError
from vedette.secret import Secret

Names = Annotated[tuple[str, ...], Parameter(negative=())]

#: Options that are files of secrets, and what is in them.
_SECRETS = ("secret_old_file", "proxy_file")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What only some kinds have.

    Parameters
    ----------
    for_tenant
        Only events of this tenant (again for more); for admins.
    concurrency
        Deliveries at a time.
    timeout
        Seconds for one attempt.
    verify_tls
        Whether its certificate is checked.
    secret_old_file
        What signs beside the secret, in the first line of this file; - is standard input.
    proxy_file
        The proxy that it is dialled through, as a URL in the first line of this file.
    headers_file
        Headers of a webhook, a line such as "Authorization: Bearer …" for each; they are secrets.
    environment
        A variable of the service's environment that a program is given (again for more).
    directory
        Where a program runs.
    fsync
        Whether a file is forced to the disk for each event.
    stream
        The stream of Redis or NATS.
    maxlen
        About how many entries a stream of Redis keeps; 0 is all.
    subject
        The subject of NATS.
    exchange
        The exchange of AMQP.
    routing_key
        The routing key of AMQP.
    topic
        The topic of Kafka.
    mechanism
        The SASL mechanism of Kafka.
    table
        The table of Postgres.
    """

    for_tenant: Names = ()
    concurrency: int | None = None
    timeout: float | None = None
    verify_tls: bool | None = None
    secret_old_file: File = None
    proxy_file: File = None
    headers_file: Path | None = None
    environment: Names = ()
    directory: str | None = None
    fsync: bool | None = None
    stream: str | None = None
    maxlen: int | None = None
    subject: str | None = None
    exchange: str | None = None
    routing_key: str | None = None
    topic: str | None = None
    mechanism: str | None = None
    table: str | None = None

    def members(self) -> dict[str, Any]:
        """Return what is said, by the fields of ``EndpointChange``. Raises UsageError."""
        found = said(self)
        for option in _SECRETS:
            if option in found:
                found[option.removesuffix("_file")] = secret_from(found.pop(option))
        if "for_tenant" in found:
            found["tenants"] = found.pop("for_tenant")
        if "headers_file" in found:
            found["headers"] = _headers(found.pop("headers_file"))
        return found


#: Nothing said.
USUAL = Kind()


def _headers(file: Path) -> dict[str, Secret[str]]:
    """Return the headers in a file. Raises UsageError for a line that is none."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} can not be read: {type(error).__name__}") from None
    found = {}
    for number, each in enumerate(lines, 1):
        name, colon, value = each.partition(":")
        if colon and name.strip():
            found[name.strip()] = Secret(value.strip())
        elif each.strip():
            raise UsageError(f"{file} line {number}: a header is written as Name: value")
    return found
