"""The program: its commands, and how an error becomes one line and an exit status.

Exit statuses are those of ``sysexits.h``, as ``vedette.errors`` lists them; 130
is an interrupt. An error is never a traceback, unless it is a defect of ours.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from cyclopts import App, CycloptsError
from rich.console import Console

from vedette import __version__
from vedette.cli import (
    accounts,
    audit,
    consents,
    endpoints,
    guard,
    keys,
    links,
    mail,
    oauth,
    settings,
    store,
    tenants,
)
from vedette.errors import UsageError, VedetteError

#: 128 + SIGINT, as shells say it.
INTERRUPTED = 130

#: Each command is imported when it is called: a start takes 70 ms instead of 300.
COMMANDS = (
    "watch",
    "serve",
    "demo",
    "doctor",
    "status",
    "events",
    "deliveries",
    "replay",
    "migrate",
)

#: Groups of commands.
GROUPS = {
    "accounts": accounts.build,
    "audit": audit.build,
    "consents": consents.build,
    "endpoints": endpoints.build,
    "guard": guard.build,
    "keys": keys.build,
    "links": links.build,
    "mail": mail.build,
    "oauth": oauth.build,
    "settings": settings.build,
    "store": store.build,
    "tenants": tenants.build,
}

#: What a person can do about an error, where its own words can not know: they name no command.
HINTS = {
    "auth": (
        "check user and password (VEDETTE_PASSWORD, --password-file, the configuration);"
        " many providers want an app password or an OAuth 2.0 token for IMAP"
    ),
}


#: What asks for the list of commands, of the program or of a group: it shows their first lines.
LISTING: tuple[list[str], ...] = tuple(
    [*group, *asked]
    for group in ([], *([name] for name in GROUPS))
    for asked in ([], ["--help"], ["-h"])
)


def build(*, whole: bool = False) -> App:
    """Return the program with all its commands; ``whole`` imports them, for the list of them."""
    app = App(
        name="vedette",
        help="Watch mailboxes in real time: one never-lost event per new message.",
        version=__version__,
        version_flags=["--version"],
    )
    for name in COMMANDS:
        place = f"vedette.cli.{name}"
        app.command(getattr(import_module(place), name) if whole else f"{place}:{name}", name=name)
    for group in GROUPS.values():
        app.command(group(whole=whole))
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = build(whole=given in LISTING)(
            given, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        return complain(UsageError(_plain(error)))
    except VedetteError as error:
        return complain(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody left to tell.
        return 0
    return status if isinstance(status, int) else 0


def complain(error: VedetteError) -> int:
    """Print an error as one line and return its exit status."""
    line = " ".join(str(error).split())
    hint = HINTS.get(error.code)
    if hint is not None:
        line = f"{line.removesuffix('.')}; {hint}"
    print(f"vedette: {line}", file=sys.stderr)
    return error.exit_status


def _plain(error: CycloptsError) -> str:
    console = Console(width=500, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(str(error))
    return f"{' '.join(capture.get().split())} (see vedette --help)"
