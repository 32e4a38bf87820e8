"""Logging in: mechanisms, and which of them to use. It must not know states or streams.

PLAIN (RFC 4616), LOGIN (never specified, widely offered), XOAUTH2 (Google's), OAUTHBEARER
(RFC 7628). A mechanism is a value; how far an exchange got is counted by the connection.
A refused token is answered by the server with a challenge that holds its reason: it must be
answered too, or both sides wait for ever.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from vedette.errors import AuthError, UsageError
from vedette.imap.commands import Command
from vedette.imap.encoder import Encoder
from vedette.secret import Secret

# NUL separates the parts of PLAIN, \x01 those of the OAuth mechanisms; a line end never
# belongs to a credential.
_FORBIDDEN = re.compile(r"[\0\x01\r\n]")


class Prompt(NamedTuple):
    """A challenge of the server: the how-manieth after the initial response, and its text."""

    step: int
    text: bytes


class Mechanism(ABC):
    """One way to prove who we are.

    ``initial`` is sent with the command (SASL-IR) or at the server's first, empty challenge;
    None means that the server speaks first. ``acknowledgement`` answers the challenge in
    which a server tells why it refuses; None gives the exchange up.
    """

    __slots__ = ()
    name: ClassVar[str]
    acknowledgement: ClassVar[bytes | None] = None

    @abstractmethod
    def initial(self) -> bytes | None:
        """Return the first response."""

    def respond(self, prompt: Prompt) -> bytes | None:
        """Return the response to a later challenge; None gives the exchange up."""
        return self.acknowledgement if prompt.step == 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain(Mechanism):
    """PLAIN: user and password in UTF-8; ``authorize`` names whom to act as, if another."""

    user: str
    password: Secret[str]
    authorize: str = ""
    name: ClassVar[str] = "PLAIN"

    def __post_init__(self) -> None:
        _check(self.user, "the user name")
        _check(self.authorize, "the name to act as")
        _check(self.password.reveal(), "the password")

    def initial(self) -> bytes:
        """Return whom to act as, the name and the password."""
        return f"{self.authorize}\0{self.user}\0{self.password.reveal()}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginMechanism(Mechanism):
    r"""AUTH LOGIN: the server asks for the name, then for the password.

    Prompts vary (``User Name\0`` is one), so the order decides, unless the first prompt
    already asks for the password.
    """

    user: str
    password: Secret[str]
    name: ClassVar[str] = "LOGIN"

    def __post_init__(self) -> None:
        _check(self.user, "the user name")
        _check(self.password.reveal(), "the password")

    def initial(self) -> None:
        """Return None: the server asks first."""
        return

    def respond(self, prompt: Prompt) -> bytes | None:
        """Return the name, then the password."""
        if prompt.step == 0 and not prompt.text.lower().startswith(b"pass"):
            return self.user.encode()
        return self.password.reveal().encode() if prompt.step <= 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class XOAuth2(Mechanism):
    """XOAUTH2: an access token; an error challenge is answered with an empty line."""

    user: str
    token: Secret[str]
    name: ClassVar[str] = "XOAUTH2"
    acknowledgement: ClassVar[bytes | None] = b""

    def __post_init__(self) -> None:
        _check(self.user, "the user name")
        _check(self.token.reveal(), "the access token")

    def initial(self) -> bytes:
        """Return the name and the token."""
        return f"user={self.user}\x01auth=Bearer {self.token.reveal()}\x01\x01".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthBearer(Mechanism):
    """OAUTHBEARER: ``host`` and ``port`` are those of the link; others are refused for good."""

    user: str
    token: Secret[str]
    host: str
    port: int
    name: ClassVar[str] = "OAUTHBEARER"
    acknowledgement: ClassVar[bytes | None] = b"\x01"  # RFC 7628 section 3.2.3

    def __post_init__(self) -> None:
        _check(self.user, "the user name")
        _check(self.token.reveal(), "the access token")
        _check(self.host, "the host")

    def initial(self) -> bytes:
        """Return the name, the link and the token."""
        # "=" and "," are special in the header that carries the name (RFC 5801 section 4).
        user = self.user.replace("=", "=3D").replace(",", "=2C")
        header = f"n,a={user},\x01host={self.host}\x01port={self.port}"
        return f"{header}\x01auth=Bearer {self.token.reveal()}\x01\x01".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate(Command):
    """AUTHENTICATE by a mechanism; the connection carries the exchange on by itself."""

    mechanism: Mechanism
    verb: ClassVar[str] = "AUTHENTICATE"

    def write(self, out: Encoder) -> None:
        """Write the mechanism's name; the connection adds what it says."""
        out.atom(self.mechanism.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login(Command):
    """LOGIN: ASCII only. RFC 9051 gives 8-bit octets in it no meaning, and servers differ."""

    user: str
    password: Secret[str]
    verb: ClassVar[str] = "LOGIN"

    def write(self, out: Encoder) -> None:
        """Write name and password; raises UsageError for 8-bit ones."""
        out.ascii_string(self.user, what="the user name")
        out.ascii_string(self.password.reveal(), what="the password")


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """Credentials: a user name and a password."""

    user: str
    password: Secret[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Credentials: a user name and an OAuth access token."""

    user: str
    token: Secret[str]


def choose(
    credentials: Password | Token,
    capabilities: Collection[str],
    *,
    host: str,
    port: int,
    mechanism: str | None = None,
) -> Login | Authenticate:
    r"""Choose how to log in from what the server offers (capabilities in upper case).

    Passwords: PLAIN, then AUTH LOGIN, then the LOGIN command unless LOGINDISABLED. A name
    with a backslash or slash (Exchange's ``domain\user\mailbox``) prefers the LOGIN
    command. Tokens: OAUTHBEARER, then XOAUTH2. ``mechanism`` is the one to use, where a person
    said so: some servers offer what they do not do. Raises AuthError when nothing fits.
    """
    if mechanism is not None:
        capabilities = _only(mechanism, capabilities)
    if isinstance(credentials, Token):
        return _choose_token(credentials, capabilities, host, port)
    user, password = credentials.user, credentials.password
    ascii_only = user.isascii() and password.reveal().isascii()
    login = ascii_only and "LOGINDISABLED" not in capabilities
    if login and ("\\" in user or "/" in user):
        return Login(user=user, password=password)
    if "AUTH=PLAIN" in capabilities:
        return Authenticate(mechanism=Plain(user=user, password=password))
    if "AUTH=LOGIN" in capabilities:
        return Authenticate(mechanism=LoginMechanism(user=user, password=password))
    if login:
        return Login(user=user, password=password)
    raise AuthError(f"the server takes no password in a way that fits; {_offer(capabilities)}")


def _choose_token(
    credentials: Token, capabilities: Collection[str], host: str, port: int
) -> Authenticate:
    user, token = credentials.user, credentials.token
    if "AUTH=OAUTHBEARER" in capabilities:
        return Authenticate(mechanism=OAuthBearer(user=user, token=token, host=host, port=port))
    if "AUTH=XOAUTH2" in capabilities:
        return Authenticate(mechanism=XOAuth2(user=user, token=token))
    raise AuthError(f"the server takes no OAuth token; {_offer(capabilities)}")


def _only(mechanism: str, capabilities: Collection[str]) -> frozenset[str]:
    """Return what the server offers without all ways to log in but one; ``LOGIN`` is both of it."""
    kept = {f"AUTH={mechanism}"}
    # Servers leave XOAUTH2 out of what they list, and do it (Yandex).
    forced = kept if mechanism in {"XOAUTH2", "OAUTHBEARER"} else kept.intersection(capabilities)
    bare = set() if mechanism == "LOGIN" else {"LOGINDISABLED"}
    others = {name for name in capabilities if not name.startswith("AUTH=")}
    return frozenset(others | forced | bare)


def _offer(capabilities: Collection[str]) -> str:
    offered = sorted(name for name in capabilities if name.startswith(("AUTH=", "LOGINDIS")))
    return f"it offers: {', '.join(offered) or 'nothing'}"


def _check(text: str, what: str) -> None:
    if _FORBIDDEN.search(text):
        raise UsageError(f"{what} holds a NUL, control-A or line end")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{what} holds half of a surrogate pair") from None
