"""The ``[accounts.NAME]`` tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TypeVar

from vedette.config.address import MailAddress, read_address, read_proxy
from vedette.config.document import Table
from vedette.config.environment import secret, secret_file
from vedette.config.settings import AccountSettings
from vedette.errors import UsageError
from vedette.model.account import Account, Beginning, Canary, Cover, Credentials, Depth, Start
from vedette.model.ids import AccountId, TenantId
from vedette.ports.link import Encryption, Target, TlsPolicy
from vedette.secret import Secret

T = TypeVar("T")

DEFAULT_FOLDERS = ("\\Inbox", "\\Junk")
DEFAULT_TENANT = "default"
MIB = 1024 * 1024

#: SHA-256 in hex.
PIN_DIGITS = 64

#: ``start = 50``: more of the past than this is an import, not a watch.
MAX_LAST = 100_000

#: Seconds between probe mails: each is a login, and a provider counts those.
LEAST_CANARY = 300
MOST_CANARY = 604_800

_PORTS = {Encryption.IMPLICIT: 993, Encryption.STARTTLS: 143, Encryption.NONE: 143}


def read_account(table: Table) -> AccountSettings:
    """Read one account. Raises ConfigError with file, line and key."""
    address = _address(table)
    email = table.text("email") or address.user or ""
    account = Account(
        id=AccountId(table.name),
        tenant=TenantId(table.text("tenant") or DEFAULT_TENANT),
        email=email,
        credentials=_credentials(table, address),
        folders=table.texts("folders", DEFAULT_FOLDERS) or DEFAULT_FOLDERS,
        beginning=read_beginning(table),
        depth=table.choice("depth", Depth, Depth.TEXT),
        cover=table.choice("cover", Cover, Cover.POLL),
        trusted_authserv=table.texts("authserv"),
        canary=read_canary(table),
        max_message=table.whole("max_message", 50 * MIB, low=MIB // 4, high=150 * MIB),
    )
    target = Target(
        host=address.host,
        port=address.port,
        encryption=address.encryption,
        policy=read_policy(table.table("tls")),
        proxy=_checked(table, "proxy", read_proxy),
        # Whoever writes this file runs this service: an inside server is what they mean.
        private=table.flag("private", default=True),
    )
    table.done()
    return AccountSettings(account=account, target=target)


def secret_of(table: Table, key: str) -> Secret[str] | None:
    """Return ``key``, or what ``key_env`` or ``key_file`` points to; one of them at most."""
    given = [name for name in (key, f"{key}_env", f"{key}_file") if name in table]
    if len(given) > 1:
        table.fail(given[1], f"{given[0]} is given too; keep one of them")
    value = table.text(key)
    variable = table.text(f"{key}_env")
    file = table.text(f"{key}_file")
    if variable is not None:
        found = secret(variable)
        if found is None:
            table.fail(f"{key}_env", f"the environment has no variable {variable}")
        return found
    if file is not None:
        return _checked(table, f"{key}_file", lambda path: secret_file(Path(path)))
    return None if value is None else Secret(value)


def _address(table: Table) -> MailAddress:
    url = table.text("url")
    if url is not None:
        for key in ("host", "port", "encryption"):
            if key in table:
                table.fail(key, "url is given too, and says it already")
        address = _checked(table, "url", read_address)
        if address is None:
            table.fail("url", "is empty")
    else:
        encryption = table.choice("encryption", Encryption, Encryption.IMPLICIT)
        address = MailAddress(
            host=table.required("host", "the server to watch, or give url"),
            port=table.whole("port", _PORTS[encryption], low=1, high=65_535),
            encryption=encryption,
            user=None,
            password=None,
        )
    user = table.text("user") or address.user or table.text("email")
    if user is None:
        table.missing("user", "the name to log in with")
    return MailAddress(
        host=address.host,
        port=address.port,
        encryption=address.encryption,
        user=user,
        password=address.password,
    )


def _credentials(table: Table, address: MailAddress) -> Credentials:
    token = secret_of(table, "token")
    password = secret_of(table, "password") or address.password
    if token is None and password is None:
        table.missing("password", "give password, password_env, password_file or token")
    return Credentials(user=address.user or "", password=password, token=token)


def read_beginning(table: Table) -> Beginning:
    """Read ``start``: where the first watch of a folder begins."""
    value = table.raw("start")
    if value is None or value == "now":
        return Beginning()
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= MAX_LAST:
            table.fail("start", f"the last {value} messages are not within 1 and {MAX_LAST}")
        return Beginning(start=Start.LAST, count=value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return Beginning(start=Start.DATE, instant=moment.timestamp())
    if isinstance(value, date):
        return Beginning(start=Start.DATE, instant=datetime.combine(value, time(), UTC).timestamp())
    return table.fail("start", 'expected "now", a date such as 2026-11-01, or a number of messages')


def read_canary(table: Table) -> Canary | None:
    """Read the keys about probe mails: whether, how often, and into which folder."""
    usual = Canary()
    canary = Canary(
        interval=table.number(
            "canary_interval", usual.interval, low=LEAST_CANARY, high=MOST_CANARY
        ),
        folder=table.text("canary_folder", usual.folder) or usual.folder,
    )
    return canary if table.flag("canary", default=False) else None


def read_policy(table: Table) -> TlsPolicy:
    """Read a table ``tls``: whom to trust."""
    pin = table.text("pin")
    if pin is not None:
        pin = pin.replace(":", "").lower()
        if len(pin) != PIN_DIGITS or not set(pin) <= set("0123456789abcdef"):
            table.fail("pin", "expected the SHA-256 of the certificate, 64 hex digits")
    ca_file = table.text("ca_file")
    if ca_file is not None and not Path(ca_file).is_file():
        table.fail("ca_file", f"{ca_file} is not a file")
    minimum = table.text("minimum", "1.2") or "1.2"
    if minimum not in {"1.2", "1.3"}:
        table.fail("minimum", "expected 1.2 or 1.3; older versions of TLS are broken")
    level = table.raw("security_level")
    policy = TlsPolicy(
        verify=table.flag("verify", default=True),
        ca_file=ca_file,
        pin=pin,
        minimum=minimum,
        security_level=None if level is None else table.whole("security_level", 2, low=0, high=5),
    )
    table.done()
    return policy


def _checked(table: Table, key: str, read: Callable[[str], T]) -> T | None:
    value = table.text(key)
    if value is None:
        return None
    try:
        found = read(value)
    except UsageError as error:
        table.fail(key, str(error))
    return found
