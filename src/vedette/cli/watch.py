"""``vedette watch``: print, run or post each new message of one mailbox."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette.app.watch import Watch
from vedette.cli.live import LiveSink
from vedette.cli.mailbox import Wanted, beginning, settings_of
from vedette.config import environment
from vedette.config.endpoints import names_inside
from vedette.config.settings import EndpointSettings, Settings
from vedette.errors import UsageError
from vedette.model.account import Depth
from vedette.model.delivery import Endpoint, Selection
from vedette.model.ids import EndpointId
from vedette.outbox.signature import key
from vedette.ports.link import TlsPolicy
from vedette.ports.sink import Sink
from vedette.secret import Secret
from vedette.sinks.command import CommandSettings
from vedette.sinks.lines import LinesSettings, LinesSink
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
    wanted = Wanted(
        mailbox=mailbox,
        folders=folder,
        beginning=beginning(since, last),
        depth=depth,
        policy=TlsPolicy(
            verify=not insecure, ca_file=None if ca_file is None else str(ca_file), pin=pin
        ),
        password_file=password_file,
    )
    settings = settings_of(wanted, state)
    live = not json if json is not None else sys.stdout.isatty()
    endpoints = _endpoints(exec_, webhook)
    shows = live or json or not endpoints
    asyncio.run(_run(replace(settings, endpoints=endpoints), shows=shows, live=live, once=once))
    return 0


async def _run(settings: Settings, *, shows: bool, live: bool, once: bool) -> None:
    extra: dict[EndpointId, tuple[Endpoint, Sink]] = {}
    closed: asyncio.Event | None = None
    if shows:
        lines = LinesSink(LinesSettings())
        sink: Sink = LiveSink() if live else lines
        closed = None if live else lines.closed
        extra[OUT] = (Endpoint(id=OUT, selection=MAIL, ordered=True, concurrency=1), sink)
    await Watch(settings, extra=extra, closed=closed).run(once=once)


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
