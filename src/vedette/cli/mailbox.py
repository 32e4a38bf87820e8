"""A mailbox as the commands name it: a URL with its options, or an account's name."""

from __future__ import annotations

import getpass
import re
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from vedette.cli.place import configuration
from vedette.config import environment
from vedette.config.accounts import DEFAULT_FOLDERS, DEFAULT_TENANT
from vedette.config.address import MailAddress, read_address
from vedette.config.service import read_settings
from vedette.config.settings import AccountSettings, Settings
from vedette.errors import UsageError
from vedette.model.account import Account, Beginning, Credentials, Depth, Start
from vedette.model.ids import AccountId, TenantId
from vedette.ports.link import Target, TlsPolicy
from vedette.secret import Secret

#: A port that goes without saying is no part of an account's name.
STANDARD_PORTS = frozenset({143, 993})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a command was told about a mailbox."""

    mailbox: str
    folders: tuple[str, ...] = ()
    beginning: Beginning = field(default_factory=Beginning)
    depth: Depth = Depth.TEXT
    policy: TlsPolicy = field(default_factory=TlsPolicy)
    password_file: Path | None = None
    #: The configuration that a name is looked up in; the usual one without it.
    config: Path | None = None


def settings_of(wanted: Wanted, state: Path | None) -> Settings:
    """Return settings with this one account. Raises UsageError or ConfigError."""
    if "://" not in wanted.mailbox:
        return _named(wanted, state)
    address = read_address(wanted.mailbox)
    if address.user is None:
        raise UsageError(f"the URL names no user; write it as imaps://user@{address.host}")
    name = f"{address.user}@{address.host}"
    if address.port not in STANDARD_PORTS:
        name = f"{name}:{address.port}"
    account = Account(
        id=AccountId(name),
        tenant=TenantId(DEFAULT_TENANT),
        email=address.user,
        credentials=_credentials(address, wanted.password_file),
        folders=wanted.folders or DEFAULT_FOLDERS,
        beginning=wanted.beginning,
        depth=wanted.depth,
    )
    target = Target(
        host=address.host,
        port=address.port,
        encryption=address.encryption,
        policy=wanted.policy,
        # Whoever types the host owns the terminal: an inside server is what they mean.
        private=True,
    )
    return Settings(
        state=state or environment.state_folder() / "watch" / _slug(name),
        accounts=(AccountSettings(account=account, target=target),),
    )


def _named(wanted: Wanted, state: Path | None) -> Settings:
    """Return the settings of one account of the configuration, with a state of its own."""
    name = wanted.mailbox
    settings = read_settings(configuration(wanted.config))
    for each in settings.accounts:
        if each.account.id == name:
            return Settings(
                state=state or environment.state_folder() / "watch" / _slug(name),
                accounts=(_overridden(each, wanted),),
                logins=settings.logins,
                tempo=settings.tempo,
                retention=settings.retention,
            )
    known = ", ".join(each.account.id for each in settings.accounts) or "none"
    raise UsageError(f"no account is named {name!r} in the configuration; there are: {known}")


def _overridden(settings: AccountSettings, wanted: Wanted) -> AccountSettings:
    """Return the account with what the command line says otherwise."""
    account, target = settings.account, settings.target
    standard = Wanted(mailbox=wanted.mailbox)
    if wanted.folders:
        account = replace(account, folders=wanted.folders)
    if wanted.beginning != standard.beginning:
        account = replace(account, beginning=wanted.beginning)
    if wanted.depth is not standard.depth:
        account = replace(account, depth=wanted.depth)
    if wanted.policy != standard.policy:
        target = replace(target, policy=wanted.policy)
    if wanted.password_file is not None:
        password = environment.secret_file(wanted.password_file)
        credentials = Credentials(user=account.credentials.user, password=password)
        account = replace(account, credentials=credentials)
    return AccountSettings(account=account, target=target)


def _credentials(address: MailAddress, password_file: Path | None) -> Credentials:
    user = address.user or ""
    token = environment.secret(environment.TOKEN)
    if token is not None:
        return Credentials(user=user, token=token)
    password = address.password
    if password is None and password_file is not None:
        password = environment.secret_file(password_file)
    password = password or environment.secret(environment.PASSWORD)
    password = password or environment.keyring_password(address.host, user)
    if password is None:
        if not sys.stdin.isatty():
            raise UsageError(
                f"no password for {user}: set {environment.PASSWORD}, or give --password-file"
            )
        password = Secret(getpass.getpass(f"Password of {user} at {address.host}: "))
    return Credentials(user=user, password=password)


def beginning(since: str | None, last: int | None) -> Beginning:
    """Return where a first watch begins. Raises UsageError."""
    if since is not None and last is not None:
        raise UsageError("--since and --last are two different beginnings; give one of them")
    if last is not None:
        if last < 1:
            raise UsageError("--last needs a number of messages, such as 10")
        return Beginning(start=Start.LAST, count=last)
    if since is None:
        return Beginning()
    try:
        moment = datetime.fromisoformat(since)
    except ValueError as error:
        raise UsageError(f"--since: {since!r} is no date such as 2026-11-01") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return Beginning(start=Start.DATE, instant=moment.timestamp())


def _slug(name: str) -> str:
    """Return a folder's name for an account: readable, and no two accounts share one."""
    return re.sub(r"[^A-Za-z0-9@._+-]", lambda found: f"%{ord(found[0]):x}", name)
