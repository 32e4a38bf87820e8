"""How a row's mailbox logs in: the way, and the secrets for it, opened.

One way for every kind of row, so that none is passed over because its password is empty where it
has a token. A secret is opened or the row is refused: it is never empty, and no value of it is
repeated. It must not know the server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vedette.ports.registration import Auth, Grant
from vedette.secret import Secret
from vedette.sources import value
from vedette.sources.cipher import MAX_SECRET, Cipher, CipherError
from vedette.sources.row import FieldError, Fields, Row, spoken
from vedette.sources.settings import Column, SourceSettings, Way

#: What an ``auth`` column says of a password, unless the settings give its words a meaning.
_PASSWORDS: Final = frozenset(("password", "app_password", "app-password", "login", "basic"))

#: The name under which the key of a token server goes (``ports.source``).
_SERVER_KEY: Final = "token_url_secret"


@dataclass(frozen=True, slots=True)
class Logins:
    """Tells the way of a row to log in."""

    settings: SourceSettings
    fields: Fields
    cipher: Cipher | None

    def of(self, row: Row) -> tuple[Grant, Mapping[str, Secret[str]]]:
        """Return the way and the secrets that it needs, by name. Raises FieldError."""
        way = self._way(row)
        match way.grant.auth:
            case Auth.PASSWORD if way.is_token:
                return way.grant, self._needed(row, Column.TOKEN)
            case Auth.PASSWORD:
                return way.grant, self._needed(row, Column.PASSWORD)
            case Auth.OAUTH2:
                return way.grant, self._needed(row, Column.REFRESH_TOKEN)
            case Auth.TOKEN_URL if self.settings.token_secret is not None:
                return way.grant, {_SERVER_KEY: self.settings.token_secret}
            case Auth.TOKEN_URL | Auth.TOKEN_COMMAND:
                return way.grant, {}

    def _way(self, row: Row) -> Way:
        found = self.fields.get(row, Column.AUTH, value.text)
        known = self.settings.auth.get(found or "")
        if known is not None:
            return known
        if not found or found.lower() in _PASSWORDS:
            return Way()
        raise FieldError(Column.AUTH, f"is {value.shown(found)}, which [auth] does not explain")

    def _needed(self, row: Row, column: Column) -> Mapping[str, Secret[str]]:
        given = self.fields.raw(row, column)
        if given is None:
            where = "is NULL" if column in self.fields else "is no column of the query"
            raise FieldError(column, f"{where}: there is nothing to log in with")
        if isinstance(given, dict):
            # A column of type JSON, as some libraries decode it.
            given = json.dumps(given)
        if isinstance(given, memoryview | bytearray):
            given = bytes(given)
        if not isinstance(given, str | bytes):
            raise FieldError(column, "is neither a text nor octets")
        return {column.value: self._opened(given, row, column)}

    def _opened(self, given: str | bytes, row: Row, column: Column) -> Secret[str]:
        sealed = self.settings.cipher
        if self.cipher is None or sealed is None:
            return _plain(given, column)
        try:
            secret = self.cipher.open(given, aad=spoken(sealed.aad, row))
        except CipherError as error:
            raise FieldError(column, str(error)) from None
        return _sound(secret.reveal(), column)


def _plain(given: str | bytes, column: Column) -> Secret[str]:
    if len(given) > MAX_SECRET:
        raise FieldError(column, f"is longer than {MAX_SECRET} octets")
    try:
        text = given if isinstance(given, str) else given.decode()
    except UnicodeDecodeError:
        raise FieldError(column, "is no UTF-8") from None
    return _sound(text, column)


def _sound(text: str, column: Column) -> Secret[str]:
    if not text:
        raise FieldError(column, "is empty: there is nothing to log in with")
    if "\0" in text:
        raise FieldError(column, "holds a NUL, which no password may")
    return Secret(text)
