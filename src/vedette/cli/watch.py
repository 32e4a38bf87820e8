"""``vedette watch``: print, run or post each new message of one mailbox."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, replace
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


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What to do with an event, and when to stop.

    Parameters
    ----------
    json
        One JSON line per event; the default where the output is not a terminal.
    exec_
        Run this command for each event, with the event on its standard input.
    webhook
        Post each event to this URL, signed with VEDETTE_WEBHOOK_SECRET if it is set.
    once
        Deliver what is there and stop.
    verbose
        Log what happens, to standard error.
    """

    json: bool | None = None
    exec_: Annotated[str | None, Parameter(name="--exec")] = None
    webhook: str | None = None
    once: Annotated[bool, Parameter(negative=())] = False
    verbose: Annotated[bool, Parameter(negative=())] = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is watched of the mailbox, from when on, and how deep.

    Parameters
    ----------
    folder
        Watch this folder (again for more); the default is INBOX and Junk.
    since
        On the first run, begin at this date, such as 2026-11-01.
    last
        On the first run, begin with the last N messages.
    depth
        How much of a message goes into its event.
    state
        Where to keep the state of this watch.
    """

    folder: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    since: str | None = None
    last: int | None = None
    depth: Depth = Depth.TEXT
    state: Path | None = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """How the server proves itself to us, and we to it.

    Parameters
    ----------
    ca_file
        Trust the certificates in this file instead of the system's.
    pin
        Trust exactly the certificate with this SHA-256.
    password_file
        Read the password from the first line of this file.
    insecure
        Do not check the server's certificate. For a test on your own machine.
    """

    ca_file: Path | None = None
    pin: str | None = None
    password_file: Path | None = None
    insecure: Annotated[bool, Parameter(negative=())] = False

    @property
    def policy(self) -> TlsPolicy:
        """The same in the words of the network."""
        ca_file = None if self.ca_file is None else str(self.ca_file)
        return TlsPolicy(verify=not self.insecure, ca_file=ca_file, pin=self.pin)


def watch(
    mailbox: str,
    /,
    *,
    output: Output = Output(),
    scope: Scope = Scope(),
    trust: Trust = Trust(),
) -> int:
    """Print one event per new message, until stopped; go on where the last run ended.

    The password comes from VEDETTE_PASSWORD, --password-file, the keyring, or a prompt.

    Parameters
    ----------
    mailbox
        imaps://user@host, or the name of an account in the configuration.
    """
    configure(LogPolicy(level="info" if output.verbose else "error", style=Style.CONSOLE))
    wanted = Wanted(
        mailbox=mailbox,
        folders=scope.folder,
        beginning=beginning(scope.since, scope.last),
        depth=scope.depth,
        policy=trust.policy,
        password_file=trust.password_file,
    )
    settings = settings_of(wanted, scope.state)
    json = output.json
    live = not json if json is not None else sys.stdout.isatty()
    endpoints = _endpoints(output.exec_, output.webhook)
    shows = live or json or not endpoints
    asyncio.run(
        _run(replace(settings, endpoints=endpoints), shows=shows, live=live, once=output.once)
    )
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
