"""Which server a row's mailbox lives on, and how the link to it is protected.

There is no opportunistic mode: ``allow_starttls`` is STARTTLS or nothing, and no TLS at all has to
be allowed in the settings. It must not know how the mailbox logs in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vedette.ports.link import Encryption, Target
from vedette.sources import value
from vedette.sources.row import FieldError, Fields, Row
from vedette.sources.settings import Column, Provider, SourceSettings
from vedette.sources.value import UnfitError, Value

#: The ports of IMAP (RFC 8314 section 3.2, RFC 9051 section 2.1).
PORTS: Final = {Encryption.IMPLICIT: 993, Encryption.STARTTLS: 143, Encryption.NONE: 143}

#: What people call the ways to protect a link.
_WORDS: Final = {
    **dict.fromkeys(("implicit", "tls", "ssl", "ssl/tls", "imaps"), Encryption.IMPLICIT),
    **dict.fromkeys(("starttls", "start_tls"), Encryption.STARTTLS),
    **dict.fromkeys(("none", "plain", "plaintext"), Encryption.NONE),
}

#: The highest port.
_LAST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Servers:
    """Tells the server of a row."""

    settings: SourceSettings
    fields: Fields

    def target(self, row: Row, email: str) -> Target:
        """Return the server, from the row, its provider, or the settings. Raises FieldError."""
        mail = self.settings.mail
        host = self.fields.get(row, Column.HOST, _host)
        port = self.fields.get(row, Column.PORT, _port)
        if host is None and (provider := self._provider(row, email)) is not None:
            return self._reached(provider.host, port or provider.port, provider.encryption)
        host = host or mail.host
        if host is None:
            raise FieldError(
                Column.HOST, "is missing, and neither provider nor address tells the server"
            )
        encryption = self._encryption(row, port)
        return self._reached(host, port or mail.port or PORTS[encryption], encryption)

    def guess(self, row: Row, email: str) -> Target:
        """Return the server, or one without a name where it can not be told."""
        try:
            return self.target(row, email)
        except FieldError:
            mail = self.settings.mail
            return Target(host=mail.host or "", port=mail.port or PORTS[mail.encryption])

    def _reached(self, host: str, port: int, encryption: Encryption) -> Target:
        mail = self.settings.mail
        return Target(
            host=host, port=port, encryption=encryption, policy=mail.policy, private=mail.private
        )

    def _provider(self, row: Row, email: str) -> Provider | None:
        """Return the server that goes by the provider's name, or by the domain of the address."""
        providers = self.settings.providers
        name = self.fields.get(row, Column.PROVIDER, value.text)
        if name and (named := providers.get(name.lower())) is not None:
            return named
        domain = email.rpartition("@")[2].lower()
        return next((each for each in providers.values() if domain in each.domains), None)

    def _encryption(self, row: Row, port: int | None) -> Encryption:
        """Return how the link is protected: by its word, by the two flags, or by the port."""
        mail = self.settings.mail
        column = Column.ENCRYPTION
        found = self.fields.get(row, column, _encryption)
        if found is None:
            column = Column.SECURE
            found = self._by_flags(row)
        if found is None and port in PORTS.values():
            found = next(each for each, number in PORTS.items() if number == port)
        if found is None:
            return mail.encryption
        if found is Encryption.NONE and not mail.plain:
            raise FieldError(column, "asks for no TLS, which mail.plain = true would have to allow")
        return found

    def _by_flags(self, row: Row) -> Encryption | None:
        """Return what ``secure`` and ``allow_starttls`` come to."""
        secure = self.fields.get(row, Column.SECURE, value.flag)
        if secure is None:
            return None
        if secure:
            return Encryption.IMPLICIT
        starttls = self.fields.get(row, Column.ALLOW_STARTTLS, value.flag)
        return Encryption.NONE if starttls is False else Encryption.STARTTLS


def _host(given: Value) -> str | None:
    """Return a host; None for an empty text, which some tables have in place of NULL."""
    found = value.text(given)
    if not found:
        return None
    if any(char in found for char in " /@\\") or "://" in found:
        raise UnfitError(f"is {value.shown(found)}, no name of a host")
    return found


def _port(given: Value) -> int:
    return value.number(given, low=1, high=_LAST_PORT)


def _encryption(given: Value) -> Encryption | None:
    found = value.text(given).lower()
    if not found:
        return None
    if found not in _WORDS:
        raise UnfitError(f"is {value.shown(found)}, none of tls, starttls, plain")
    return _WORDS[found]
