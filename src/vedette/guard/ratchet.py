"""What of a change may be at once, and what has to wait: the ratchet's decisions.

A protective guard that acts is enforced as it stands. What tightens it holds at once; what loosens
it waits, and so does what is unclear. A change is taken apart by aspects, each of which is decided
by itself:

- the pack: a text that loosens nothing holds at once; of one that loosens anything, nothing does;
- the mode, the selection (in one of its three parts the wider of both holds at once), the partner;
- the removal of the whole guard.

Time and consent are not known here: whoever asks says which aspects are released.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from hashlib import sha256
from typing import Final

from vedette.guard.difference import difference
from vedette.guard.pack import Kind, Lock, Pack

#: The mode in which a guard acts; in every other it only looks.
ACTS: Final = "act"

#: Folders that a guard judges whether they are named or no folder is.
_JUDGED_ANYWAY: Final = frozenset({"inbox", "\\inbox", "\\junk"})


@unique
class Aspect(StrEnum):
    """What a change is of. The first seven come from the configuration, the others from people."""

    PACK = "pack"
    MODE = "mode"
    SELECTION = "selection"
    SWEEP = "sweep"
    """How far it looks back at mail that is there already."""
    PARTNER = "partner"
    REMOVAL = "removal"
    ACCOUNT = "account"
    """An account at which it stands is taken away, or less of it is watched."""
    PAUSE = "pause"
    """A kill switch is set."""
    ALLOW = "allow"
    """Mail of a domain is to be left alone."""
    RESTORE = "restore"
    """Mail that was taken because of a list is to come back."""


#: What a file can ask for by what it says of a guard.
OF_A_GUARD: Final = frozenset(
    {
        Aspect.PACK,
        Aspect.MODE,
        Aspect.SELECTION,
        Aspect.SWEEP,
        Aspect.PARTNER,
        Aspect.REMOVAL,
    }
)

#: What a file can ask for.
OF_A_FILE: Final = OF_A_GUARD | {Aspect.ACCOUNT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A guard as it is enforced, or wanted.

    ``text`` is what ``pack`` was read from, ``base`` the folder that its paths start from. An
    empty selection takes all of its kind. It looks back at the last ``messages`` of a folder, of so
    many ``days``; 0 days are any age. ``partner`` is the endpoint that is told of changes, and
    ``secret`` a digest of what a partner grants with; both may be empty. ``place`` is a digest of
    where and how that endpoint is told, empty where there is none, and ``signs`` those of the keys
    that sign what it is told.
    """

    pack: Pack
    text: str
    base: str = ""
    mode: str = ACTS
    tenants: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    messages: int = 0
    days: int = 0
    partner: str = ""
    secret: str = ""
    place: str = ""
    signs: tuple[str, ...] = ()

    @property
    def is_enforced(self) -> bool:
        """Whether the ratchet holds it: it is protective, and acts."""
        return self.pack.kind is Kind.PROTECTIVE and self.mode == ACTS

    @property
    def lock(self) -> Lock:
        """Its lock; a protective pack that names none has the usual one."""
        return self.pack.lock or Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One aspect in which what is wanted differs from what is enforced.

    ``to`` is a digest of what is wanted: the same wish has the same. ``says`` is for a person.
    """

    aspect: Aspect
    loosens: bool
    to: str
    says: tuple[str, ...] = ()


def steps(enforced: Stand, wanted: Stand | None) -> tuple[Step, ...]:
    """Return every aspect of a change; None is a guard that is not wanted any more."""
    if wanted is None:
        says = ("the guard is taken out of the configuration",)
        return (Step(aspect=Aspect.REMOVAL, loosens=True, to="", says=says),)
    found = (
        _pack(enforced, wanted),
        _mode(enforced, wanted),
        _selection(enforced, wanted),
        _sweep(enforced, wanted),
        _partner(enforced, wanted),
    )
    return tuple(step for step in found if step is not None)


def after(enforced: Stand, wanted: Stand | None, released: Collection[Aspect] = ()) -> Stand | None:
    """Return what is enforced from now on; ``released`` are aspects that may be loosened."""
    if wanted is None:
        return None if Aspect.REMOVAL in released else enforced
    stand = enforced
    for step in steps(enforced, wanted):
        if not step.loosens or step.aspect in released:
            stand = _gone_over(stand, wanted, step.aspect)
        elif step.aspect is Aspect.SELECTION:
            stand = _widened(stand, wanted)
    return stand


def _gone_over(stand: Stand, wanted: Stand, aspect: Aspect) -> Stand:
    match aspect:
        case Aspect.PACK:
            return replace(stand, pack=wanted.pack, text=wanted.text, base=wanted.base)
        case Aspect.MODE:
            return replace(stand, mode=wanted.mode)
        case Aspect.SELECTION:
            return replace(
                stand, tenants=wanted.tenants, accounts=wanted.accounts, folders=wanted.folders
            )
        case Aspect.SWEEP:
            return replace(stand, messages=wanted.messages, days=wanted.days)
        case Aspect.PARTNER:
            return replace(
                stand,
                partner=wanted.partner,
                secret=wanted.secret or stand.secret,
                place=wanted.place,
                signs=wanted.signs,
            )
        case Aspect.REMOVAL | Aspect.ACCOUNT | Aspect.PAUSE | Aspect.ALLOW | Aspect.RESTORE:
            return stand


def _pack(enforced: Stand, wanted: Stand) -> Step | None:
    moved = enforced.base != wanted.base and _is_relative(enforced.pack, wanted.pack)
    if enforced.pack.version == wanted.pack.version and not moved:
        return None
    changes = difference(enforced.pack, wanted.pack)
    says = [change.told() for change in changes if change.turn.waits]
    if moved:
        # A list of the same name elsewhere may hold anything.
        says.append("its lists are read from another folder")
    to = _digest(wanted.pack.version, wanted.base if moved else "")
    return Step(aspect=Aspect.PACK, loosens=bool(says), to=to, says=tuple(says))


def _is_relative(*packs: Pack) -> bool:
    sources = (source for pack in packs for each in pack.lists for source in each.sources)
    return any("://" not in source and not source.startswith("/") for source in sources)


def _mode(enforced: Stand, wanted: Stand) -> Step | None:
    if enforced.mode == wanted.mode:
        return None
    return Step(
        aspect=Aspect.MODE,
        loosens=enforced.mode == ACTS,
        to=wanted.mode,
        says=(f"the mode is {wanted.mode}",),
    )


def _sweep(enforced: Stand, wanted: Stand) -> Step | None:
    """Judge how far it looks back: to fewer messages or days is less."""
    if (enforced.messages, enforced.days) == (wanted.messages, wanted.days):
        return None
    says = []
    if wanted.messages < enforced.messages:
        says.append("it looks back at fewer messages")
    if wanted.days and not 0 < enforced.days <= wanted.days:
        says.append("it looks back for fewer days")
    to = f"{wanted.messages}/{wanted.days}"
    return Step(aspect=Aspect.SWEEP, loosens=bool(says), to=to, says=tuple(says))


def _partner(enforced: Stand, wanted: Stand) -> Step | None:
    """Judge a change of the partner.

    Who is told already must not be left out, and a secret must not be one that the user made
    to grant to themselves. A first endpoint only tightens. A file may forget the secret. An
    endpoint of the same name that goes elsewhere, or is otherwise told, is another; one that signs
    with one key more is not.
    """
    secret = wanted.secret or enforced.secret
    is_there = enforced.place == wanted.place and set(enforced.signs) <= set(wanted.signs)
    if (enforced.partner, enforced.secret) == (wanted.partner, secret) and is_there:
        return None
    says = []
    if enforced.partner and enforced.partner != wanted.partner:
        says.append("another partner is told, or none")
    elif enforced.place and not is_there:
        says.append("the partner is told elsewhere, otherwise, or not at all")
    if enforced.secret != secret:
        says.append("the partner's secret is another")
    to = _digest(wanted.partner, secret, wanted.place, *wanted.signs)
    return Step(aspect=Aspect.PARTNER, loosens=bool(says), to=to, says=tuple(says))


def _selection(enforced: Stand, wanted: Stand) -> Step | None:
    parts = _parts(enforced, wanted)
    if not any(part.differs for part in parts):
        return None
    says = tuple(f"it stands at fewer {part.name}" for part in parts if part.loosens)
    to = _digest(*(entry for part in parts for entry in (part.name, *part.wanted)))
    return Step(aspect=Aspect.SELECTION, loosens=bool(says), to=to, says=says)


def _widened(stand: Stand, wanted: Stand) -> Stand:
    """Return a stand with the wider selection of both.

    Only where one part of it differs. Of two parts the wider ones together would take in more
    than either says.
    """
    differing = [part for part in _parts(stand, wanted) if part.differs]
    if len(differing) != 1:
        return stand
    [part] = differing
    if part.name == "tenants":
        return replace(stand, tenants=part.wider)
    if part.name == "accounts":
        return replace(stand, accounts=part.wider)
    return replace(stand, folders=part.wider)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One part of two selections."""

    name: str
    wanted: tuple[str, ...]
    wider: tuple[str, ...]
    loosens: bool
    differs: bool


