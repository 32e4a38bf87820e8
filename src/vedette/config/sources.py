"""The ``[sources.NAME]`` tables: where a host application's own table of mailboxes is, and its form.

It must not know a database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from vedette.config.accounts import (
    DEFAULT_FOLDERS,
    DEFAULT_TENANT,
    MIB,
    read_beginning,
    read_policy,
    secret_of,
)
from vedette.config.document import Table
from vedette.config.endpoints import names_inside
from vedette.errors import UsageError
from vedette.model.account import Cover, Depth
from vedette.ports.link import Encryption
from vedette.ports.registration import Auth, Grant
from vedette.sources.cipher import (
    JSON,
    NONCE,
    CipherSettings,
    Encoding,
    KeyForm,
    derive,
    read_layout,
)
from vedette.sources.database import NAMES, TOKEN_NAMES
from vedette.sources.location import Location, Make, read_location
from vedette.sources.server import PORTS
from vedette.sources.settings import (
    Column,
    MailSettings,
    Provider,
    SourceSettings,
    Taken,
    Way,
    WriteSettings,
)
from vedette.sources.statement import Statement, read_statement

T = TypeVar("T")

#: Seconds of a day: a table that is read more rarely is no source of a service that watches.
DAY: Final = 86_400.0
#: Rows that a source may have at most: an instance watches some ten thousand mailboxes.
MAX_ROWS: Final = 1_000_000


def read_source(table: Table) -> SourceSettings:
    """Read one source. Raises ConfigError with file, line and key."""
    location = _location(table)
    source = SourceSettings(
        name=table.name,
        location=location,
        query=table.required("query", "a SELECT that yields one row for each mailbox"),
        columns=_columns(table.table("columns")),
        refresh=table.number("refresh", 300.0, low=1.0, high=DAY),
        timeout=table.number("timeout", 30.0, low=0.1, high=600.0),
        rows=table.whole("rows", 50_000, low=1, high=MAX_ROWS),
        listen=table.text("listen"),
        second_look=table.number("second_look", 60.0, low=0.0, high=DAY),
        most_gone=table.number("most_gone", 0.5, low=0.0, high=1.0),
        prefix=table.text("prefix") or "",
        consent=table.text("consent"),
        cipher=_cipher(table.table("cipher")) if "cipher" in table else None,
        auth=_ways(table.table("auth")),
        token_secret=secret_of(table, "token_secret"),
        providers={
            each.name.lower(): _provider(each) for each in table.table("providers").tables()
        },
        mail=_mail(table.table("mail")),
        write=_write(table.table("write")),
    )
    if source.listen is not None and location.database is not Make.POSTGRES:
        table.fail(
            "listen", "only Postgres has channels; the others are read every refresh seconds"
        )
    table.done()
    return source


def _location(table: Table) -> Location:
    url = secret_of(table, "url")
    if url is None:
        table.missing("url", "where the database is: postgres://, mysql:// or sqlite:///")
    place = next(each for each in ("url", "url_env", "url_file") if each in table)
    location = _checked(table, place, lambda: read_location(url))
    ca_file = table.text("ca_file")
    inside = location.database is Make.SQLITE or names_inside(url)
    return replace(
        location,
        private=table.flag("private", default=inside),
        ca_file=None if ca_file is None else Path(ca_file),
        verify=table.flag("verify", default=True),
    )


def _columns(table: Table) -> Mapping[Column, Taken]:
    found = {}
    for column in Column:
        given = table.raw(column.value)
        if isinstance(given, str) and given:
            found[column] = Taken(column=given)
        elif isinstance(given, dict) and list(given) == ["value"]:
            if not isinstance(given["value"], str | int | bool):
                table.fail(column.value, "a value is a text, a whole number, true or false")
            found[column] = Taken(value=given["value"])
        elif given is not None:
            table.fail(column.value, 'expected the name of a column, or { value = "the same" }')
    table.done()
    return found


def _cipher(table: Table) -> CipherSettings:
    key = secret_of(table, "key")
    if key is None:
        table.missing("key", "what the secrets are encrypted with; give key_env or key_file")
    form = table.choice("key_form", KeyForm, KeyForm.HEX)
    salt = table.text("salt") or ""
    place = next(each for each in ("key", "key_env", "key_file") if each in table)
    encoding = table.choice("encoding", Encoding, Encoding.HEX)
    layout = _checked(
        table,
        "layout",
        lambda: read_layout(
            table.text("layout", "iv:tag:ciphertext") or "",
            nonce=table.whole("iv_bytes", NONCE, low=8, high=128),
            members=table.texts("members"),
        ),
    )
    if encoding is Encoding.RAW and (layout.members or len(layout.chunks) > 1):
        table.fail("layout", f"raw octets are joined by +, such as iv+ciphertext, and no {JSON}")
    aad = table.text("aad") or ""
    if aad.count("{") != aad.count("}") or "{}" in aad:
        table.fail("aad", "a column stands between { and }, such as mail:{id}")
    settings = CipherSettings(
        key=_checked(table, place, lambda: derive(key, form, salt=salt)),
        layout=layout,
        encoding=encoding,
        aad=aad,
    )
    table.done()
    return settings


def _ways(table: Table) -> Mapping[str, Way]:
    """Read what the words of the column ``auth`` mean; the names are the host's own."""
    return {word: _way(table, word) for word in table.keys}


