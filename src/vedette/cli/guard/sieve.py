"""``vedette guard sieve``: the surest part of a pack as a script for the mail server."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from vedette.cli.guard.choice import chosen, state_or_none
from vedette.service.guards.sieving import script_of
from vedette.telemetry.log import LogPolicy, Style, configure


def sieve(
    *,
    pack: str = "gambling",
    folder: str | None = None,
    config: Path | None = None,
    state: Path | None = None,
) -> int:
    """Print a Sieve script (RFC 5228) of the surest part of a pack, which acts at delivery.

    Parameters
    ----------
    pack
        A guard of the configuration, a shipped pack, or the path of a YAML file.
    folder
        The folder to file into, as the server names it; the pack's own without it.
    config
        The configuration, for its guards and for where the state is.
    state
        The state folder, for lists that were fetched.
    """
    configure(LogPolicy(level="error", style=Style.CONSOLE))
    settings = chosen(pack, config)
    with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
        script = asyncio.run(
            script_of(
                settings.pack,
                base=settings.base,
                state=state_or_none(config, state),
                scratch=Path(scratch),
                now=time.time(),
                folder=folder,
            )
        )
    # As it is: a line of Sieve ends with CRLF.
    sys.stdout.buffer.write(script.text.encode())
    sys.stdout.buffer.flush()
    for each in script.unguarded:
        print(f"vedette: not in the script, though it protects: {each}", file=sys.stderr)
    return 0