def _parts(enforced: Stand, wanted: Stand) -> tuple[_Part, ...]:
    return (
        _of_all("tenants", enforced.tenants, wanted.tenants),
        _of_all("accounts", enforced.accounts, wanted.accounts),
        _folders(enforced.folders, wanted.folders),
    )


def _of_all(name: str, enforced: tuple[str, ...], wanted: tuple[str, ...]) -> _Part:
    """Compare names where none at all means everything."""
    narrowed = bool(wanted) and (not enforced or not set(enforced) <= set(wanted))
    return _Part(
        name=name,
        wanted=tuple(sorted(set(wanted))),
        wider=_union(enforced, wanted) if enforced and wanted else (),
        loosens=narrowed,
        differs=set(enforced) != set(wanted),
    )


def _folders(enforced: tuple[str, ...], wanted: tuple[str, ...]) -> _Part:
    """Compare folders, of which none at all means most: all but views and what is the user's own.

    Whether named ones are among those is not known without the mailbox.
    """
    before, then = ({name.lower() for name in names} for names in (enforced, wanted))
    if before == then:
        wider, loosens = enforced, False
    elif not wanted:
        loosens = not before <= _JUDGED_ANYWAY
        wider = enforced if loosens else ()
    elif not enforced:
        wider, loosens = (), True
    else:
        wider, loosens = _union(enforced, wanted), not before <= then
    return _Part(
        name="folders",
        wanted=tuple(sorted(then)),
        wider=wider,
        loosens=loosens,
        differs=before != then,
    )


def _union(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    """Return what is in either, once, in the order of the names."""
    return tuple(sorted({*first, *second}))


def _digest(*parts: str) -> str:
    """Return a digest of texts, each with its length, so that no two lists spell the same."""
    whole = sha256()
    for part in parts:
        octets = part.encode("utf-8", "surrogatepass")
        whole.update(b"%d:" % len(octets))
        whole.update(octets)
    return whole.hexdigest()[:32]
