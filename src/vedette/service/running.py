"""What the API asks of the engine that runs on the state, and what it is told where none runs.

The CLI serves itself the API over a state that nobody watches: everything that is set can be set
then, and what only an engine knows is not known. It must not know the engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from vedette.engine.tap import Transcript
from vedette.model.account import Account, Health
from vedette.model.ids import AccountId
from vedette.ports.link import Target
from vedette.ports.ownership import Keeper
from vedette.ports.token import Tokens
from vedette.service.doctor.doctor import Finding
from vedette.service.refusals import NotRunningError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """What this instance carries.

    ``shards`` maps those that are its own to their epochs, ``sessions`` is how many mailboxes it
    is connected to, and ``oldest_age`` how long the oldest undelivered event waits, in seconds.
    """

    instance: str = ""
    shards: Mapping[int, int] = field(default_factory=dict)
    sessions: int = 0
    oldest_age: float | None = None


class Healths(Protocol):
    """How accounts are doing."""

    def get(self, account: AccountId, /) -> Health | None:
        """Return how one is doing; None where nobody watched it yet."""


class Running(Protocol):
    """The engine as the API sees it."""

    @property
    def is_running(self) -> bool:
        """Whether an engine runs in this process."""

    @property
    def is_ready(self) -> str | None:
        """Say why requests are better sent to another instance, or None."""

    @property
    def lag(self) -> float:
        """How late the loop is, in seconds."""

    async def healths(self) -> Healths:
        """Return how accounts are doing, up to some seconds ago. Raises StoreError."""

    def ownership(self) -> Ownership:
        """Return what this instance carries."""

    def tables(self) -> Mapping[str, str]:
        """Return the host tables that can not be read, each with why."""

    async def keeper(self, account: AccountId) -> Keeper | None:
        """Return which instance has an account; None while none does. Raises StoreError."""

    async def listen(self, account: AccountId, seconds: float) -> Transcript | None:
        """Listen to an account; None where nobody watches it now.

        Raises NotHereError, NotRunningError, ThrottledError.
        """

    async def heard(self, account: AccountId) -> Transcript | None:
        """Return what was said of late; None where nobody asked. Raises NotHereError as well."""


class Examine(Protocol):
    """Tries an account out, as ``vedette doctor`` does: nothing is kept and nothing is changed."""

    def __call__(
        self, account: Account, target: Target, tokens: Tokens | None
    ) -> AsyncIterator[Finding]:
        """Yield what is found on the way in; the first failure is the last finding.

        ``tokens`` are for an account that logs in by a grant.
        """


class Nothing:
    """There is no engine: the state alone is served. ``read`` returns what was noted last."""

    is_running = False
    is_ready = None
    lag = 0.0

    def __init__(self, read: Callable[[], Awaitable[list[Health]]]) -> None:
        self._read = read

    async def healths(self) -> Mapping[AccountId, Health]:
        """Return how accounts were doing when somebody watched them."""
        return {health.account: health for health in await self._read()}

    def ownership(self) -> Ownership:
        """Carry nothing."""
        return Ownership()

    def tables(self) -> Mapping[str, str]:
        """Read none."""
        return {}

    async def keeper(self, _account: AccountId) -> Keeper | None:
        """Nobody has it that we know of."""
        return None

    async def listen(self, _account: AccountId, _seconds: float) -> Transcript | None:
        """Raise NotRunningError."""
        raise NotRunningError

    async def heard(self, _account: AccountId) -> Transcript | None:
        """Raise NotRunningError."""
        raise NotRunningError
