"""Where a broker is: its URL in parts, and what of it may be shown.

Nothing is looked up or dialled here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from vedette.errors import SinkError
from vedette.secret import Secret

#: Of a broker's or library's words, in a reason: one line in ``vedette status``.
MAX_WORDS: Final = 200
#: The shortest text worth guessing; hiding shorter ones would only garble the words.
_SHORTEST: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """What a scheme of a URL means: the port, and whether TLS is asked for."""

    port: int
    tls: bool = False


#: By kind of broker. NATS and Postgres upgrade to TLS within their protocol, the others begin
#: with it.
REDIS: Final = {"redis": Scheme(port=6379), "rediss": Scheme(port=6379, tls=True)}
NATS: Final = {"nats": Scheme(port=4222), "tls": Scheme(port=4222, tls=True)}
KAFKA: Final = {"kafka": Scheme(port=9092), "kafka+tls": Scheme(port=9093, tls=True)}
POSTGRES: Final = {"postgres": Scheme(port=5432), "postgres+tls": Scheme(port=5432, tls=True)}
AMQP: Final = {"amqp": Scheme(port=5672), "amqps": Scheme(port=5671, tls=True)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The parts of a URL, percent-decoded; ``path`` is without its first slash."""

    scheme: str
    host: str
    port: int
    tls: bool
    user: str | None
    password: Secret[str] | None
    path: str

    @property
    def name(self) -> str:
        """What is shown of it: scheme, host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def line(self, words: str) -> str:
        """Return a reason: one line, printable, short, without what we keep secret."""
        secret = "" if self.password is None else self.password.reveal()
        if len(secret) >= _SHORTEST:
            words = words.replace(secret, "***")
        shown = "".join(char if char.isprintable() else "?" for char in " ".join(words.split()))
        return f"{self.name}: {shown[:MAX_WORDS]}"


def read_place(url: Secret[str], schemes: Mapping[str, Scheme]) -> Place:
    """Read a URL. Raises SinkError, without its words: they may hold a secret."""
    example = f"{next(iter(schemes))}://host"
    try:
        parts = urlsplit(url.reveal().strip())
        port = parts.port
        host = parts.hostname
    except ValueError as error:
        raise SinkError(f"a broker's URL can not be read; give {example}") from error
    scheme = schemes.get(parts.scheme)
    if scheme is None or not host:
        known = " or ".join(f"{each}://" for each in schemes)
        raise SinkError(f"a broker's URL needs {known} and a host; give {example}")
    if parts.query or parts.fragment:
        # A library would take options from there, past everything that is judged here.
        raise SinkError(f"a broker's URL has no query and no fragment; give {example}")
    return Place(
        scheme=parts.scheme,
        host=host,
        port=port or scheme.port,
        tls=scheme.tls,
        user=unquote(parts.username) if parts.username else None,
        password=_password(parts),
        path=unquote(parts.path.removeprefix("/")),
    )


def _password(parts: SplitResult) -> Secret[str] | None:
    return Secret(unquote(parts.password)) if parts.password else None
