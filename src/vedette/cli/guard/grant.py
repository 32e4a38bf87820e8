"""``vedette guard grant``: a partner lets a loosening happen at once."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from vedette.cli.guard.asking import asked
from vedette.cli.reach import HERE, Reach
from vedette.config import environment
from vedette.errors import UsageError
from vedette.secret import Secret


def grant(
    number: int,
    *,
    secret_file: Path | None = None,
    at: Reach = HERE,
) -> int:
    """Let a loosening that waits happen at once, as the guard's partner.

    The partner's secret comes from VEDETTE_PARTNER_SECRET, --secret-file, or a prompt.

    Parameters
    ----------
    number
        The change, as `vedette guard changes` shows it.
    secret_file
        A file with the partner's secret in its first line.
    """
    secret = _given(secret_file)
    return asked(
        at,
        lambda client: client.guards.grant(number, secret),
        "guard.grant",
        id=number,
        secret=secret.reveal(),
    )


def _given(file: Path | None) -> Secret[str]:
    if file is not None:
        return environment.secret_file(file)
    named = environment.PARTNER_SECRET
    found = environment.secret(named)
    if found is not None:
        return found
    if not sys.stdin.isatty():
        raise UsageError(f"the partner's secret is missing: set {named}, or --secret-file")
    return Secret(getpass.getpass("The partner's secret: "))
