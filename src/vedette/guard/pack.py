"""The nouns of a guard pack: what one YAML file says, checked and complete.

A pack is evidence with names (symbols) and scores, a few boolean composites, protections
that cap what may be done, and tiers that say what is done at which score. These values know
no YAML, no list's entries and no message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import TypeAlias

from vedette.guard.expression import Expression

#: Seconds.
HOUR = 3_600.0
DAY = 86_400.0


@unique
class Kind(StrEnum):
    """What a pack is for."""

    STANDARD = "standard"
    """Scores decide; whoever runs it may loosen it at once."""
    PROTECTIVE = "protective"
    """Scores decide; loosening waits (see ``ratchet``)."""
    ROUTING = "routing"
    """The first route that holds decides; there are no scores."""


@unique
class Stage(StrEnum):
    """When a symbol can be known."""

    HEAD = "head"
    """From the header alone."""
    BODY = "body"


@unique
class Field(StrEnum):
    """Where a symbol looks."""

    FROM = "from"
    """Hosts of the From addresses."""
    REPLY_TO = "reply_to"
    SENDER = "sender"
    RETURN_PATH = "return_path"
    DKIM_D = "dkim_d"
    """Domains of signatures that a trusted server found to pass."""
    LIST_UNSUBSCRIBE = "list_unsubscribe"
    """Hosts of the List-Unsubscribe addresses."""
    LIST_ID = "list_id"
    FROM_NAME = "from_name"
    TO = "to"
    """Addresses of To and Cc."""
    SUBJECT = "subject"
    TEXT = "text"
    """The text that is shown, of plain text and of HTML."""
    HIDDEN = "hidden"
    """Text that HTML holds and does not show."""
    ALT = "alt"
    """What pictures say of themselves: alt and title."""
    LINKS = "links"
    """Hosts that links lead to, disguises taken off."""
    LINK_TEXT = "link_text"
    ATTACHMENTS = "attachments"
    """File names."""
    HEADERS = "headers"
    """One header field, named by ``header``."""


#: Fields that are not known before the body is read.
BODY_FIELDS = frozenset(
    {Field.TEXT, Field.HIDDEN, Field.ALT, Field.LINKS, Field.LINK_TEXT, Field.ATTACHMENTS}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InList:
    """A host, or a domain above it, is on one of the lists."""

    lists: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """One of the phrases occurs, as whole words, raw or with its disguise taken off."""

    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """The expression (RE2 syntax) matches a text that holds one of the literals."""

    regex: str
    literals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exists:
    """The field is there and not empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The field has at least so many values."""

    at_least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The message has more than ``above`` and fewer than ``below`` octets."""

    above: int = 0
    below: int | None = None


@unique
class Auth(StrEnum):
    """What the sender's server proved, by the word of a trusted authserv-id (RFC 8601)."""

    ALIGNED = "aligned"
    """DKIM or SPF passed for the domain of From."""
    DMARC = "dmarc_pass"
    """DMARC passed."""
    FAIL = "fail"
    """DMARC failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticated:
    """The sender is authenticated as said."""

    auth: Auth


#: The user wrote to the sender before. It is read from what he sent, if a pack asks for it.
WROTE_TO = "user_has_written_to_sender"
#: A text of the message was written as nobody writes without a reason: weak evidence.
DISGUISED = "disguised"
#: What can be known about a message as a whole.
FACTS = (WROTE_TO, "is_flagged", "is_answered", DISGUISED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A fact about the message as a whole, such as ``user_has_written_to_sender``."""

    fact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A scorer's opinion: for each threshold that it reaches, the points it gives; the last holds.

    Its points are bounded: a learned opinion never decides alone.
    """

    scorer: str
    steps: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """How much the message is worded like a kind of mail: points by threshold, as of an opinion.

    ``table`` comes with Vedette, in its ``version``. It is only asked where ``beside`` holds of
    the other symbols: reading a table costs more than all phrases.
    """

    table: str
    version: str
    steps: tuple[tuple[float, float], ...]
    beside: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A disguise: a link's text names another host than it leads to, or a name another sender.

    ``names`` are the hosts that a From name must not pretend to be.
    """

    names: tuple[str, ...] = ()


