"""``vedette watch``: print, run or post each new message of one mailbox."""

from __future__ import annotations

import asyncio
import getpass
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette.app.watch import Watch
from vedette.cli.live import LiveSink
from vedette.cli.place import configuration
from vedette.config import environment
from vedette.config.accounts import DEFAULT_FOLDERS, DEFAULT_TENANT
from vedette.config.address import MailAddress, read_address
from vedette.config.endpoints import names_inside
from vedette.config.service import read_settings
from vedette.config.settings import AccountSettings, EndpointSettings, Settings
from vedette.errors import UsageError
from vedette.model.account import Account, Beginning, Credentials, Depth, Start
from vedette.model.delivery import Endpoint, Selection
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.outbox.signature import key
from vedette.ports.link import Target, TlsPolicy
from vedette.ports.sink import Sink
from vedette.secret import Secret
from vedette.sinks.command import CommandSettings
from vedette.sinks.lines import LinesSettings
from vedette.sinks.webhook import WebhookSettings
from vedette.telemetry.log import LogPolicy, Style, configure

#: What ``watch`` shows by itself: mail, not the account's story.
MAIL = Selection(types=("message.*", "mailbox.*"))

OUT = EndpointId("stdout")


def watch(
    mailbox: str,
    /,
    *,
    json: bool | None = None,
    exec_: Annotated[str | None, Parameter(name="--exec")] = None,
    webhook: str | None = None,
    folder: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    since: str | None = None,
    last: int | None = None,
    depth: Depth = Depth.TEXT,
    once: Annotated[bool, Parameter(negative=())] = False,
    state: Path | None = None,
    ca_file: Path | None = None,
    pin: str | None = None,
    password_file: Path | None = None,
    insecure: Annotated[bool, Parameter(negative=())] = False,
    verbose: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Print one event per new message, until stopped; go on where the last run ended.

    The password comes from VEDETTE_PASSWORD, --password-file, the keyring, or a prompt.

    Parameters
    ----------
    mailbox
        imaps://user@host, or the name of an account in the configuration.
    json
        One JSON line per event; the default where the output is not a terminal.
    exec_
        Run this command for each event, with the event on its standard input.
    webhook
        Post each event to this URL, signed with VEDETTE_WEBHOOK_SECRET if it is set.
    folder
        Watch this folder (again for more); the default is INBOX and Junk.
    since
        On the first run, begin at this date, such as 2026-11-01.
    last
        On the first run, begin with the last N messages.
    depth
        How much of a message goes into its event.
    once
        Deliver what is there and stop.
    state
        Where to keep the state of this watch.
    ca_file
        Trust the certificates in this file instead of the system's.
    pin
        Trust exactly the certificate with this SHA-256.
    password_file
        Read the password from the first line of this file.
    insecure
        Do not check the server's certificate. For a test on your own machine.
    verbose
        Log what happens, to standard error.
    """
    configure(LogPolicy(level="info" if verbose else "error", style=Style.CONSOLE))
    settings = _settings_of(
        mailbox,
        folders=folder,
        beginning=_beginning(since, last),
        depth=depth,
        state=state,
        policy=TlsPolicy(
            verify=not insecure, ca_file=None if ca_file is None else str(ca_file), pin=pin
        ),
        password_file=password_file,
    )
    live = not json if json is not None else sys.stdout.isatty()
    endpoints = _endpoints(exec_, webhook)
    extra: dict[EndpointId, tuple[Endpoint, Sink]] = {}
    if live:
        extra[OUT] = (Endpoint(id=OUT, selection=MAIL, ordered=True, concurrency=1), LiveSink())
    elif not endpoints or json:
        out = Endpoint(id=OUT, selection=MAIL, ordered=True, concurrency=1)
        endpoints = (*endpoints, EndpointSettings(endpoint=out, sink=LinesSettings()))
    asyncio.run(_run(replace(settings, endpoints=endpoints), extra, once=once))
    return 0


async def _run(
    settings: Settings, extra: dict[EndpointId, tuple[Endpoint, Sink]], *, once: bool
) -> None:
    await Watch(settings, extra=extra).run(once=once)


def _settings_of(
    mailbox: str,
    *,
    folders: tuple[str, ...],
    beginning: Beginning,
    depth: Depth,
    state: Path | None,
    policy: TlsPolicy,
    password_file: Path | None,
) -> Settings:
    if "://" not in mailbox:
        return _named(mailbox, state)
    address = read_address(mailbox)
    if address.user is None:
        raise UsageError(f"the URL names no user; write it as imaps://user@{address.host}")
    name = f"{address.user}@{address.host}"
    if address.port not in {993, 143}:
        name = f"{name}:{address.port}"
    account = Account(
        id=AccountId(name),
        tenant=TenantId(DEFAULT_TENANT),
        email=address.user,
        credentials=_credentials(address, password_file),
        folders=folders or DEFAULT_FOLDERS,
        beginning=beginning,
        depth=depth,
    )
    target = Target(
        host=address.host,
        port=address.port,
        encryption=address.encryption,
        policy=policy,
        # Whoever types the host owns the terminal: an inside server is what they mean.
        private=True,
    )
    return Settings(
        state=state or environment.state_folder() / "watch" / _slug(name),
        accounts=(AccountSettings(account=account, target=target),),
    )


def _named(name: str, state: Path | None) -> Settings:
    """Return the settings of one account of the configuration, with a state of its own."""
    settings = read_settings(configuration(None))
    for each in settings.accounts:
        if each.account.id == name:
            return Settings(
                state=state or environment.state_folder() / "watch" / _slug(name),
                accounts=(each,),
                logins=settings.logins,
                tempo=settings.tempo,
                retention=settings.retention,
            )
    known = ", ".join(each.account.id for each in settings.accounts) or "none"
    raise UsageError(f"no account is named {name!r} in the configuration; there are: {known}")


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


def _beginning(since: str | None, last: int | None) -> Beginning:
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


def _endpoints(command: str | None, webhook: str | None) -> tuple[EndpointSettings, ...]:
    found: list[EndpointSettings] = []
    if command is not None:
        found.append(
            EndpointSettings(
                endpoint=Endpoint(id=EndpointId("exec"), selection=MAIL, concurrency=4),
                sink=CommandSettings(command=command, inherit_stdout=True),
            )
        )
    if webhook is not None:
        if not webhook.startswith(("https://", "http://")):
            raise UsageError("--webhook needs a URL with https:// or http://")
        signing = environment.secret(environment.WEBHOOK_SECRET)
        url = Secret(webhook)
        found.append(
            EndpointSettings(
                endpoint=Endpoint(id=EndpointId("webhook"), selection=MAIL),
                sink=WebhookSettings(url=url, keys=() if signing is None else (key(signing),)),
                private=names_inside(url),
            )
        )
    return tuple(found)


def _slug(name: str) -> str:
    """Return a folder's name for an account: readable, and no two accounts share one."""
    return re.sub(r"[^A-Za-z0-9@._+-]", lambda found: f"%{ord(found[0]):x}", name)
