"""A guard in a history: which mail it is after, what it may do, and what its user does meanwhile.

It is drawn from dice of its own, so that histories without one stay as they were. It must not
know how the engine acts, nor how the user's hand is moved.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from vedette.engine.guarding import Mode, Post
from vedette.guard.expression import read_expression
from vedette.guard.judging import Guard
from vedette.guard.pack import (
    Action,
    ActionKind,
    Cap,
    Field,
    InList,
    Limits,
    List,
    Pack,
    Phrases,
    Protection,
    Stage,
    Symbol,
    Tier,
)
from vedette.secret import Secret

#: Whose mail is unwanted, and how its tokens begin.
LISTED: Final = "casino.example"
SENDER: Final = f"bonus@{LISTED}"
UNWANTED: Final = "casino-"
#: The folder that mail is moved to, and the one to which it goes at the end of its time.
QUARANTINE: Final = "Quarantine"
TRASH: Final = "Trash"
#: A folder of the user's own that nobody watches.
KEPT: Final = "Kept"
#: How the tokens of unwanted mail begin whose text says what protects it, and what it says.
SPARED: Final = f"{UNWANTED}spared-"
PROTECTED: Final = "This is the statement of your bank."
#: A keyword that is set, or a label.
MARK: Final = "Unwanted"
#: Share of the settings that have a guard that moves, and of those that have another one.
SHARE: Final = 0.3
OTHERS: Final = (0.7, 0.85)


@unique
class Deed(Enum):
    """What is done to unwanted mail."""

    MOVE = "it is moved to quarantine"
    SPARE = "it is moved by its head, and brought back where the rest of it protects it"
    FLAG = "it gets a keyword"
    LABEL = "it gets a label, or a keyword where there are no labels"


@unique
class Stir(Enum):
    """What the user, or another client, does with mail that a guard is after."""

    GRAB = "it is taken away before the guard gets at it"
    RESCUE = "it is moved back out of quarantine"
    FILE = "it is moved from quarantine to a folder of the user's own"
    DISCARD = "it is deleted in quarantine"
    MARK = "other mail is marked as deleted, to be expunged one day"
    UNDO = "a person asks that an action be taken back"
    SWEEP = "a person asks that mail be looked at again"
    RENUMBER = "the quarantine is renumbered"
    RESET = "the folder to which it came is renumbered before the guard gets at it"
    DELETE = "the quarantine is deleted, with what is in it"
    UNMARK = "the mark is taken off"


#: Who sets marks moves nothing, so there is nothing in quarantine.
_OF_MARKS: Final = frozenset({Stir.GRAB, Stir.MARK, Stir.UNDO, Stir.SWEEP, Stir.RESET, Stir.UNMARK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """The guard of one history. ``share`` of the mail is of the listed sender.

    ``retain`` is in seconds; ``rate`` of stirs in one second.
    """

    mode: Mode
    share: float
    retain: float | None
    seen: bool
    trash: bool
    stirs: tuple[Stir, ...]
    rate: float
    deed: Deed = Deed.MOVE

    @property
    def marks(self) -> bool:
        """Whether it moves nothing."""
        return self.deed in {Deed.FLAG, Deed.LABEL}

    @property
    def folders(self) -> tuple[str, ...]:
        """What the user has beside the folders that are watched."""
        return (KEPT, f"{TRASH}=\\Trash") if self.trash else (KEPT,)

    def post(self) -> Post:
        """Return the guard at its post, for one run of the program."""
        pack = Pack(
            name="unwanted",
            version="1",
            lists=(List(name="casinos", entries=(LISTED,)),),
            symbols=(
                Symbol(
                    name="FROM_LISTED",
                    stage=Stage.HEAD,
                    where=(Field.FROM,),
                    test=InList(lists=("casinos",)),
                    score=6.0,
                ),
            ),
            tiers=(Tier(do="quarantine", at=5.0, need=read_expression("FROM_LISTED")),),
            protections=(_PROTECTION,) if self.deed is Deed.SPARE else (),
            actions=(self._action(),),
            limits=Limits(actions_per_hour=10_000, share=1.0, symbol_share=1.0),
        )
        return Post(guard=Guard(pack, {}), key=Secret("a key for tests"), mode=self.mode)

    def _action(self) -> Action:
        if self.marks:
            kind = ActionKind.FLAG if self.deed is Deed.FLAG else ActionKind.LABEL
            return Action(name="quarantine", kind=kind, target=MARK)
        return Action(
            name="quarantine",
            kind=ActionKind.MOVE,
            target=QUARANTINE,
            seen=self.seen,
            retain=self.retain,
        )


_PROTECTION: Final = Protection(
    symbol=Symbol(
        name="FROM_A_BANK",
        stage=Stage.BODY,
        where=(Field.TEXT,),
        test=Phrases(phrases=("statement of your bank",)),
        score=0.0,
    ),
    cap=Cap.NONE,
)


def draw(seed: int) -> Guarded | None:
    """Return the guard of a seed, if it has one."""
    dice = random.Random(f"{seed}/guard")
    roll = dice.random()
    if roll < SHARE:
        deed = Deed.MOVE
    elif OTHERS[0] <= roll < OTHERS[1]:
        deed = random.Random(f"{seed}/guard/deed").choice((Deed.SPARE, Deed.FLAG, Deed.LABEL))
    else:
        return None
    stirs = [each for each in Stir if _dice(seed, each).random() < 0.35]
    is_mark = deed in {Deed.FLAG, Deed.LABEL}
    return Guarded(
        mode=Mode.SHADOW if dice.random() < 0.15 else Mode.ACT,
        share=dice.choice((0.3, 0.6, 1.0)),
        retain=dice.choice((None, 30.0, 300.0, 86_400.0)),
        seen=dice.random() < 0.5,
        trash=dice.random() < 0.7,
        stirs=tuple(
            each for each in stirs if (each in _OF_MARKS if is_mark else each is not Stir.UNMARK)
        ),
        rate=dice.choice((0.02, 0.05, 0.2)),
        deed=deed,
    )


def _dice(seed: int, stir: Stir) -> random.Random:
    """Return dice of its own for each stir: another one leaves the settings without it alone."""
    return random.Random(f"{seed}/guard/{stir.name}")


def capable(seed: int, guard: Guarded, capabilities: Sequence[str]) -> tuple[str, ...]:
    """Return what a server with a guard's mail offers: more or less of what an action needs."""
    dice = random.Random(f"{seed}/guard capabilities")
    offered = list(capabilities)
    labels = random.Random(f"{seed}/guard labels")
    if guard.deed is Deed.LABEL and "X-GM-EXT-1" not in offered and labels.random() < 0.4:
        offered.append("X-GM-EXT-1")
    if "ESEARCH" in offered and dice.random() < 0.6:
        offered.append("SEARCHRES")
    for name, chance in (("MOVE", 0.3), ("UIDPLUS", 0.2), ("OBJECTID", 0.3)):
        if name in offered and dice.random() < chance:
            offered.remove(name)
    return tuple(offered)
