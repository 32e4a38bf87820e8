"""Translate what Postgres, its client and the network say into our own errors, in one place.

It decides three things about a failure: which error it is, whether it concerns the values of one
operation alone, and whether the same transaction may be tried again because nothing of it was
written. It must not know what was asked.
"""

from __future__ import annotations

import ssl
from typing import Final

import asyncpg

from vedette.errors import StoreError, StoreFullError, StoreUnwritableError

#: Classes of SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html) for the values of one
#: operation: bad data, a broken constraint, more than a limit of the program (a row, an index).
_PRIVATE: Final = ("22", "23", "54")

#: Another transaction was in the way, and this one was rolled back: it may be tried again.
_PASSING: Final = ("40001", "40P01")

#: The disk is full (53100), or a file of it can not grow (58030 says so in its words).
_FULL: Final = ("53100",)

#: The client's own errors, that are about the connection. The second comes of a statement on a
#: connection whose farewell the client has read, and whose end it has not.
CLIENT: Final = (asyncpg.InterfaceError, asyncpg.InternalClientError)

#: What we may not do: to log in (28), to touch a table (42501), to write at all (25006).
_FORBIDDEN: Final = ("28", "42501", "25006", "3D000")


def _state(error: BaseException) -> str:
    state: str | None = getattr(error, "sqlstate", None)
    return state or ""


def is_private(error: Exception) -> bool:
    """Whether the failure is of one operation's values, not of the transaction or the server."""
    if isinstance(error, asyncpg.PostgresError):
        return _state(error).startswith(_PRIVATE)
    # What Python itself can not make of a value: the day of an instant that is none, say.
    return not isinstance(error, (StoreError, OSError, TimeoutError, *CLIENT))


def is_passing(error: Exception) -> bool:
    """Whether nothing was written, and only because of another transaction at the same time."""
    return isinstance(error, asyncpg.PostgresError) and _state(error) in _PASSING


def is_refusal(error: Exception) -> bool:
    """Whether a COMMIT that failed so surely wrote nothing; of any other nobody knows."""
    return isinstance(error, asyncpg.PostgresError) and _state(error).startswith(("23", "40", "25"))


def unknown(where: str, error: BaseException) -> StoreError:
    """Return the error of a COMMIT that had no answer: done or not, the state has to be read."""
    return StoreError(
        f"{where} did not answer whether a commit was done, its fate is unknown "
        f"({_words(error)}): the state is read again"
    )


def translate(error: BaseException, where: str) -> StoreError:
    """Return the error of our own tree for a failure in the database that ``where`` spells."""
    if isinstance(error, StoreError):
        # A new one each time: a traceback belongs to one caller.
        return type(error)(str(error))
    if isinstance(error, TimeoutError):
        return StoreError(f"{where} did not answer in time: check it and the way to it")
    if isinstance(error, asyncpg.PostgresError):
        return _of_server(error, where)
    if isinstance(error, (OSError, *CLIENT)):
        return _of_way(error, where)
    return StoreError(f"a value can not be stored: {_words(error)}")


def _of_way(error: BaseException, where: str) -> StoreError:
    if isinstance(error, ssl.SSLCertVerificationError):
        # It may be renewed while we wait.
        return StoreError(
            f"the certificate of {where} is not trusted ({error.verify_message}): "
            "check it, and sslrootcert in the URL"
        )
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return StoreUnwritableError(f"the URL of {where} can not be used: {_words(error)}")
    if isinstance(error, (FileNotFoundError, PermissionError)):
        # The client opens no other files, and the system's words do not say which it was.
        files = "a file that its URL names (sslrootcert, sslcert, sslkey, a socket)"
        return StoreError(f"{where} can not be reached: {files}: {error.strerror}")
    if isinstance(error, OSError):
        return StoreError(f"{where} can not be reached: {_words(error)}")
    return StoreError(f"{where} could not be read or written: {_words(error)}")


def _of_server(error: asyncpg.PostgresError, where: str) -> StoreError:
    state, words = _state(error), _words(error)
    if state in _FULL or "No space left on device" in words:
        return StoreFullError(
            f"no space is left for {where} ({words}): free some, Vedette goes on by itself"
        )
    if state.startswith(_FORBIDDEN):
        return StoreUnwritableError(f"{where} can not be used: {words}")
    if state.startswith(_PRIVATE):
        return StoreError(f"a value can not be stored: {words}")
    return StoreError(f"{where} could not be read or written: {words}")


def _words(error: BaseException) -> str:
    """Return the first line of an error; values of a row stand in its detail, and stay there."""
    text = str(error) or type(error).__name__
    return text.split("\n", 1)[0]
