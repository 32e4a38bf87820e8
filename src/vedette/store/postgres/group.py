"""Write what several callers want written at one moment: commits, events, health notes.

::

    fences ─► cursors ─► events, bodies, deliveries ─► identity keys ─► journal ─► notes

Each step is a statement or a few for all of them together. It knows the order of the steps and
nothing of transactions: the writer puts each group into its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from vedette.model.account import Health
from vedette.model.delivery import Posting
from vedette.ports.store import Commit, Fence, Verdict
from vedette.store.handed import Handed
from vedette.store.postgres import accounts, fences, folders, journal, postings
from vedette.store.postgres.connection import Connection
from vedette.store.postgres.postings import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A commit, and the instant at which its identity keys are met."""

    commit: Commit
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Events that move no cursor."""

    fence: Fence
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Health of accounts."""

    pages: tuple[Health, ...]


Ask: TypeAlias = Step | Post | Notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of one of them, and what its commit hands over once it is on disk."""

    verdict: Verdict
    handed: Handed

    def tell(self) -> None:
        """Hand it over; on the loop, once it is on disk."""
        self.handed.tell()


def place(ask: Ask) -> Hashable:
    """Return what at most one of a group is about; None for what may stand beside anything."""
    return (ask.commit.account, ask.commit.folder) if isinstance(ask, Step) else None


def weight(ask: Ask) -> int:
    """Return how many octets of bodies it brings."""
    return sum(len(posting.body) for posting in _postings(ask))


def instants(ask: Ask) -> list[float]:
    """Return the instants whose days need a partition."""
    return [posting.time for posting in _postings(ask)]


def _postings(ask: Ask) -> tuple[Posting, ...]:
    if isinstance(ask, Step):
        return ask.commit.postings
    return ask.postings if isinstance(ask, Post) else ()


async def write(connection: Connection, asks: Sequence[Ask], *, instance: str) -> list[Written]:
    """Write a group; return what became of each, in order."""
    verdicts = await _judge(connection, asks)
    done = [ask for ask, verdict in zip(asks, verdicts, strict=True) if verdict is Verdict.DONE]
    steps = [ask for ask in done if isinstance(ask, Step)]
    handed = {id(step): Handed(step.commit.takers) for step in steps}
    await postings.write(connection, await _letters(connection, done, handed), instance=instance)
    await folders.put_seen(
        connection,
        ((step.commit.account, key, step.now) for step in steps for key in step.commit.seen),
    )
    await journal.write(
        connection, [(step.commit.decisions, step.commit.actions) for step in steps]
    )
    await accounts.put_healths(
        connection, [health for ask in done if isinstance(ask, Notes) for health in ask.pages]
    )
    return [
        Written(verdict=verdict, handed=handed.get(id(ask)) or Handed())
        for ask, verdict in zip(asks, verdicts, strict=True)
    ]


async def _judge(connection: Connection, asks: Sequence[Ask]) -> list[Verdict]:
    """Compare fences and cursors, and set the cursors that may move."""
    named = {_fence(ask) for ask in asks} - {None}
    standing = await fences.standing(connection, (each for each in named if each is not None))
    steps = [ask.commit for ask in asks if isinstance(ask, Step) and ask.commit.fence in standing]
    moved = {
        (each.step.account, each.step.folder) for each in await folders.move(connection, steps)
    }
    posters = [
        posting.account
        for ask in asks
        if isinstance(ask, Post) and ask.fence in standing
        for posting in ask.postings
    ]
    if posters:
        await postings.lock_accounts(connection, posters)
    verdicts = []
    for ask in asks:
        fence, at = _fence(ask), place(ask)
        if fence is not None and fence not in standing:
            verdicts.append(Verdict.FENCED)
        else:
            verdicts.append(Verdict.DONE if at is None or at in moved else Verdict.STALE)
    return verdicts


def _fence(ask: Ask) -> Fence | None:
    if isinstance(ask, Step):
        return ask.commit.fence
    return ask.fence if isinstance(ask, Post) else None


async def _letters(
    connection: Connection, done: Sequence[Ask], handed: Mapping[int, Handed]
) -> list[Letter]:
    """Return the postings of a group; each is met by what was stored before it, or came before."""
    met = await folders.meet(
        connection,
        (
            (ask.commit.account, key)
            for ask in done
            if isinstance(ask, Step)
            for posting in ask.commit.postings
            if posting.again is not None
            for key in posting.keys
        ),
    )
    nobody = Handed()
    letters: list[Letter] = []
    for ask in done:
        account = ask.commit.account if isinstance(ask, Step) else None
        letters += [
            Letter(
                posting=posting,
                is_met=account is not None and any((account, key) in met for key in posting.keys),
                handed=handed.get(id(ask), nobody),
            )
            for posting in _postings(ask)
        ]
        if isinstance(ask, Step):
            met.update((ask.commit.account, key) for key in ask.commit.seen)
    return letters
