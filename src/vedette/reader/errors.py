"""What can go wrong around the reading of one message.

::

    ports.reader.ReaderKilledError
    └── ReaderKilled       this message killed the worker, or passed its limits
    ports.reader.ReaderUnavailableError
    └── ReaderUnavailable  no worker could be had, or no bytes: not the message's fault
"""

from __future__ import annotations

from enum import StrEnum, unique

from vedette.ports.reader import ReaderKilledError, ReaderUnavailableError


@unique
class Cause(StrEnum):
    """Why a worker did not answer."""

    DIED = "died"
    """It ended by itself or by a signal."""
    CPU = "cpu"
    """It used up its processor time."""
    DEADLINE = "deadline"
    """It did not answer in time and was killed."""
    ANSWER = "answer"
    """What it said was no message."""


class ReaderKilled(ReaderKilledError):  # noqa: N818 -- it names what happened, as StoreFull does
    """The worker died, or passed a limit, on this message; another try may do the same.

    ``cause`` says how; ``status`` is the exit status, negative for a signal, where known.
    """

    def __init__(self, message: str, *, cause: Cause, status: int | None = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.status = status


class ReaderUnavailable(ReaderUnavailableError):  # noqa: N818 -- as ReaderKilled
    """No worker could be started, the reader was stopped, or the spool file is unreadable."""
