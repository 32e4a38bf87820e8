"""What options say of an account, as the API is told it. It must not know how it is sent."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from vedette.cli.accounts.finer import Finer
from vedette.cli.reach import File, secret_from
from vedette.cli.verb import said
from vedette.config import environment
from vedette.config.address import read_address
from vedette.errors import UsageError
from vedette.ports.link import Encryption
from vedette.secret import Secret

Names = Annotated[tuple[str, ...], Parameter(negative=())]

#: Options that have another name than the field of the API.
_FIELDS = {"tag": "tags", "folder": "folders", "since": "start", "last": "start", "ca_file": "ca"}

_ENCRYPTIONS = {
    Encryption.IMPLICIT: "tls",
    Encryption.STARTTLS: "starttls",
    Encryption.NONE: "plain",
}


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What is set of an account.

    Parameters
    ----------
    email
        Its address.
    title
        What people call it.
    tag
        A tag (again for more; all of them, in the place of those before).
    host
        The IMAP server.
    port
        Its port; 993 with TLS from the first octet, else 143.
    encryption
        tls is from the first octet on, starttls is required STARTTLS.
    user
        What is logged in with, where it is not the address.
    auth
        How: a password, an OAuth 2.0 app, or tokens of a service of your own.
    app
        The OAuth 2.0 app.
    folder
        A folder, or * for all of them (again for more).
    since
        Begin at this date, such as 2026-11-01.
    last
        Begin with the last so many messages.
    depth
        How much of a message goes into its event.
    proxy
        Where it is dialled through: socks5://… or http://…
    ca_file
        Certificates (PEM) that its server is trusted by.
    pin
        The SHA-256 of its server's certificate.
    private
        Its server is inside, at an address that is nobody's on the Internet; for admins.
    consent
        The version of the words that its owner has to agree to before anything is read.
    active
        Whether it is watched.
    password_file
        The password in the first line of this file; - is standard input.
    """

    email: str | None = None
    title: str | None = None
    tag: Names = ()
    host: str | None = None
    port: int | None = None
    encryption: Literal["tls", "starttls", "plain"] | None = None
    user: str | None = None
    auth: Literal["password", "oauth2", "token_command", "token_url"] | None = None
    app: str | None = None
    folder: Names = ()
    since: str | None = None
    last: int | None = None
    depth: Literal["metadata", "text", "full"] | None = None
    proxy: str | None = None
    ca_file: Path | None = None
    pin: str | None = None
    private: bool | None = None
    consent: str | None = None
    active: bool | None = None
    password_file: File = None

    def members(self) -> dict[str, Any]:
        """Return what is said, by the fields of ``AccountChange``. Raises UsageError."""
        if self.since is not None and self.last is not None:
            raise UsageError("--since and --last are two different beginnings; give one of them")
        found = said(self)
        found.pop("password_file", None)
        for option, field in _FIELDS.items():
            if option in found:
                found[field] = found.pop(option)
        if "ca" in found:
            found["ca"] = _text_of(found["ca"])
        return found


#: Nothing said.
NOTHING = Described()


def placed(mailbox: str) -> dict[str, Any]:
    """Return what the name of a new account says: an address, or a URL such as imaps://user@host.

    Raises UsageError for a URL with a password: whoever lists processes would have it.
    """
    if "://" not in mailbox:
        return {"email": mailbox}
    address = read_address(mailbox)
    if address.password is not None:
        raise UsageError("a password in a URL is seen by everybody here: leave it out")
    if address.user is None:
        raise UsageError(f"the URL names no user; write it as imaps://user@{address.host}")
    found = {
        "host": address.host,
        "port": address.port,
        "encryption": _ENCRYPTIONS[address.encryption],
        "user": address.user,
    }
    return {**found, "email": address.user} if "@" in address.user else found


def login_of(mailbox: str, described: Described, finer: Finer) -> dict[str, Any]:
    """Return what is said of a new account, with its password where it logs in by one.

    Raises UsageError.
    """
    found = {**placed(mailbox), **described.members(), **finer.members()}
    if found.get("auth", "password") == "password" and "token" not in found:
        found["password"] = password_of(described, str(found.get("email", mailbox)))
    return found


def password_of(described: Described, who: str) -> Secret[str]:
    """Return a password: of the file, of the environment, or of a prompt. Raises UsageError."""
    if described.password_file is not None:
        return secret_from(described.password_file)
    found = environment.secret(environment.PASSWORD)
    if found is not None:
        return found
    if not sys.stdin.isatty():
        raise UsageError(
            f"no password for {who}: set {environment.PASSWORD}, or give --password-file"
        )
    return Secret(getpass.getpass(f"Password of {who}: "))


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} can not be read: {error}") from error
