"""What one seed stands for: who has mail, what server it is, and what is going to go wrong.

Each seed draws a small set of faults and their strength, so that in some histories one fault
meets the engine alone and in others many meet at once; if all were always on, the rare
meetings would drown. It must not know how a fault is carried out.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from enum import Enum, unique
from typing import Any, Final

from tests.sim import guarded
from tests.sim.disk import Faults
from tests.sim.guarded import Guarded
from tests.sim.imap.conduct import ALL, BARE, GMAIL, USUAL, Conduct
from tests.sim.network import Weather
from tests.sim.reader import Workers
from tests.sim.sink import Temper
from vedette.crashpoint import Crashpoint
from vedette.model.account import Account, Beginning, Cover, Credentials, Depth, Start
from vedette.model.ids import AccountId, TenantId
from vedette.secret import Secret

#: Folders a mailbox may have beside INBOX, as the server is told of them.
FURTHER: Final = ("Lists", "Junk=\\Junk", "Work/Alerts")


@unique
class Blow(Enum):
    """What the world does from outside, one at a time."""

    EXPUNGE = "messages are expunged"
    MOVE = "messages are moved"
    FLAG = "flags change"
    RENUMBER = "a folder is renumbered"
    RECREATE = "a folder is deleted and made again"
    RESTART_SERVER = "the server closes all connections"
    CUT = "lines are cut"
    HALF_OPEN = "lines become half-open"
    UNREACHABLE = "nobody can connect for a while"
    KILL = "the process is killed"
    STOP = "the process is stopped for a while"
    RESTART = "the service is restarted in order"
    CLOCK = "the wall clock is set"
    FULL = "the disk is full for a while"
    DOWN = "an endpoint is down for a while"
    PASSWORD = "the password is changed, and later told to us"
    DROPS = "each line is cut after moments, for a while"
    LARGE = "a large message arrives"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One user of the server, and how we watch it. ``folders`` are wire names."""

    user: str
    folders: tuple[str, ...]
    uses: tuple[str, ...]
    cover: Cover
    beginning: Beginning
    depth: Depth

    @property
    def account_id(self) -> AccountId:
        return AccountId(self.user)

    @property
    def lines(self) -> int:
        """How many connections it may have at once."""
        return len(self.folders) if self.cover is Cover.CONNECTIONS else 1

    def account(self, password: str) -> Account:
        return Account(
            id=self.account_id,
            tenant=TenantId("tenant"),
            email=f"{self.user}@example.org",
            credentials=Credentials(user=self.user, password=Secret(password)),
            folders=self.folders,
            beginning=self.beginning,
            cover=self.cover,
            depth=self.depth,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One history before it happens. ``length`` is of the restless part, in seconds."""

    seed: int
    mailboxes: tuple[Mailbox, ...]
    capabilities: tuple[str, ...]
    conduct: Conduct
    weather: Weather
    faults: Faults
    workers: Workers
    temper: Temper
    blows: tuple[Blow, ...]
    length: float
    rate: float
    crashes: dict[Crashpoint, float] = field(default_factory=dict)
    earlier: int = 0
    guard: Guarded | None = None


def draw(seed: int) -> Setting:
    """Return the setting of a seed."""
    dice = random.Random(f"{seed}/setting")
    capabilities = _capabilities(dice)
    guard = guarded.draw(seed)
    if guard is not None:
        capabilities = guarded.capable(seed, guard, capabilities)
    conduct = _conduct(seed, capabilities)
    if guard is not None and guard.marks:
        unkept = _dice(seed, "mark_unkept").choice((0.0, 0.1, 0.3))
        conduct = replace(conduct, mark_unkept=unkept)
    blows = [blow for blow in Blow if _dice(seed, blow.name).random() < 0.35]
    if conduct.uid_validity_missing:
        # Who does not say that it renumbered a folder names two messages by one number.
        blows = [blow for blow in blows if blow not in {Blow.RENUMBER, Blow.RECREATE}]
    return Setting(
        seed=seed,
        mailboxes=tuple(_mailbox(dice, n) for n in range(dice.choice((1, 1, 1, 2, 3)))),
        capabilities=capabilities,
        conduct=conduct,
        weather=_weather(dice),
        faults=_faults(dice),
        workers=Workers(killed=dice.choice((0.0, 0.3)), unavailable=dice.choice((0.0, 0.0, 0.2))),
        temper=_temper(dice),
        blows=tuple(blows),
        length=dice.uniform(60.0, 400.0),
        rate=dice.choice((0.03, 0.1, 0.3)),
        crashes={
            point: _dice(seed, point).choice((0.01, 0.05, 0.2))
            for point in Crashpoint
            if _dice(seed, f"{point}?").random() < 0.15
        },
        earlier=dice.choice((0, 0, 3, 12)),
        guard=guard,
    )


def _dice(seed: int, name: str) -> random.Random:
    """Return dice of its own for each thing that may be joined by others one day.

    A new misbehaviour then leaves the histories of all seeds that do not draw it as they were.
    """
    return random.Random(f"{seed}/{name}")


def _mailbox(dice: random.Random, number: int) -> Mailbox:
    further = tuple(each for each in FURTHER if dice.random() < 0.4)
    return Mailbox(
        user=f"user{number}",
        folders=("INBOX", *(each.partition("=")[0] for each in further)),
        uses=further,
        cover=dice.choice((Cover.POLL, Cover.POLL, Cover.CONNECTIONS)),
        beginning=dice.choice(
            (
                Beginning(),
                Beginning(),
                Beginning(start=Start.LAST, count=5),
                Beginning(start=Start.LAST, count=1000),
                Beginning(start=Start.DATE, instant=0.0),
            )
        ),
        depth=dice.choice((Depth.TEXT, Depth.TEXT, Depth.METADATA, Depth.FULL)),
    )


def _capabilities(dice: random.Random) -> tuple[str, ...]:
    offers: tuple[tuple[str, ...], ...] = (USUAL, USUAL, ALL, GMAIL, BARE)
    base = dice.choice(offers)
    if dice.random() < 0.3:
        optional = [each for each in base if not each.startswith(("IMAP4", "AUTH=", "LITERAL"))]
        dropped = set(dice.sample(optional, min(len(optional), dice.randrange(1, 6))))
        base = tuple(each for each in base if each not in dropped)
    return tuple(each for each in base if each != "COMPRESS=DEFLATE")


def _conduct(seed: int, capabilities: Sequence[str]) -> Conduct:
    """Return a conduct with a few misbehaviours, most of them rare."""
    peaceful = Conduct.peaceful(capabilities)
    dice = _dice(seed, "conduct")
    if dice.random() < 0.15:
        return peaceful
    share = dice.choice((0.05, 0.15, 0.3))
    changes: dict[str, Any] = {}
    for each in fields(Conduct):
        own = _dice(seed, each.name)
        if each.type == "float" and each.name not in _SPECIAL and own.random() < share:
            strongest = 0.03 if each.name in _COSTLY else 0.3
            changes[each.name] = min(own.choice((0.01, 0.03, 0.1, 0.3)), strongest)
    if "uid_validity_missing" in changes:
        # A change that is not told can not be known.
        changes.pop("validity_jumps", None)
    return replace(peaceful, **changes)


#: Ways of a server that show a message only after a later one (catalogue S9).
LATE: Final = ("uid_late", "search_omits", "search_empty", "row_veiled")
#: No chances, or chances that stand for something else when they are drawn small.
_SPECIAL: Final = frozenset({"autologout", "slip_told", "upheaval_bye"})
#: Each of these ends or stalls a connection: more of it, and nothing else would happen.
_COSTLY: Final = frozenset(
    {
        "greeting_bye", "greeting_silent", "login_denied", "login_full", "slow", "silent", "bye",
        "cut", "refused", "bad", "fetch_cut", "list_empty", "done_unanswered",
    }
)  # fmt: skip


def _weather(dice: random.Random) -> Weather:
    return Weather(
        latency=dice.choice((0.002, 0.02, 0.1)),
        refuse=dice.choice((0.0, 0.0, 0.1)),
        hang=dice.choice((0.0, 0.0, 0.0, 0.05)),
        unresolved=dice.choice((0.0, 0.0, 0.1)),
        cut_rate=dice.choice((None, None, 60.0, 300.0)),
        half_open_rate=dice.choice((None, None, 120.0)),
        noticed=dice.choice(((240.0, 1800.0), (7200.0, 7200.0))),
    )


def _faults(dice: random.Random) -> Faults:
    return Faults(
        latency=dice.choice((0.002, 0.005, 0.05)),
        fail=dice.choice((0.0, 0.0, 0.02)),
        lose_reply=dice.choice((0.0, 0.0, 0.02, 0.1)),
        fail_read=dice.choice((0.0, 0.0, 0.01)),
        stop=dice.choice((0.0, 0.0, 0.005)),
    )


def _temper(dice: random.Random) -> Temper:
    return Temper(
        latency=dice.choice((0.005, 0.05)),
        unacknowledged=dice.choice((0.0, 0.1)),
        forgotten=dice.choice((0.0, 0.1)),
        refused=dice.choice((0.0, 0.1, 0.5)),
        asked_to_wait=dice.choice((0.0, 0.0, 0.1)),
        drips=dice.choice((0.0, 0.0, 0.03)),
    )