Test: TypeAlias = (
    InList
    | Phrases
    | Pattern
    | Exists
    | Count
    | Size
    | Authenticated
    | Known
    | Scored
    | Worded
    | Mismatch
)
#: What was learned from mail and not written by a person: it never decides alone.
OPINIONS = (Scored, Worded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One named piece of evidence. It counts once, however often it is found."""

    name: str
    stage: Stage
    where: tuple[Field, ...]
    test: Test
    score: float
    auth: Auth | None = None
    """Holds only for a sender authenticated so."""
    header: str | None = None
    """The header field that ``Field.HEADERS`` means, in lower case."""
    says: str = ""
    """What it means, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """Symbols that mean more together."""

    name: str
    expr: Expression
    score: float
    says: str = ""


@unique
class Cap(StrEnum):
    """The most that may be done."""

    NONE = "none"
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Evidence that caps the verdict, whatever the score. ``symbol`` has no score of its own."""

    symbol: Symbol
    cap: Cap


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """What to do from a score upward, if the needed evidence is there. The first that holds."""

    do: str
    """The name of an action."""
    at: float
    need: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What to do when an expression over symbols holds (routing packs; the first that holds)."""

    name: str
    when: Expression
    do: tuple[str, ...]


@unique
class ActionKind(StrEnum):
    """What can be done with a message. There is no delete."""

    MOVE = "move"
    """To a folder of our own (``quarantine``) or of the user's."""
    FLAG = "flag"
    """Set a flag or keyword."""
    LABEL = "label"
    """Add a label (Gmail); a keyword elsewhere."""
    MARK_READ = "mark_read"
    ROUTE = "route"
    """Deliver the event to an endpoint that would else not get it."""
    TAG = "tag"
    """Add a tag to the event; nothing is done in the mailbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that is done, by name. ``target``: folder, keyword, label, endpoint or tag."""

    name: str
    kind: ActionKind
    target: str
    seen: bool = False
    """A moved message is marked as read too, so that no badge shows it."""
    retain: float | None = None
    """Seconds in quarantine after which it goes to the trash; None keeps it."""

    @property
    def weight(self) -> int:
        """How much it takes from the user: a cap to ``flag`` allows 1, to ``none`` 0."""
        return _WEIGHTS[self.kind]


_WEIGHTS = {
    ActionKind.TAG: 0,
    ActionKind.ROUTE: 0,
    ActionKind.FLAG: 1,
    ActionKind.LABEL: 1,
    ActionKind.MARK_READ: 2,
    ActionKind.MOVE: 2,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What an update of a list must pass; else the last good one stays."""

    min_entries: int = 1
    max_shrink: float = 0.2
    max_growth: float = 1.0
    canaries: tuple[str, ...] = ()
    """Hosts that must never be on it, beside those that never are (mail services, banks)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """A list of domains: entries of its own, or sources (a file, a folder or a URL)."""

    name: str
    entries: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    format: str = "auto"
    """``auto``, ``plain``, ``hosts``, ``wildcard``, ``adblock``, ``dnsmasq``, ``unbound``,
    ``rpz`` or ``ut1``."""
    never: tuple[str, ...] = ()
    """Domains, or names of lists, that are taken off it."""
    gate: Gate = field(default_factory=Gate)
    every: float = DAY
    """Seconds between two looks at a URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a guard stops acting and only flags: better a letter too many than too few."""

    actions_per_hour: int = 60
    share: float = 0.5
    """Of the last ``window`` messages of an account, at most so many may be acted on."""
    symbol_share: float = 0.3
    """Of the last ``window`` messages, one symbol may hit at most so many."""
    window: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """How long loosening a protective guard waits."""

    delay: float = DAY
    partner: bool = False
    """A partner may let a loosening happen at once."""
    consent: bool = False
    """Accounts need a consent (GDPR Art. 9) before their mail is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One guard pack. ``version`` is a digest of what it says, in hex."""

    name: str
    version: str
    kind: Kind = Kind.STANDARD
    title: str = ""
    lists: tuple[List, ...] = ()
    symbols: tuple[Symbol, ...] = ()
    composites: tuple[Composite, ...] = ()
    protections: tuple[Protection, ...] = ()
    tiers: tuple[Tier, ...] = ()
    routes: tuple[Route, ...] = ()
    actions: tuple[Action, ...] = ()
    limits: Limits = field(default_factory=Limits)
    lock: Lock | None = None

    @property
    def facts(self) -> frozenset[str]:
        """What it asks about a message that the message does not say by itself (``FACTS``)."""
        symbols = (*self.symbols, *(each.symbol for each in self.protections))
        return frozenset(each.test.fact for each in symbols if isinstance(each.test, Known))
