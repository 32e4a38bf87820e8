"""``vedette doctor``: why a mailbox can not be watched, and what to do about it."""

from __future__ import annotations

import asyncio
import json as json_module
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from vedette.app.doctor import Beside, diagnose, takes
from vedette.cli.live import plain
from vedette.cli.mailbox import Wanted, settings_of
from vedette.cli.place import configuration, state_of
from vedette.cli.reach import SOCKET, File, Reach
from vedette.cli.view import view_or_none
from vedette.client.accounts import Finding as Told
from vedette.client.carrier import is_served
from vedette.client.client import Client
from vedette.client.problem import ProblemError
from vedette.config.service import read_settings
from vedette.config.settings import Settings
from vedette.errors import ConfigError, UsageError, VedetteError
from vedette.ports.link import TlsPolicy
from vedette.service.doctor.doctor import CheckOutcome, Finding
from vedette.telemetry.log import LogPolicy, Style, configure

#: EX_UNAVAILABLE, of a finding that a service made and that says that something does not work.
FAILED = 69

_OUTCOMES = {each.value: each for each in CheckOutcome}

STYLES = {CheckOutcome.OK: "green", CheckOutcome.WARNING: "yellow", CheckOutcome.FAILED: "red"}


def doctor(
    mailbox: str,
    /,
    *,
    folder: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    ca_file: Path | None = None,
    pin: str | None = None,
    password_file: Path | None = None,
    insecure: Annotated[bool, Parameter(negative=())] = False,
    endpoints: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    server: str | None = None,
    key_file: File = None,
) -> int:
    """Say what is known of an account and check the way into it, with what to do where it ends.

    Parameters
    ----------
    mailbox
        imaps://user@host, an account's name in the configuration, or the id of a registered one.
    folder
        A folder that is to be watched (again for more).
    ca_file
        Trust the certificates in this file instead of the system's.
    pin
        Trust exactly the certificate with this SHA-256.
    password_file
        Read the password from the first line of this file.
    insecure
        Do not check the server's certificate.
    endpoints
        Send each endpoint that the account's events go to a signed test event.
    json
        One JSON line per check.
    server
        The URL of a service that watches the account; else VEDETTE_SERVER, or the one that runs here.
    key_file
        A file with its API key in the first line; - is standard input.
    """
    configure(LogPolicy(level="error", style=Style.CONSOLE))
    reach = Reach(server=server, key_file=key_file)
    if "://" not in mailbox and (reach.is_elsewhere or not _is_filed(mailbox)):
        return _registered(mailbox, reach, as_json=json)
    wanted = Wanted(
        mailbox=mailbox,
        folders=folder,
        policy=_policy(ca_file, pin, verify=not insecure),
        password_file=password_file,
    )
    return _tried(wanted, reach, as_json=json, endpoints=endpoints)


def _policy(ca_file: Path | None, pin: str | None, *, verify: bool) -> TlsPolicy:
    return TlsPolicy(verify=verify, ca_file=None if ca_file is None else str(ca_file), pin=pin)


def _tried(wanted: Wanted, reach: Reach, *, as_json: bool, endpoints: bool) -> int:
    """Ask a mailbox, after the service that may know it; return the exit status."""
    mailbox = wanted.mailbox
    with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
        settings = settings_of(wanted, Path(scratch))
        if "://" not in mailbox:
            _known(mailbox, reach, as_json=as_json)
        with ExitStack() as open_views:
            beside = _beside(settings, open_views, named="://" not in mailbox, tried=endpoints)
            failure = asyncio.run(_show(settings, beside, as_json=as_json))
    return 0 if failure is None else failure.exit_status


def _is_filed(name: str) -> bool:
    """Tell whether an account is in the configuration; without one none is. Raises ConfigError."""
    try:
        file = configuration(None)
    except ConfigError:
        return False
    return any(each.account.id == name for each in read_settings(file).accounts)


def _registered(name: str, reach: Reach, *, as_json: bool) -> int:
    """Show what a service knows of an account, then have it check the way in."""

    async def ask(client: Client) -> tuple[Sequence[Told], Sequence[Told]]:
        known = await client.accounts.diagnose(name)
        try:
            tried = await client.accounts.verify(name)
        except ProblemError as error:
            # What others keep is tried where it is kept, and not by the API.
            if error.code != "read_only":
                raise
            return known.findings, ()
        return known.findings, tried.findings

    known, tried = reach.ask(ask)
    _tell([*known, *tried], as_json=as_json)
    return FAILED if any(each.outcome == "failed" for each in (*known, *tried)) else 0


def _known(name: str, reach: Reach, *, as_json: bool) -> None:
    """Show what the service that runs here knows of an account of the file, where one runs."""
    if not asyncio.run(is_served(state_of(None, None) / SOCKET)):
        return
    found = reach.ask(lambda client: client.accounts.diagnose(name))
    _tell(found.findings, as_json=as_json)


def _tell(findings: Iterable[Told], *, as_json: bool) -> None:
    console = Console(highlight=False)
    for each in findings:
        finding = Finding(
            check=each.check,
            # A word of a newer service is not made better than it is.
            outcome=_OUTCOMES.get(each.outcome, CheckOutcome.WARNING),
            seconds=each.seconds,
            detail=each.detail,
            remedy=each.remedy,
        )
        if as_json:
            sys.stdout.write(json_module.dumps({**_row(finding), "code": each.code}) + "\n")
        else:
            _print(console, finding)


def _beside(settings: Settings, views: ExitStack, *, named: bool, tried: bool) -> Beside:
    """Return what the configuration and the state tell of an account that has a name there."""
    if not named:
        if tried:
            raise UsageError("--endpoints needs the name of an account in the configuration")
        return Beside()
    account = settings.accounts[0].account
    whole = read_settings(configuration(None))
    view = view_or_none(None, None)
    return Beside(
        state=None if view is None else views.enter_context(view),
        guards=whole.guards,
        endpoints=[
            each for each in whole.endpoints if tried and takes(each.endpoint.selection, account)
        ],
    )


async def _show(settings: Settings, beside: Beside, *, as_json: bool) -> VedetteError | None:
    console = Console(highlight=False)
    failure: VedetteError | None = None
    async with aclosing(diagnose(settings, beside=beside)) as findings:
        async for finding in findings:
            failure = finding.error or failure
            if as_json:
                sys.stdout.write(json_module.dumps(_row(finding)) + "\n")
            else:
                _print(console, finding)
    return failure


def _print(console: Console, finding: Finding) -> None:
    line = Text(f"{finding.check:<12} ")
    line.append(f"{finding.outcome.value:<8}", style=STYLES[finding.outcome])
    line.append(f"{finding.seconds * 1000:6.0f} ms  ", style="dim")
    line.append(plain(finding.detail))
    console.print(line, soft_wrap=True)
    if finding.remedy:
        console.print(Text(f"{'':<32}{finding.remedy}", style="bold"), soft_wrap=True)


def _row(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "outcome": finding.outcome.value,
        "seconds": round(finding.seconds, 4),
        "detail": finding.detail,
        "remedy": finding.remedy,
        "code": None if finding.error is None else finding.error.code,
    }
