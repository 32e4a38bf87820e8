"""``vedette doctor``: why a mailbox can not be watched, and what to do about it."""

from __future__ import annotations

import asyncio
import json as json_module
import sys
import tempfile
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from vedette.app.doctor import Beside, diagnose, takes
from vedette.cli.live import plain
from vedette.cli.mailbox import Wanted, settings_of
from vedette.cli.place import configuration
from vedette.cli.view import view_or_none
from vedette.config.service import read_settings
from vedette.config.settings import Settings
from vedette.errors import UsageError, VedetteError
from vedette.ports.link import TlsPolicy
from vedette.service.doctor.doctor import CheckOutcome, Finding
from vedette.telemetry.log import LogPolicy, Style, configure

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
) -> int:
    """Check the way into a mailbox, step by step, and say what to do where it ends.

    Parameters
    ----------
    mailbox
        imaps://user@host, or the name of an account in the configuration.
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
    """
    configure(LogPolicy(level="error", style=Style.CONSOLE))
    wanted = Wanted(
        mailbox=mailbox,
        folders=folder,
        policy=TlsPolicy(
            verify=not insecure, ca_file=None if ca_file is None else str(ca_file), pin=pin
        ),
        password_file=password_file,
    )
    with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
        settings = settings_of(wanted, Path(scratch))
        with ExitStack() as open_views:
            beside = _beside(settings, open_views, named="://" not in mailbox, tried=endpoints)
            failure = asyncio.run(_show(settings, beside, as_json=json))
    return 0 if failure is None else failure.exit_status


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
    line = Text(f"{finding.check:<13}")
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
