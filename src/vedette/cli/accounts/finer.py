"""What is seldom set of an account: its other credentials, its server's TLS, and how it is watched.

It must not know how it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from vedette.cli.reach import File, secret_from
from vedette.cli.verb import said

Names = Annotated[tuple[str, ...], Parameter(negative=())]

#: Options that are files of secrets, and what is in them.
_SECRETS = ("token_file", "refresh_token_file", "proxy_password_file", "token_url_secret_file")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Finer:
    """What is seldom set of an account.

    Parameters
    ----------
    mechanism
        The SASL mechanism, where its server offers one that does not work.
    token_command
        A program and its arguments (again for more) that prints an access token; for admins.
    token_url
        Where a service of your own answers with an access token.
    token_url_secret_file
        What that service is shown, in the first line of this file; - is standard input.
    token_file
        An access token that is sent in the place of a password, in the first line of this file.
    refresh_token_file
        A refresh token that an app of yours was given, in the first line of this file.
    proxy_password_file
        The proxy's password, in the first line of this file.
    verify_tls
        Whether its server's certificate is checked.
    minimum_tls
        The lowest version of TLS, such as 1.2.
    security_level
        OpenSSL's security level, 0 to 5.
    cover
        How folders beyond the one that is open are watched: asked now and then, or by connections.
    authserv
        A server whose Authentication-Results are believed (again for more).
    max_message
        Octets of the largest message that is read.
    canary
        Whether probe mails are put in, to measure the way of a message.
    canary_interval
        Seconds between two of them.
    canary_folder
        The folder that they are put into.
    """

    mechanism: str | None = None
    token_command: Names = ()
    token_url: str | None = None
    token_url_secret_file: File = None
    token_file: File = None
    refresh_token_file: File = None
    proxy_password_file: File = None
    verify_tls: bool | None = None
    minimum_tls: Literal["1.2", "1.3"] | None = None
    security_level: int | None = None
    cover: Literal["poll", "connections"] | None = None
    authserv: Names = ()
    max_message: int | None = None
    canary: bool | None = None
    canary_interval: int | None = None
    canary_folder: str | None = None

    def members(self) -> dict[str, Any]:
        """Return what is said, by the fields of ``AccountChange``. Raises UsageError."""
        found = said(self)
        for option in _SECRETS:
            if option in found:
                found[option.removesuffix("_file")] = secret_from(found.pop(option))
        return found


#: Nothing said.
USUAL = Finer()
