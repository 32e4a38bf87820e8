"""Guards over the API: which there are, what they did, and how it is taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from vedette.client.acts import Action, Decision, Explanation
from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Operation, listing, nothing
from vedette.client.shape import BESIDE, UNSET, Flag, Hidden, Text, Texts, Unset
from vedette.client.trials import Backtest, BacktestWish, TestWish, Trial
from vedette.errors import ProtocolError
from vedette.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A guard: a shipped pack by its name, or the text of one. ``version``: None in a list.

    ``origin`` is api, or file: kept in the configuration file of the service, and changed there.
    """

    id: str
    tenant: str | None
    pack: str | None
    text: str | None
    active: bool
    origin: str
    settings: Mapping[str, Any]
    secrets: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    version: int | None = field(default=None, metadata=BESIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardChange:
    """What of a guard is to be changed."""

    pack: Text = UNSET
    text: Text = UNSET
    active: Flag = UNSET
    mode: Text = UNSET
    tenants: Texts = UNSET
    accounts: Texts = UNSET
    folders: Texts = UNSET
    sweep: Mapping[str, int] | Unset | None = UNSET
    private: Flag = UNSET
    partner: Text = UNSET
    help: Text = UNSET
    partner_secret: Hidden = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardWish(GuardChange):
    """A guard to be made."""

    id: Text = UNSET
    tenant: Text = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeping:
    """Accounts of which the mail that is there already is to be judged."""

    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """At how many accounts that was begun."""

    accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """Which actions are to be taken back."""

    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was done, and what waits: a loosening of a protective guard has a delay."""

    done: str | None
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A pause of guards: of one, of a tenant's, an account's, or all of the host."""

    scope: str
    name: str
    until: datetime | None
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """The pauses that stand."""

    items: tuple[Switch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pausing:
    """Which guards are to be paused, for how many seconds; without: until they are resumed."""

    scope: str
    name: str | Unset = UNSET
    seconds: float | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Resuming:
    """Which pause is to end."""

    scope: str
    name: str | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """A sender's domain that a guard leaves alone."""

    account: str
    guard: str
    domain: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Allows:
    """The senders that guards leave alone at an account."""

    items: tuple[Allow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowWish:
    """A sender's domain that a guard is to leave alone."""

    account: str
    guard: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A loosening of a protective guard that was asked for; ``left`` is in seconds."""

    id: int
    guard: str
    account: str | None
    what: Any
    says: str
    by: str
    asked_at: datetime
    due_at: datetime
    left: float
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The loosenings that were asked for."""

    items: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Granting:
    """What a partner grants with."""

    secret: Secret[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attaching:
    """At which accounts a guard is to stand, or no more."""

    accounts: tuple[str, ...]


_ONE: Final = "/v1/guards/{guard}"

LIST: Final = listing("/v1/guards", Guard, "q")
CREATE: Final = Operation(method="POST", path="/v1/guards", answer=Guard, wish=GuardWish)
GET: Final = Operation(method="GET", path=_ONE, answer=Guard)
UPDATE: Final = Operation(
    method="PATCH", path=_ONE, answer=Guard, wish=GuardChange, is_versioned=True
)
DELETE: Final = nothing("DELETE", _ONE, is_versioned=True)
SWEEP: Final = Operation(method="POST", path=f"{_ONE}/sweep", answer=Swept, wish=Sweeping)
ATTACH: Final = Operation(method="POST", path=f"{_ONE}/attach", answer=Guard, wish=Attaching)
DETACH: Final = Operation(method="POST", path=f"{_ONE}/detach", answer=Guard, wish=Attaching)
TEST: Final = Operation(method="POST", path=f"{_ONE}/test", answer=Trial, wish=TestWish)
BACKTEST: Final = Operation(
    method="POST",
    path=f"{_ONE}/backtest",
    answer=Backtest,
    wish=BacktestWish,
    # It may wait 10 for a session, and use it for 45.
    seconds=60.0,
)
JOURNAL: Final = listing("/v1/guards/journal", Action, "guard", "account", "state", "from", "to")
DECISIONS: Final = listing("/v1/guards/decisions", Decision, "guard", "account", "from", "to")
EXPLAIN: Final = Operation(method="GET", path="/v1/guards/explain/{event}", answer=Explanation)
UNDO: Final = Operation(method="POST", path="/v1/guards/undo", answer=Asked, wish=Undoing)
SWITCHES: Final = Operation(method="GET", path="/v1/guards/switches", answer=Switches)
PAUSE: Final = Operation(
    method="POST", path="/v1/guards/switches/pause", answer=Asked, wish=Pausing
)
RESUME: Final = Operation(
    method="POST", path="/v1/guards/switches/resume", answer=Asked, wish=Resuming
)
ALLOWS: Final = Operation(method="GET", path="/v1/guards/allows", answer=Allows, query=("account",))
ALLOW: Final = Operation(method="POST", path="/v1/guards/allows", answer=Asked, wish=AllowWish)
DISALLOW: Final = Operation(
    method="POST", path="/v1/guards/allows/remove", answer=Asked, wish=AllowWish
)
CHANGES: Final = Operation(method="GET", path="/v1/guards/changes", answer=Changes)
WITHDRAW: Final = Operation(
    method="POST", path="/v1/guards/changes/{change}/withdraw", answer=Asked
)
GRANT: Final = Operation(
    method="POST", path="/v1/guards/changes/{change}/grant", answer=Asked, wish=Granting
)


class Guards:
    """``/v1/guards``. Every method raises ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def create(self, wish: GuardWish, *, key: str | None = None) -> Guard:
        """Make a guard. ``key``: an idempotency key."""
        return await self._exchange.one(CREATE, Said(wish=wish, key=key))

    def list(self, *, q: str = "", limit: int = 100) -> AsyncIterator[Guard]:
        """Yield guards by id."""
        return self._exchange.pages(LIST, Said(query={"q": q, "limit": limit}))

    async def get(self, guard: str) -> Guard:
        """Return a guard, with its version."""
        return await self._exchange.one(GET, Said(ids={"guard": guard}))

    async def update(self, guard: str, change: GuardChange, *, version: int | None = None) -> Guard:
        """Change a guard; what loosens a protective one waits."""
        said = Said(ids={"guard": guard}, wish=change, version=version)
        return await self._exchange.one(UPDATE, said)

    async def delete(self, guard: str, *, version: int | None = None) -> None:
        """Delete a guard."""
        await self._exchange.done(DELETE, Said(ids={"guard": guard}, version=version))

    async def attach(self, guard: str, accounts: Sequence[str]) -> Guard:
        """Have a guard stand at accounts."""
        said = Said(ids={"guard": guard}, wish=Attaching(accounts=tuple(accounts)))
        return await self._exchange.one(ATTACH, said)

    async def detach(self, guard: str, accounts: Sequence[str]) -> Guard:
        """Have a guard stand at accounts no more."""
        said = Said(ids={"guard": guard}, wish=Attaching(accounts=tuple(accounts)))
        return await self._exchange.one(DETACH, said)

    async def sweep(self, guard: str, accounts: Sequence[str]) -> Swept:
        """Have the mail that is at accounts already judged, by all guards that stand there."""
        said = Said(ids={"guard": guard}, wish=Sweeping(accounts=tuple(accounts)))
        return await self._exchange.one(SWEEP, said)

    async def test(self, guard: str, wish: TestWish) -> Trial:
        """Return what a guard would do with a message."""
        return await self._exchange.one(TEST, Said(ids={"guard": guard}, wish=wish))

    async def backtest(self, guard: str, wish: BacktestWish) -> Backtest:
        """Return what a guard would have done with mail, a stretch at a time: go on with ``next``."""
        return await self._exchange.one(BACKTEST, Said(ids={"guard": guard}, wish=wish))

    async def stretches(self, guard: str, wish: BacktestWish) -> AsyncIterator[Backtest]:
        """Yield what a guard would have done with mail, stretch by stretch to the end."""
        while True:
            found = await self.backtest(guard, wish)
            yield found
            if found.next is None:
                return
            if found.next == wish.next:
                raise ProtocolError("the server answered with a stretch that is followed by itself")
            wish = replace(wish, next=found.next)

    def journal(
        self,
        *,
        guard: str | None = None,
        account: str | None = None,
        state: str | None = None,
        begin: datetime | None = None,
        end: datetime | None = None,
        limit: int = 100,
    ) -> AsyncIterator[Action]:
        """Yield what guards did, newest first; ``limit`` is of a page."""
        query: dict[str, object] = {"guard": guard, "account": account, "state": state}
        query |= {"from": begin, "to": end, "limit": limit}
        return self._exchange.pages(JOURNAL, Said(query=query))

    def decisions(
        self,
        *,
        account: str | None = None,
        guard: str | None = None,
        begin: datetime | None = None,
        end: datetime | None = None,
        limit: int = 100,
    ) -> AsyncIterator[Decision]:
        """Yield what guards decided, newest first; ``limit`` is of a page.

        A tenant names an account of its own, or a guard of its own.
        """
        query: dict[str, object] = {"account": account, "guard": guard}
        query |= {"from": begin, "to": end, "limit": limit}
        return self._exchange.pages(DECISIONS, Said(query=query))

    async def explain(self, event: str) -> Explanation:
        """Return what each guard decided about the message of an event."""
        return await self._exchange.one(EXPLAIN, Said(ids={"event": event}))

    async def undo(self, actions: Sequence[str]) -> Asked:
        """Take back what guards did."""
        return await self._exchange.one(UNDO, Said(wish=Undoing(actions=tuple(actions))))

    async def switches(self) -> tuple[Switch, ...]:
        """Return the pauses that stand."""
        return (await self._exchange.one(SWITCHES)).items

    async def pause(self, scope: str, name: str = "", *, seconds: float | None = None) -> Asked:
        """Pause guards: scope is guard, tenant, account or host."""
        wish = Pausing(scope=scope, name=name, seconds=seconds)
        return await self._exchange.one(PAUSE, Said(wish=wish))

    async def resume(self, scope: str, name: str = "") -> Asked:
        """End a pause, at once."""
        return await self._exchange.one(RESUME, Said(wish=Resuming(scope=scope, name=name)))

    async def allows(self, account: str) -> tuple[Allow, ...]:
        """Return the senders that guards leave alone at an account."""
        return (await self._exchange.one(ALLOWS, Said(query={"account": account}))).items

    async def allow(self, account: str, guard: str, domain: str) -> Asked:
        """Have a guard leave a sender alone."""
        wish = AllowWish(account=account, guard=guard, domain=domain)
        return await self._exchange.one(ALLOW, Said(wish=wish))

    async def disallow(self, account: str, guard: str, domain: str) -> Asked:
        """Have a guard judge a sender again."""
        wish = AllowWish(account=account, guard=guard, domain=domain)
        return await self._exchange.one(DISALLOW, Said(wish=wish))

    async def changes(self) -> tuple[Change, ...]:
        """Return the loosenings that were asked for."""
        return (await self._exchange.one(CHANGES)).items

    async def withdraw(self, change: int) -> Asked:
        """Take a loosening back that waits."""
        return await self._exchange.one(WITHDRAW, Said(ids={"change": str(change)}))

    async def grant(self, change: int, secret: Secret[str]) -> Asked:
        """Let a loosening that waits happen at once, as the guard's partner."""
        said = Said(ids={"change": str(change)}, wish=Granting(secret=secret))
        return await self._exchange.one(GRANT, said)
