"""Write what guards do with mail, so that it is done once and can be taken back.

``write`` is the half of a group of commits that belongs to guards: five statements, however many
commits there are, and two more where messages came back. It decides which actions are new: a
message on which the same guard acted before came back, and is left alone (``ports.journal`` says
when). It knows rows and nothing of transactions: each call is within that of its caller.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf
from typing import Final, TypeAlias

from vedette.model.action import FOLLOWS, ActionState, Decision, JournalEntry, Place
from vedette.model.ids import AccountId, ActionId
from vedette.model.returning import Fate, fate
from vedette.ports.journal import JournalQuery
from vedette.ports.store import Fence, Verdict
from vedette.store.postgres import decisions as decided
from vedette.store.postgres.bulk import arrays, touched
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.fences import is_fenced
from vedette.store.postgres.statements import sql
from vedette.store.rows import action as rows
from vedette.store.rows.spot import top
from vedette.store.words import printable

_ALIKE = sql("actions_alike")
_BY_NUMBER = sql("actions_by_number")
_INSERT = sql("actions_insert")
_KEYS_INSERT = sql("action_keys_insert")
_RETURNED = sql("actions_returned")
_MOVE_ON = sql("action_move_on")
_ATTEMPTED = sql("action_attempted")
_PENDING = sql("actions_pending")
_PENDING_IN = sql("actions_pending_in")
_EXPIRED = sql("actions_expired")
_BY_ID = sql("journal_by_id")
_OF_ACCOUNT = sql("journal_of_account")
_OF_TENANT = sql("journal_of_tenant")
_OF_GUARD = sql("journal_of_guard")
_OF_ALL = sql("journal_of_all")
_PURGE = sql("journal_purge")

#: The states from which each may be reached.
_BEFORE: Final = {
    state: [before for before, after in FOLLOWS.items() if state in after] for state in ActionState
}

#: What one commit has of guards.
Batch: TypeAlias = tuple[Sequence[Decision], Sequence[JournalEntry]]

_Key: TypeAlias = tuple[AccountId, bytes]


async def intend(
    connection: Connection,
    fence: Fence,
    decisions: Sequence[Decision],
    actions: Sequence[JournalEntry],
) -> Verdict:
    """Write decisions and actions that move no cursor."""
    if await is_fenced(connection, fence):
        return Verdict.FENCED
    await write(connection, [(decisions, actions)])
    return Verdict.DONE


async def write(connection: Connection, batches: Sequence[Batch]) -> None:
    """Insert the actions that are new, and every decision with what became of it.

    Each batch is of one commit, and they are in the order in which those were made.
    """
    fates = await _insert(connection, batches)
    kept = [
        rows.told(each, fate_of.get(rows.judged(each)))
        for (decisions, _), fate_of in zip(batches, fates, strict=True)
        for each in decisions
    ]
    await decided.write(connection, kept)


class _Past:
    """The actions that are known by a key, as one entry after the other is written."""

    __slots__ = ("_by_key", "_entries", "_turns")

    def __init__(self) -> None:
        self._entries: dict[ActionId, JournalEntry] = {}
        self._turns: dict[ActionId, int] = {}  # the higher, the newer
        self._by_key: dict[_Key, list[ActionId]] = defaultdict(list)

    async def read(self, connection: Connection, actions: Iterable[JournalEntry]) -> None:
        """Read what is known of the messages that are acted on."""
        keys = list(dict.fromkeys((each.account, key) for each in actions for key in each.identity))
        found = await _alike(connection, keys)
        entries = await _by_number(connection, {seq for seq, _ in found})
        for seq, key in sorted(found):
            self._put(entries[seq], (key,))

    def put(self, entry: JournalEntry) -> None:
        """Take an entry that is written now."""
        self._put(entry, [(entry.account, key) for key in dict.fromkeys(entry.identity)])

    def _put(self, entry: JournalEntry, keys: Iterable[_Key]) -> None:
        self._entries[entry.id] = entry
        self._turns.setdefault(entry.id, len(self._turns))
        for key in keys:
            self._by_key[key].append(entry.id)

    def returned(self, entry: JournalEntry) -> None:
        """Take it that the user took an action back."""
        self._entries[entry.id] = replace(entry, state=ActionState.RETURNED)

    def knows(self, action: ActionId) -> bool:
        """Whether an entry of this id was read or written."""
        return action in self._entries

    def about(self, entry: JournalEntry) -> list[JournalEntry]:
        """Return the entries about the message of ``entry``, newest first."""
        ids = {
            action
            for key in entry.identity
            for action in self._by_key.get((entry.account, key), ())[-rows.ABOUT :]
        }
        return [self._entries[action] for action in sorted(ids, key=self._turns.__getitem__)][::-1]


async def _insert(
    connection: Connection, batches: Sequence[Batch]
) -> list[dict[rows.Judged, set[Fate]]]:
    """Write the entries whose messages were not acted on before; say what became of each."""
    fates: list[dict[rows.Judged, set[Fate]]] = [defaultdict(set) for _ in batches]
    past = _Past()
    await past.read(connection, (entry for _, actions in batches for entry in actions))
    fresh: dict[ActionId, tuple[int, JournalEntry]] = {}
    returned: dict[ActionId, float] = {}
    for number, (_, actions) in enumerate(batches):
        for entry in actions:
            becomes, back = fate(entry, past.about(entry))
            if back is not None:
                past.returned(back)
                returned[back.id] = entry.at
            if becomes is not Fate.WRITTEN or past.knows(entry.id):
                late = Fate.REPEATED if becomes is Fate.WRITTEN else becomes
                fates[number][rows.judged(entry)].add(late)
                continue
            past.put(entry)
            fresh[entry.id] = number, entry
    if returned:
        await connection.execute(_RETURNED, list(returned), list(returned.values()))
    written = await _written(connection, [entry for _, entry in fresh.values()])
    for number, entry in fresh.values():
        # Known by its id alone: a message without identity keys.
        becomes = Fate.WRITTEN if entry.id in written else Fate.REPEATED
        fates[number][rows.judged(entry)].add(becomes)
    return fates


async def _written(connection: Connection, fresh: Sequence[JournalEntry]) -> frozenset[ActionId]:
    """Insert entries with their keys; return those whose ids were not known."""
    if not fresh:
        return frozenset()
    found = await connection.fetch(_INSERT, *arrays(map(rows.columns, fresh)))
    numbers: dict[ActionId, int] = {row[0]: row[1] for row in found}
    keys = [
        {"account": entry.account, "key": key, "action": numbers[entry.id], "rank": rank}
        for entry in fresh
        if entry.id in numbers
        for rank, key in enumerate(entry.identity)
    ]
    if keys:
        await connection.execute(_KEYS_INSERT, *arrays(keys))
    return frozenset(numbers)


async def _alike(connection: Connection, keys: Sequence[_Key]) -> list[tuple[int, _Key]]:
    """Return the numbers of the newest actions of each key, with the key."""
    if not keys:
        return []
    found = await connection.fetch(
        _ALIKE, [account for account, _ in keys], [key for _, key in keys], rows.ABOUT
    )
    return [(row[1], keys[row[0] - 1]) for row in found]


async def _by_number(connection: Connection, numbers: set[int]) -> dict[int, JournalEntry]:
    """Return entries by their numbers, newest first."""
    if not numbers:
        return {}
    found = await connection.fetch(_BY_NUMBER, list(numbers))
    return {row[0]: rows.entry(row, row["identity"]) for row in found}


async def record(
    connection: Connection,
    action: ActionId,
    state: ActionState,
    *,
    now: float,
    result: Place | None,
    reason: str,
    fence: Fence | None = None,
) -> bool:
    """Move an entry on, if the state may follow and the fence holds."""
    if fence is not None and await is_fenced(connection, fence):
        return False
    moved = await connection.fetchval(
        _MOVE_ON,
        action,
        state,
        now,
        printable(reason),
        _BEFORE[state],
        result is not None,
        *rows.place(result).values(),
    )
    return moved is not None


async def attempted(
    connection: Connection,
    action: ActionId,
    *,
    now: float,
    reason: str,
    fence: Fence | None = None,
) -> int:
    """Count one attempt that came to nothing."""
    if fence is not None and await is_fenced(connection, fence):
        return 0
    attempts: int | None = await connection.fetchval(_ATTEMPTED, action, printable(reason), now)
    return attempts or 0


async def pending(
    connection: Connection, account: AccountId, folder: bytes | None
) -> list[JournalEntry]:
    """Return what is to be carried out, oldest first."""
    if folder is None:
        found = await connection.fetch(_PENDING, account)
    else:
        found = await connection.fetch(_PENDING_IN, account, folder)
    return [rows.entry(row, row["identity"]) for row in found]


async def expired(
    connection: Connection, account: AccountId, *, now: float, limit: int
) -> list[JournalEntry]:
    """Return entries whose time in quarantine is over, oldest first."""
    found = await connection.fetch(_EXPIRED, account, now, max(limit, 0))
    return [rows.entry(row, row["identity"]) for row in found]


async def journal(connection: Connection, query: JournalQuery) -> list[JournalEntry]:
    """Return entries, newest first."""
    since = -inf if query.since is None else query.since
    bounds = (since, *top(query.until, query.below), query.states, max(query.limit, 0))
    if query.action is not None:
        who = (query.action, query.account, query.tenant, query.guard)
        found = await connection.fetch(_BY_ID, *who, *bounds)
    elif query.account is not None:
        found = await connection.fetch(
            _OF_ACCOUNT, query.account, query.tenant, query.guard, *bounds
        )
    elif query.tenant is not None:
        found = await connection.fetch(_OF_TENANT, query.tenant, query.guard, *bounds)
    elif query.guard is not None:
        found = await connection.fetch(_OF_GUARD, query.guard, *bounds)
    else:
        found = await connection.fetch(_OF_ALL, *bounds)
    return [rows.entry(row, row["identity"]) for row in found]


async def acted_on(
    connection: Connection, account: AccountId, identity: Sequence[bytes]
) -> list[JournalEntry]:
    """Return entries about the message with one of these keys, newest first."""
    found = await _alike(connection, [(account, key) for key in dict.fromkeys(identity)])
    return list((await _by_number(connection, {seq for seq, _ in found})).values())


async def purge(connection: Connection, *, before: float, limit: int) -> int:
    """Forget at most ``limit`` entries that are over, the oldest first, with their keys."""
    return touched(await connection.execute(_PURGE, before, max(limit, 0)))
