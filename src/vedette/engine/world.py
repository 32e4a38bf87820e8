"""Everything the engine has from outside, in one value that ``vedette.app`` fills.

The engine reads time, dice, sockets and disks through this and through
nothing else, so the same code runs against a simulated world.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vedette.engine.audit_book import AuditBook
from vedette.engine.canary_book import CanaryBook
from vedette.engine.correspondents import Correspondents
from vedette.engine.guarding import Guarding
from vedette.engine.panel import Panel
from vedette.engine.places import Places
from vedette.engine.promise import Promise
from vedette.engine.tap import Taps
from vedette.engine.tenure import Sole, Tenure
from vedette.errors import VedetteError
from vedette.model.account import Account
from vedette.model.ids import AccountId, EndpointId
from vedette.outbox.directory import Directory
from vedette.ports.clock import Clock, Dice
from vedette.ports.completeness import Counts
from vedette.ports.journal import Journal
from vedette.ports.link import Dialer
from vedette.ports.reader import Reader
from vedette.ports.store import Store
from vedette.ports.token import Tokens
from vedette.sync.cadence import Tempo
from vedette.turnstile import Turnstile

#: Messages are in memory as objects while their commit is on its way. Two groups of
#: commits keep the disk busy; more at once only makes the heap larger, for good.
TURNS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all parts of one engine share.

    ``endpoints`` returns those that exist now; ``wake`` is told which of them
    have something new to deliver, and ``promises`` is asked before a commit which
    of them take it at once, by how many there are for each. ``spool`` is the folder for large messages.
    ``on_failure`` is told of every connection that failed, ``on_connected`` of
    every one that came through its first sync.
    ``tenure`` is the right to write for an account and to act on its mailbox.
    ``places`` bounds how many fetch from one host at the same time, and
    ``turns`` bounds how many mailboxes render and commit at the same time.
    Whatever goes before a mailbox is watched passes ``turnstile``, so that the mail
    of those that are does not wait for it.
    Until the instant ``careful_until`` every message is read in another process
    and counted: the last run ended without a word, and a message may be why (M5).
    ``guards`` are those that stand at the folders, and ``journal`` is where what they do is
    written; without a journal nobody acts. ``panel`` has the scorers that they may ask, and
    ``correspondents`` whom users wrote to, as far as guards ask for it. ``audits`` says when a folder
    is held against the ledger, and what came of it; ``counts`` keeps that for whoever asks elsewhere.
    ``canaries`` knows probe mails of ours, where
    there are any.
    ``tokens`` are for accounts that log in by a grant; without it there are none such.
    ``taps`` listen to the connections of accounts that somebody asked about. ``on_parked`` is told of
    each account that is not tried any more because its logins were refused.
    """

    dialer: Dialer
    store: Store
    reader: Reader
    clock: Clock
    dice: Dice
    endpoints: Callable[[], Directory]
    wake: Callable[[Iterable[EndpointId]], None]
    spool: str
    promises: Callable[[Mapping[EndpointId, int]], Sequence[Promise]] = lambda _wanted: ()
    tenure: Tenure = field(default_factory=Sole)
    tempo: Tempo = field(default_factory=Tempo)
    on_failure: Callable[[AccountId, VedetteError], None] = lambda _account, _error: None
    on_connected: Callable[[AccountId], None] = lambda _account: None
    careful_until: float = 0.0
    places: Places = field(default_factory=Places)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TURNS))
    guards: Guarding = field(default_factory=Guarding)
    journal: Journal | None = None
    panel: Panel = field(default_factory=Panel)
    correspondents: Correspondents = field(default_factory=Correspondents)
    audits: AuditBook = field(default_factory=AuditBook)
    counts: Counts | None = None
    canaries: CanaryBook | None = None
    turnstile: Turnstile = field(default_factory=Turnstile)
    tokens: Tokens | None = None
    taps: Taps = field(default_factory=Taps)
    on_parked: Callable[[Account], None] = lambda _account: None