def _way(table: Table, word: str) -> Way:
    said = table.text(word) or ""
    kind, _, rest = said.partition(":")
    if kind == Auth.PASSWORD and not rest:
        return Way()
    if kind == "token" and not rest:
        return Way(is_token=True)
    if kind == Auth.OAUTH2 and rest:
        return Way(grant=Grant(auth=Auth.OAUTH2, app=rest))
    if kind == Auth.TOKEN_URL and rest.startswith(("https://", "http://")):
        return Way(grant=Grant(auth=Auth.TOKEN_URL, url=rest))
    return table.fail(word, 'expected "password", "token", "oauth2:APP" or "token_url:https://…"')


def _provider(table: Table) -> Provider:
    encryption = table.choice("encryption", Encryption, Encryption.IMPLICIT)
    provider = Provider(
        host=table.required("host", "the server of its mailboxes"),
        port=table.whole("port", PORTS[encryption], low=1, high=65_535),
        encryption=encryption,
        domains=tuple(each.lower() for each in table.texts("domains")),
    )
    table.done()
    return provider


def _mail(table: Table) -> MailSettings:
    port = table.raw("port")
    mail = MailSettings(
        tenant=table.text("tenant") or DEFAULT_TENANT,
        host=table.text("host"),
        port=None if port is None else table.whole("port", 993, low=1, high=65_535),
        encryption=table.choice("encryption", Encryption, Encryption.IMPLICIT),
        policy=read_policy(table.table("tls")),
        private=table.flag("private", default=False),
        plain=table.flag("plain", default=False),
        folders=table.texts("folders", DEFAULT_FOLDERS) or DEFAULT_FOLDERS,
        beginning=read_beginning(table),
        depth=table.choice("depth", Depth, Depth.TEXT),
        cover=table.choice("cover", Cover, Cover.POLL),
        authserv=table.texts("authserv"),
        max_message=table.whole("max_message", 50 * MIB, low=MIB // 4, high=150 * MIB),
    )
    if mail.encryption is Encryption.NONE and not mail.plain:
        table.fail("encryption", "no TLS at all needs plain = true beside it")
    table.done()
    return mail


def _write(table: Table) -> WriteSettings:
    settings = WriteSettings(
        on_error=_statement(table, "on_error"),
        on_connected=_statement(table, "on_connected"),
        on_heartbeat=_statement(table, "on_heartbeat"),
        refresh_token=_handback(table),
        heartbeat=table.number("heartbeat", 60.0, low=1.0, high=DAY),
        pace=table.number("pace", 1.0, low=0.1, high=60.0),
    )
    table.done()
    return settings


def _handback(table: Table) -> Statement | None:
    statement = _statement(table, "refresh_token", known=TOKEN_NAMES)
    if statement is not None and "refresh_token" not in statement.names:
        table.fail("refresh_token", "has no :refresh_token in it, so the new one would be nowhere")
    return statement


def _statement(table: Table, key: str, *, known: Collection[str] = NAMES) -> Statement | None:
    text = table.text(key)
    if text is None:
        return None
    statement = _checked(table, key, lambda: read_statement(text, known=known))
    if "id" not in statement.names:
        table.fail(key, "has no :id in it, so it would write into every row")
    return statement


def _checked(table: Table, key: str, read: Callable[[], T]) -> T:
    try:
        found = read()
    except UsageError as error:
        table.fail(key, str(error))
    return found
