"""Where a host table is: the database's URL in parts, and what of it may be shown.

Nothing is looked up, opened or dialled here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from vedette.errors import UsageError
from vedette.secret import Secret

#: Of a database's or library's words, in a reason: one line of the log.
MAX_WORDS: Final = 300
#: The shortest text worth guessing; hiding shorter ones would only garble the words.
_SHORTEST: Final = 4


@unique
class Make(StrEnum):
    """The databases that can be read."""

    POSTGRES = "postgres"
    MYSQL = "mysql"
    SQLITE = "sqlite"


class _Scheme(NamedTuple):
    database: Make
    tls: bool = False


_SCHEMES: Final = {
    "postgres": _Scheme(Make.POSTGRES),
    "postgresql": _Scheme(Make.POSTGRES),
    "postgres+tls": _Scheme(Make.POSTGRES, tls=True),
    "mysql": _Scheme(Make.MYSQL),
    "mariadb": _Scheme(Make.MYSQL),
    "mysql+tls": _Scheme(Make.MYSQL, tls=True),
    "sqlite": _Scheme(Make.SQLITE),
}
_PORTS: Final = {Make.POSTGRES: 5432, Make.MYSQL: 3306, Make.SQLITE: 0}
_EXAMPLE: Final = "postgres://user:password@host/database, mysql://… or sqlite:///path"

#: ``sslmode`` of libpq, of which those that may end without TLS are not offered: whoever stands in
#: between decides what they come to.
_MODES: Final = {"disable": False, "require": True, "verify-ca": True, "verify-full": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A database. ``path`` is its name, or the file of SQLite; ``schema`` is looked in first.

    ``private`` lets it be at an inside address. ``ca_file`` replaces the system's trust store.
    """

    database: Make
    host: str = ""
    port: int = 0
    tls: bool = False
    user: str | None = None
    password: Secret[str] | None = None
    path: str = ""
    schema: str | None = None
    private: bool = False
    ca_file: Path | None = None
    verify: bool = True

    @property
    def shown(self) -> str:
        """What is shown of it: never a user or a password."""
        if self.database is Make.SQLITE:
            return self.path
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.database}://{host}:{self.port}/{self.path}"

    def line(self, words: str) -> str:
        """Return a reason: one line, printable, short, without what we keep secret."""
        secret = "" if self.password is None else self.password.reveal()
        if len(secret) >= _SHORTEST:
            words = words.replace(secret, "***")
        shown = "".join(char if char.isprintable() else "?" for char in " ".join(words.split()))
        return f"{self.shown}: {shown[:MAX_WORDS]}"


def read_location(url: Secret[str]) -> Location:
    """Read a database's URL. Raises UsageError without its words: they may hold a password."""
    text = url.reveal().strip()
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise UsageError(f"the database's URL can not be read; give {_EXAMPLE}") from None
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None:
        raise UsageError(f"the database's URL is none of {_EXAMPLE}")
    if scheme.database is Make.SQLITE:
        return _file(parts)
    name = unquote(parts.path.removeprefix("/"))
    if not host or not name:
        raise UsageError(f"the database's URL needs a host and a database; give {_EXAMPLE}")
    tls, schema = _options(parts, scheme)
    return Location(
        database=scheme.database,
        host=host,
        port=port or _PORTS[scheme.database],
        tls=tls,
        user=unquote(parts.username) if parts.username else None,
        password=Secret(unquote(parts.password)) if parts.password else None,
        path=name,
        schema=schema,
    )


def _file(parts: SplitResult) -> Location:
    path = unquote(parts.path)
    if parts.netloc or not path.strip("/") or parts.query or parts.fragment or "\0" in path:
        raise UsageError("a SQLite database is sqlite:///path of its file, and nothing more")
    return Location(database=Make.SQLITE, path=path)


def _options(parts: SplitResult, scheme: _Scheme) -> tuple[bool, str | None]:
    """Return whether TLS is asked for, and the schema; other options are refused by name.

    A library would take options from there, past everything that is judged here.
    """
    tls, schema = scheme.tls, None
    if parts.fragment:
        raise UsageError("a database's URL has no fragment; write %23 for a # in a password")
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name == "sslmode" and value in _MODES:
            tls = tls or _MODES[value]
        elif name == "schema" and scheme.database is Make.POSTGRES:
            schema = value
        elif name == "sslmode":
            raise UsageError(f"sslmode is one of {', '.join(_MODES)}: TLS is asked for, or not")
        else:
            raise UsageError(
                f"the option {name!r} of the database's URL is not known here; "
                "sslmode and schema are, and the rest has keys of its own"
            )
    return tls, schema
