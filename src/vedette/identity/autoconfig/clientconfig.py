"""Reads Mozilla's ``clientConfig``, version 1.1: what a domain or Thunderbird's database says.

::

    <clientConfig version="1.1"><emailProvider id="example.org">
      <incomingServer type="imap">
        <hostname>imap.example.org</hostname> <port>993</port> <socketType>SSL</socketType>
        <username>%EMAILADDRESS%</username> <authentication>password-cleartext</authentication>

Anybody can write such a document. A document type is refused, so there are no entities to unfold and
nothing outside to fetch; size, depth and number are bounded. Its words and links for people are not
read: they would be shown beside a field for a password.
It must not fetch anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from vedette.errors import ProtocolError
from vedette.guard.hosts import is_address, normalise
from vedette.identity.autoconfig.proposal import Login, MailAddress, Proposal
from vedette.ports.link import Encryption
from vedette.ports.registration import Auth

#: Octets of a document: the longest of Thunderbird's database has 12 KiB.
MOST: Final = 64 * 1024
#: Elements inside each other; the format has four.
_DEEPEST: Final = 16
#: Incoming servers that are read; the format's authors know of six.
_MOST_SERVERS: Final = 32
#: Characters of one value; a name of the DNS has 253.
_LONGEST: Final = 512
#: Ways to authenticate that are read of one server.
_MOST_WAYS: Final = 16

_SERVER: Final = ("clientConfig", "emailProvider", "incomingServer")

_ENCRYPTIONS: Final[Mapping[str, Encryption]] = {
    "ssl": Encryption.IMPLICIT,
    "tls": Encryption.IMPLICIT,
    "starttls": Encryption.STARTTLS,
}

#: The names of the format, those of its version 1.0 among them. What is not here can not be had.
_WAYS: Final[Mapping[str, Auth]] = {
    "password-cleartext": Auth.PASSWORD,
    "plain": Auth.PASSWORD,
    "password-encrypted": Auth.PASSWORD,
    "secure": Auth.PASSWORD,
    "oauth2": Auth.OAUTH2,
}

_ADDRESS: Final = "%EMAILADDRESS%"
_LOCAL: Final = "%EMAILLOCALPART%"
_DOMAIN: Final = "%EMAILDOMAIN%"


@dataclass(slots=True, kw_only=True)
class _Server:
    """An ``incomingServer`` as it is written."""

    values: dict[str, str] = field(default_factory=dict)
    ways: list[str] = field(default_factory=list)


def read_client_config(document: bytes, address: MailAddress) -> tuple[Proposal, ...]:
    """Return the IMAP servers of a document, TLS from the first octet on before STARTTLS.

    What has no encryption, no way to log in that we have, or a host that is none, is left out.
    Raises ProtocolError for what is no such document.
    """
    if len(document) > MOST:
        raise ProtocolError(f"the document has more than {MOST} octets")
    reader = _Reader()
    reader.read(document)
    found = [_proposal(server, address) for server in reader.servers]
    proposals = [each for each in found if each is not None]
    # RFC 8314 section 3; the order of the document otherwise.
    proposals.sort(key=lambda each: each.encryption is not Encryption.IMPLICIT)
    return tuple(dict.fromkeys(proposals))


class _Reader:
    """Collects what stands in incoming servers, as the parser comes by."""

    def __init__(self) -> None:
        self.servers: list[_Server] = []
        self._path: list[str] = []
        self._text: list[str] = []
        self._length = 0
        self._is_imap = False

    def read(self, document: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.buffer_text = True
        try:
            parser.Parse(document, True)  # noqa: FBT003 - the library's own flag: this is all of it
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise ProtocolError(f"the document is no XML: {error}") from error
        if not self._is_config:
            raise ProtocolError("the document is no clientConfig")

    _is_config = False

    def _refuse(self, *_declaration: object) -> None:
        raise ProtocolError("the document has a document type, which none needs")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= _DEEPEST:
            raise ProtocolError(f"the document is deeper than {_DEEPEST} elements")
        if not self._path and name == _SERVER[0]:
            self._is_config = True
        self._path.append(name)
        self._text.clear()
        self._length = 0
        if tuple(self._path) == _SERVER:
            self._is_imap = attributes.get("type", "").lower() == "imap"
            if self._is_imap:
                if len(self.servers) >= _MOST_SERVERS:
                    raise ProtocolError(f"the document has more than {_MOST_SERVERS} servers")
                self.servers.append(_Server())

    def _characters(self, text: str) -> None:
        if self._length < _LONGEST:
            self._text.append(text)
        self._length += len(text)

    def _end(self, name: str) -> None:
        if self._is_imap and tuple(self._path[:-1]) == _SERVER and self._length <= _LONGEST:
            self._take(self.servers[-1], name, "".join(self._text).strip())
        self._path.pop()
        self._text.clear()
        self._length = 0

    def _take(self, server: _Server, name: str, value: str) -> None:
        if name == "authentication":
            server.ways += [value.lower()] * (len(server.ways) < _MOST_WAYS)
        elif name in {"hostname", "port", "socketType", "username"}:
            # The first counts, as for whoever reads it.
            server.values.setdefault(name, value)


def _proposal(server: _Server, address: MailAddress) -> Proposal | None:
    values = server.values
    host = _host(values.get("hostname", ""), address)
    port = _port(values.get("port", ""))
    encryption = _ENCRYPTIONS.get(values.get("socketType", "").lower())
    ways = dict.fromkeys(_WAYS[each] for each in server.ways if each in _WAYS)
    login, user = _user(values.get("username", _ADDRESS), address)
    if host is None or port is None or encryption is None or not ways or not user:
        return None
    return Proposal(
        host=host, port=port, encryption=encryption, user=user, login=login, auths=tuple(ways)
    )


def _host(text: str, address: MailAddress) -> str | None:
    """Return a name of the DNS, or None for a literal, a single label, and what is no host."""
    written = text.replace(_DOMAIN, address.domain)
    if any(each in written for each in "@%:/"):
        return None
    host = normalise(written)
    return None if host is None or is_address(host) or "." not in host else host


def _port(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal() and len(text) <= len("65535")):
        return None
    return int(text) if 0 < int(text) < 2**16 else None


def _user(text: str, address: MailAddress) -> tuple[Login, str]:
    match text:
        case "%EMAILADDRESS%" | "%EMAILLOCALPART%@%EMAILDOMAIN%":
            return Login.ADDRESS, str(address)
        case "%EMAILLOCALPART%":
            return Login.LOCAL_PART, address.local
        case _:
            user = text.replace(_ADDRESS, str(address)).replace(_DOMAIN, address.domain)
            user = user.replace(_LOCAL, address.local)
            # Another's name, or one that is half filled in, is of no use to anybody.
            return Login.OTHER, user if user.isprintable() and "%EMAIL" not in user else ""
