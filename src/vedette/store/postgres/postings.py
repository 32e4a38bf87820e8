"""Write events and their deliveries: the half of a commit that has no cursor.

What several commits write at one moment is written together, in the order in which they came. It
knows rows and nothing of transactions: the writer puts each call into its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.model.delivery import Posting
from vedette.model.ids import AccountId, EndpointId, EventId
from vedette.ports.store import Taker
from vedette.store.handed import Handed
from vedette.store.postgres import numbers
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.statements import sql

_KNOWN: Final = sql("events_known")
_WRITE: Final = sql("events_write")
_QUEUE: Final = sql("deliveries_queue")
_MORE: Final = sql("lanes_more")
_ACCOUNTS: Final = sql("accounts_lock")

Lane: TypeAlias = tuple[str, str, bytes]
"""An endpoint, an account, and what stands in one order for both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A posting as it is to be written: whether its message was met before, and who takes it."""

    posting: Posting
    is_met: bool
    handed: Handed


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A delivery that is to be queued, at ``due``. Who may take it at once is in ``letter``."""

    event: int
    endpoint: EndpointId
    account: AccountId
    lane: bytes
    due: float
    letter: Letter | None = None
    body: bytes = b""

    @property
    def place(self) -> Lane:
        """The lane that it stands in."""
        return self.endpoint, self.account, self.lane

    def taker(self, *, head: bool) -> Taker | None:
        """Return who takes it as it is queued."""
        taker = None if self.letter is None else self.letter.handed.taker(self.endpoint)
        return taker if taker is not None and (head or not taker.ordered) else None


async def lock_accounts(connection: Connection, accounts: Iterable[AccountId]) -> None:
    """Wait for others who post for these accounts: no row of a folder keeps them apart."""
    await connection.execute(_ACCOUNTS, sorted(set(accounts)))


async def write(connection: Connection, letters: Sequence[Letter], *, instance: str) -> None:
    """Insert the events that are new, each with its body once and its deliveries."""
    fresh = await _fresh(connection, letters)
    if not fresh:
        return
    counts = await numbers.take(connection, len(fresh))
    rows = []
    for letter, count in zip(fresh, counts, strict=True):
        it = letter.posting
        body = it.again() if it.again is not None and letter.is_met else it.body
        seq = numbers.of(numbers.day_of(it.time), count)
        rows.append((seq, it.event, it.type, it.tenant, it.account, it.time, it.lane, body))
    await connection.execute(_WRITE, *zip(*rows, strict=True))
    crashpoint(Crashpoint.EVENT_WRITTEN)
    queue = [
        Queued(
            event=row[0],
            endpoint=endpoint,
            account=letter.posting.account,
            lane=letter.posting.lane,
            due=letter.posting.time,
            letter=letter,
            body=row[-1],
        )
        for letter, row in zip(fresh, rows, strict=True)
        for endpoint in dict.fromkeys(letter.posting.endpoints)
    ]
    await enqueue(connection, queue, instance=instance)


async def _fresh(connection: Connection, letters: Sequence[Letter]) -> list[Letter]:
    """Return those whose id is not known, nor one of another before it."""
    first: dict[EventId, Letter] = {}
    for letter in letters:
        first.setdefault(letter.posting.event, letter)
    if not first:
        return []
    known = await stored(connection, list(first))
    return [letter for event, letter in first.items() if event not in known]


async def enqueue(connection: Connection, queue: Sequence[Queued], *, instance: str) -> None:
    """Append deliveries to their lanes; what has a taker is claimed by this instance at once."""
    if not queue:
        return
    more = Counter(each.place for each in queue)
    waiting = {
        (row[0], row[1], row[2]): row[3] - more[row[0], row[1], row[2]]
        for row in await connection.fetch(_MORE, *columns(more))
    }
    # Now that the lanes are locked: who gets a lane later gets the higher counts.
    counts = await numbers.take(connection, len(queue))
    rows = []
    for each, count in zip(queue, counts, strict=True):
        head = waiting[each.place] == 0
        waiting[each.place] += 1
        delivery = numbers.of(numbers.day_of(each.due), count)
        taker = each.taker(head=head)
        if taker is not None and each.letter is not None:
            each.letter.handed.put(each.letter.posting, each.endpoint, delivery, each.body)
        holder, due = (None, each.due) if taker is None else (instance, taker.until)
        rows.append((delivery, count, each.event, *each.place, head, holder, due, each.due))
    await connection.execute(_QUEUE, *zip(*rows, strict=True))


def columns(lanes: Counter[Lane]) -> tuple[list[str], list[str], list[bytes], list[int]]:
    """Return lanes and their counts, each column as an array."""
    return (
        [lane[0] for lane in lanes],
        [lane[1] for lane in lanes],
        [lane[2] for lane in lanes],
        list(lanes.values()),
    )


async def stored(connection: Connection, events: Sequence[EventId]) -> frozenset[EventId]:
    """Return those of the ids that are stored."""
    return frozenset(EventId(row[0]) for row in await connection.fetch(_KNOWN, list(events)))
