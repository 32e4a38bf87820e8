"""Reading a message: a port, because large ones are read in another process."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from vedette.errors import VedetteError
from vedette.mime import Depth, Message


class ReaderKilledError(VedetteError):
    """The process that read a message died of it, or passed its limits."""

    code = "reader_killed"
    exit_status = 65


class ReaderUnavailableError(VedetteError):
    """No process could be had to read with; the message was not looked at."""

    code = "reader_unavailable"
    exit_status = 71
    retryable = True


class Reader(Protocol):
    """Turns the bytes of a message into a Message; bad mail is no error."""

    async def read(
        self,
        source: bytes | Path,
        *,
        depth: Depth,
        trusted_authserv: Collection[str],
        size: int | None,
        isolate: bool = False,
        shown: bool = False,
    ) -> Message:
        """Read one message, from memory or from a file.

        ``size`` is the message's whole size in octets; a shorter source was cut.
        With ``isolate`` it is read in another process whatever its size; with
        ``shown`` what its HTML shows is told too, links included. Raises
        ReaderKilledError when the message killed its worker, and
        ReaderUnavailableError when there is no worker to be had.
        """
