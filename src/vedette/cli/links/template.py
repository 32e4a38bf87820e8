"""What options say of an account before somebody connects it by a link.

It must not know how a link is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from vedette.cli.verb import said
from vedette.client.links import LinkAccount
from vedette.errors import UsageError

Names = Annotated[tuple[str, ...], Parameter(negative=())]

#: Options that have another name than the field of the API.
_FIELDS = {"tag": "tags", "folder": "folders", "since": "start", "last": "start", "ca_file": "ca"}


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What is settled of the account before somebody connects it.

    Parameters
    ----------
    email
        The address that is to be connected; without it whichever.
    title
        What people call the account.
    tag
        A tag of the account (again for more).
    host
        Its server.
    port
        Its port; 993 with TLS from the first octet, else 143.
    encryption
        tls is from the first octet on, starttls is required STARTTLS.
    verify_tls
        Whether its server's certificate is checked.
    ca_file
        Certificates (PEM) that its server is trusted by.
    pin
        The SHA-256 of its server's certificate.
    minimum_tls
        The lowest version of TLS, such as 1.2.
    security_level
        OpenSSL's security level, 0 to 5.
    private
        Its server is inside, at an address that is nobody's on the Internet; for admins.
    user
        What is logged in with, where it is not the address.
    mechanism
        The SASL mechanism, where its server offers one that does not work.
    folder
        A folder that is watched (again for more).
    since
        Begin at this date, such as 2026-11-01.
    last
        Begin with the last so many messages.
    depth
        How much of a message goes into its event.
    cover
        How folders beyond the one that is open are watched: asked now and then, or by connections.
    authserv
        A server whose Authentication-Results are believed (again for more).
    max_message
        Octets of the largest message that is read.
    """

    email: str | None = None
    title: str | None = None
    tag: Names = ()
    host: str | None = None
    port: int | None = None
    encryption: Literal["tls", "starttls", "plain"] | None = None
    verify_tls: bool | None = None
    ca_file: Path | None = None
    pin: str | None = None
    minimum_tls: Literal["1.2", "1.3"] | None = None
    security_level: int | None = None
    private: bool | None = None
    user: str | None = None
    mechanism: str | None = None
    folder: Names = ()
    since: str | None = None
    last: int | None = None
    depth: Literal["metadata", "text", "full"] | None = None
    cover: Literal["poll", "connections"] | None = None
    authserv: Names = ()
    max_message: int | None = None

    @property
    def account(self) -> LinkAccount:
        """The same in the words of the API. Raises UsageError."""
        if self.since is not None and self.last is not None:
            raise UsageError("--since and --last are two different beginnings; give one of them")
        found: dict[str, Any] = said(self)
        for option, field in _FIELDS.items():
            if option in found:
                found[field] = found.pop(option)
        if "ca" in found:
            found["ca"] = _text_of(found["ca"])
        return LinkAccount(**found)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} can not be read: {error}") from error


#: Nothing is settled.
ANY = Template()
