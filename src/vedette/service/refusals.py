"""Why a use case did not happen: errors that a caller can act on, each with a stable code.

::

    VedetteError
    └── RefusalError
        ├── NotFoundError      there is none, or it is somebody else's      not_found
        ├── TakenError         the id is taken                              taken
        ├── StaleError         it was changed since it was read             stale
        ├── BusyError          it is changed all the time; again helps      busy
        ├── ConflictError      its state does not allow that                conflict
        ├── HeldError          a held guard's partner is told by it         held
        ├── PlanLimitError     the tenant's quota is used up                plan_limit
        ├── InvalidError       fields are wrong, a line for each            invalid
        ├── ForbiddenError     the caller may not                           forbidden
        ├── NotHereError       another instance of the cluster has it       watched_elsewhere
        ├── NotRunningError    there is no engine in this process           not_running
        ├── ReadOnlyError      it is kept elsewhere, and changed there      read_only
        └── NewerError         a newer version of Vedette wrote it          newer

``members`` are what a machine needs beside the line for a person: they become members of the
problem (RFC 9457 section 3.2). It must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from vedette.errors import VedetteError
from vedette.ports.ownership import Keeper

#: Mistakes that are spelled out: more than this many at once are one mistake about the whole.
MAX_MISTAKES: Final = 100


class RefusalError(VedetteError):
    """Root of what a use case refuses."""

    code = "refused"

    @property
    def members(self) -> Mapping[str, object]:
        """What a machine needs beside code and message; JSON values, never a secret."""
        return {}


class NotFoundError(RefusalError):
    """There is none; what is another tenant's is not there either, in the same words."""

    code = "not_found"
    exit_status = 66

    def __init__(self, kind: str, id_: str) -> None:
        super().__init__(f"there is no {kind} {_shown(id_)}")


class TakenError(RefusalError):
    """The id, or the name, is that of another one."""

    code = "taken"
    exit_status = 73

    def __init__(self, kind: str, id_: str) -> None:
        super().__init__(f"the {kind} {_shown(id_)} is there already")


class StaleError(RefusalError):
    """It was changed since the caller read it; ``version`` is what it has now."""

    code = "stale"
    exit_status = 75

    def __init__(self, kind: str, id_: str, *, expected: int, version: int) -> None:
        super().__init__(
            f"the {kind} {_shown(id_)} has version {version} by now"
            f"{f' and not {expected}' if expected > 0 else ', and not what was asked for'}: "
            "read it again, and decide on what it says"
        )
        self.version = version

    @property
    def members(self) -> Mapping[str, object]:
        """The version that it has."""
        return {"version": self.version}


class BusyError(RefusalError):
    """Others changed it each time that this write tried."""

    code = "busy"
    exit_status = 75
    retryable = True

    def __init__(self, kind: str, id_: str) -> None:
        super().__init__(f"the {kind} {_shown(id_)} is changed all the time; try again")


class ConflictError(RefusalError):
    """What it is, or how it stands, does not allow that."""

    code = "conflict"
    exit_status = 73


class HeldError(ConflictError):
    """A guard that is held tells its partner by this endpoint, so it stays as it is."""

    code = "held"

    def __init__(self, id_: str) -> None:
        super().__init__(
            f"a protective guard tells its partner by the endpoint {_shown(id_)}, so where and how it "
            "is told is held: give the guard another partner, which waits, and change it then"
        )


class PlanLimitError(RefusalError):
    """The tenant has as many as its plan allows."""

    code = "plan_limit"
    exit_status = 73

    def __init__(self, resource: str, *, current: int, limit: int) -> None:
        super().__init__(f"the plan allows {limit} {resource}, and there are {current}")
        self.resource = resource
        self.current = current
        self.limit = limit

    @property
    def members(self) -> Mapping[str, object]:
        """What host applications match: error, resource, current, limit."""
        return {
            "error": self.code,
            "resource": self.resource,
            "current": self.current,
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong with one field, in one line. It quotes no secret."""

    field: str
    why: str


class InvalidError(RefusalError):
    """Fields are wrong; nothing was changed."""

    code = "invalid"
    exit_status = 65

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)[:MAX_MISTAKES]
        super().__init__("; ".join(f"{each.field}: {each.why}" for each in self.mistakes))

    @property
    def members(self) -> Mapping[str, object]:
        """Each mistake with its field."""
        return {"errors": [{"field": each.field, "why": each.why} for each in self.mistakes]}


class ForbiddenError(RefusalError):
    """The caller may not do that, whatever it is done to."""

    code = "forbidden"
    exit_status = 77


class ReadOnlyError(RefusalError):
    """It is kept in the configuration file, or in a table of the host application."""

    code = "read_only"
    exit_status = 77

    def __init__(self, kind: str, id_: str, *, origin: str) -> None:
        super().__init__(
            f"the {kind} {_shown(id_)} is kept in the host's {origin}, and is changed there"
        )


class NotHereError(RefusalError):
    """Another instance of the cluster watches the account, and has in memory what is asked for.

    ``keeper`` is that one; None while the account is handed from one to the other.
    """

    code = "watched_elsewhere"
    exit_status = 75

    def __init__(self, account: str, keeper: Keeper | None = None) -> None:
        self.account = account
        self.keeper = keeper
        super().__init__(f"{_shown(account)} is not watched here: {_whereabouts(keeper)}")

    @property
    def members(self) -> Mapping[str, object]:
        """The instance that has it, as its /ownerz calls itself, and the URL of its API, if known."""
        if self.keeper is None:
            return {}
        address = {"address": self.keeper.address} if self.keeper.address else {}
        return {"watchedBy": self.keeper.instance, **address}


class NotRunningError(RefusalError):
    """Only a running engine has the way to mail servers."""

    code = "not_running"
    exit_status = 69

    def __init__(self) -> None:
        super().__init__("no engine runs here: mailboxes are read where `vedette serve` runs")


class NewerError(RefusalError):
    """A record says what this version can not read; an instance of a newer one can."""

    code = "newer"
    exit_status = 78

    def __init__(self, kind: str, id_: str, why: str) -> None:
        super().__init__(
            f"the {kind} {_shown(id_)} was written by another version of Vedette: {why}"
        )


def _whereabouts(keeper: Keeper | None) -> str:
    if keeper is None:
        return "it goes from one instance to another; try again in some seconds"
    if not keeper.is_alive:
        return f"the instance {keeper.instance} had it and is gone; another one takes it within seconds"
    at = f" at {keeper.address}" if keeper.address else ""
    return f"ask the instance {keeper.instance}{at}, as its /ownerz calls itself"


def invalid(field: str, why: str) -> InvalidError:
    """Return the error about one field."""
    return InvalidError([Mistake(field=field, why=why)])


def _shown(id_: str) -> str:
    """Quote an id, which a stranger may have made up, in so many characters."""
    return repr(id_[:64])
