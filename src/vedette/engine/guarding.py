"""Which guards stand where: compiled packs, their modes, and the folders that they are posted to.

The app fills this from the configuration, and again whenever that changes; the engine asks it
for every folder. With no guard posted it costs nothing. It must not know how a guard judges.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum, unique
from typing import Protocol

from vedette.engine.standing import NOTHING
from vedette.guard.breaker import Breaker
from vedette.guard.evidence import Evidence
from vedette.guard.pack import ActionKind, Pack
from vedette.guard.verdict import Verdict
from vedette.model.account import Account
from vedette.model.action import JournalEntry
from vedette.model.folder import Folder
from vedette.model.ids import AccountId, TenantId
from vedette.secret import Secret

#: Folders in which nothing is judged unless they are named: views of other folders, what the
#: user wrote, and what is thrown away already.
UNJUDGED = frozenset({"\\All", "\\Sent", "\\Drafts", "\\Trash", "\\Flagged"})


class Judge(Protocol):
    """A compiled pack."""

    @property
    def pack(self) -> Pack:
        """What it was compiled from."""

    def head(self, evidence: Evidence) -> Verdict:
        """Judge by the header alone."""

    def full(self, evidence: Evidence) -> Verdict:
        """Judge by everything."""


@unique
class Mode(StrEnum):
    """What a guard may do."""

    SHADOW = "shadow"
    """Decide and write down, and touch nothing."""
    ACT = "act"
    PAUSED = "paused"
    """The kill switch: it still decides, and what it would do is not done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which of the mail that is there already a guard looks at, in each folder: the last messages.

    So many at most, of the last so many days; 0 days are any age. 200 are a few days of a busy
    mailbox.
    """

    messages: int = 200
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One guard at its post. An empty selection takes all of its kind.

    ``folders`` are names or special uses; of those that are left out unless named, see
    ``UNJUDGED``. ``key`` makes the HMAC of a Message-ID that decisions are kept under.
    """

    guard: Judge
    key: Secret[str]
    mode: Mode = Mode.SHADOW
    tenants: tuple[TenantId, ...] = ()
    accounts: tuple[AccountId, ...] = ()
    folders: tuple[str, ...] = ()
    sweep: Span = field(default_factory=Span)
    breaker: Breaker = field(default_factory=Breaker)
    #: What its pack asks about a message that is not in it (``guard.pack.FACTS``).
    facts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        # Once for each post, for it is asked for each message and each account.
        object.__setattr__(self, "facts", self.guard.pack.facts)

    @property
    def name(self) -> str:
        """The guard's name."""
        return self.guard.pack.name

    @property
    def targets(self) -> frozenset[str]:
        """The folders, by name, that it moves messages to."""
        actions = self.guard.pack.actions
        return frozenset(each.target for each in actions if each.kind is ActionKind.MOVE)

    @property
    def asks(self) -> bool:
        """Whether it stands only at accounts whose owners agreed to have their mail read."""
        lock = self.guard.pack.lock
        return lock is not None and lock.consent

    @property
    def quarantines(self) -> frozenset[str]:
        """Those of them that are our own: mail stays there for a time, or it is called so."""
        return frozenset(
            each.target
            for each in self.guard.pack.actions
            if each.kind is ActionKind.MOVE
            and (each.retain is not None or each.name == "quarantine")
        )

    def covers(self, account: Account) -> bool:
        """Whether it is posted to an account."""
        return (not self.tenants or account.tenant in self.tenants) and (
            not self.accounts or account.id in self.accounts
        )

    def judges(self, folder: Folder) -> bool:
        """Whether it judges what arrives in a folder; never where it moves things to itself."""
        if is_one_of(folder, self.targets):
            return False
        if not self.folders:
            return folder.special_use not in UNJUDGED
        named = {each.lower() for each in self.folders}
        return folder.name.lower() in named or (folder.special_use or "").lower() in named


class Guarding:
    """All posts of one host. ``post`` replaces them; who watches learns of it by ``generation``."""

    __slots__ = ("_posts", "generation", "on_returned", "standing")

    def __init__(
        self,
        posts: Iterable[Post] = (),
        *,
        on_returned: Callable[[JournalEntry, str], None] = lambda _entry, _domain: None,
    ) -> None:
        self._posts = tuple(posts)
        #: Counts the changes of guards and of their lists.
        self.generation = 0
        #: Is told of every message that the user moved back, with the domain that it is proved to
        #: be from; empty where none is.
        self.on_returned = on_returned
        #: What people set beside the packs.
        self.standing = NOTHING

    def post(self, posts: Iterable[Post]) -> None:
        """Replace all posts; mail that is there already is swept by the new ones."""
        self._posts = tuple(posts)
        self.generation += 1

    def beside(self, post: Post) -> Guarding:
        """Return the guards as they stand with one more among them, and none of them paused."""
        found = Guarding((*self._posts, post))
        found.standing = replace(self.standing, stopped=frozenset())
        return found

    @property
    def names(self) -> frozenset[str]:
        """The names of all guards."""
        return frozenset(post.name for post in self._posts)

    def covering(self, account: Account) -> tuple[Post, ...]:
        """Return the posts of an account; one that a person stopped is ``PAUSED``.

        One that asks for a consent is none until that is there.
        """
        if not self._posts:
            return ()
        standing = self.standing
        agreed = account.id in standing.consented
        found = tuple(
            post for post in self._posts if post.covers(account) and (agreed or not post.asks)
        )
        if not standing.stopped:
            return found
        return tuple(
            replace(post, mode=Mode.PAUSED) if standing.stops(post.name, account) else post
            for post in found
        )

    def is_unread(self, account: Account) -> bool:
        """Whether an account's mail must not be read: a consent that is asked for is not there.

        Not where one is held to stand that asks for none: a second guard that asks for what nobody
        gives must not be a way to end the first.
        """
        if account.demand.withheld is not None:
            return True
        if not self._posts or account.id in self.standing.consented:
            return False
        posts = [post for post in self._posts if post.covers(account)]
        locked = self.standing.locked
        return any(post.asks for post in posts) and not any(
            post.name in locked and not post.asks for post in posts
        )

    def of(self, account: Account, folder: Folder) -> tuple[Post, ...]:
        """Return who judges what arrives in a folder: nobody in a quarantine."""
        posts = self.covering(account)
        if not posts or _is_own(folder, self._quarantines(account)):
            return ()
        return tuple(post for post in posts if post.judges(folder))

    def watchable(self, account: Account, folders: tuple[Folder, ...]) -> tuple[Folder, ...]:
        """Return the folders of an account that are not our own."""
        own = self._quarantines(account)
        return tuple(each for each in folders if not _is_own(each, own)) if own else folders

    def _quarantines(self, account: Account) -> frozenset[str]:
        posts = (post for post in self._posts if post.covers(account))
        return frozenset().union(*(post.quarantines for post in posts))


def is_one_of(folder: Folder, names: Collection[str]) -> bool:
    """Tell whether a pack means a folder by one of its names, whose levels ``/`` separates.

    Where all folders are below INBOX, a pack need not say so.
    """
    name = folder.name.replace(folder.delimiter or "/", "/")
    return name in names or name.removeprefix("INBOX/") in names


def _is_own(folder: Folder, quarantines: Collection[str]) -> bool:
    """Tell whether a folder is one of our own.

    INBOX and its like never are, whatever a pack names: it could end all guards by that.
    """
    return (
        folder.special_use is None
        and folder.name.upper() != "INBOX"
        and is_one_of(folder, quarantines)
    )
