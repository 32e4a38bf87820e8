"""What is said to a server to treat messages alike, and what its answers prove.

It must not know a session or a journal: entries in, commands out; answers in, facts out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vedette.engine.answer import Reply
from vedette.guard.pack import ActionKind
from vedette.imap import (
    CodeName,
    Command,
    CopyUid,
    Fetch,
    FetchItem,
    Messages,
    Saved,
    Status,
    StoreMode,
    UidFetch,
    UidLabel,
    UidMove,
    UidSet,
    UidStore,
    encode_name,
)
from vedette.model.action import JournalEntry, Place

SEEN = "\\Seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What is done to some messages: flags and labels first, then at most one move."""

    flags: tuple[str, ...] = ()
    labels: tuple[bytes, ...] = ()
    target: bytes | None = None


@dataclass(slots=True, kw_only=True)
class Order:
    """Messages of one folder that are treated alike, with the entries that ask for it."""

    treatment: Treatment
    entries: dict[int, list[JournalEntry]] = field(default_factory=dict)

    @property
    def uids(self) -> UidSet:
        """The messages."""
        return UidSet(self.entries)

    @property
    def all(self) -> list[JournalEntry]:
        """All entries."""
        return [entry for own in self.entries.values() for entry in own]

    def commands(self, which: Messages | None = None) -> list[Command]:
        """Return what to say; ``which`` names the messages otherwise than by their UIDs."""
        messages = self.uids if which is None else which
        said: list[Command] = []
        treatment = self.treatment
        if treatment.flags:
            said.append(
                UidStore(uids=messages, flags=treatment.flags, mode=StoreMode.ADD, silent=True)
            )
        if treatment.labels:
            said.append(UidLabel(uids=messages, labels=treatment.labels))
        if self._marks:
            # An answer to STORE proves nothing: a keyword may not be kept (G9).
            said.append(marks(messages, labels=bool(treatment.labels)))
        if treatment.target is not None:
            said.append(UidMove(uids=messages, mailbox=treatment.target))
        return said

    @property
    def _marks(self) -> bool:
        return any(entry.kind != ActionKind.MOVE for entry in self.all)


def orders(
    entries: Iterable[JournalEntry], paths: Mapping[str, bytes], *, gmail: bool
) -> list[Order]:
    """Return the orders of entries of one folder; of two moves of one message the first only."""
    by_uid: dict[int, list[JournalEntry]] = {}
    for entry in entries:
        if entry.origin.uid is not None:
            own = by_uid.setdefault(entry.origin.uid, [])
            if entry.kind != ActionKind.MOVE or all(each.kind != ActionKind.MOVE for each in own):
                own.append(entry)
    found: dict[Treatment, Order] = {}
    for uid, own in by_uid.items():
        treatment = _treatment(own, paths, gmail=gmail)
        found.setdefault(treatment, Order(treatment=treatment)).entries[uid] = own
    return list(found.values())


def marks(messages: Messages, *, labels: bool) -> UidFetch:
    """Return the question which marks messages carry."""
    items = (FetchItem.UID, FetchItem.FLAGS)
    return UidFetch(uids=messages, items=(*items, FetchItem.GM_LABELS) if labels else items)


def mark_of(entry: JournalEntry, *, gmail: bool) -> str | None:
    """Return the flag or keyword that an entry sets; None where it sets none."""
    if entry.kind == ActionKind.MARK_READ:
        return SEEN
    if entry.kind == ActionKind.FLAG or (entry.kind == ActionKind.LABEL and not gmail):
        return entry.target
    return SEEN if entry.seen else None


def label_of(entry: JournalEntry, *, gmail: bool) -> bytes | None:
    """Return the Gmail label that an entry adds."""
    return encode_name(entry.target) if gmail and entry.kind == ActionKind.LABEL else None


def _treatment(
    entries: Sequence[JournalEntry], paths: Mapping[str, bytes], *, gmail: bool
) -> Treatment:
    flags = dict.fromkeys(
        mark for each in entries if (mark := mark_of(each, gmail=gmail)) is not None
    )
    labels = dict.fromkeys(
        label for each in entries if (label := label_of(each, gmail=gmail)) is not None
    )
    moves = [paths[each.target] for each in entries if each.kind == ActionKind.MOVE]
    return Treatment(flags=tuple(flags), labels=tuple(labels), target=moves[0] if moves else None)


@dataclass(slots=True, kw_only=True)
class Facts:
    """What the answers to an order prove.

    ``moved`` are messages with their places, ``flags`` and ``labels`` what was read back.
    ``refusal`` is the first answer that was no OK.
    """

    moved: dict[int, Place] = field(default_factory=dict)
    flags: dict[int, frozenset[str]] = field(default_factory=dict)
    labels: dict[int, frozenset[bytes]] = field(default_factory=dict)
    refusal: Reply | None = None

    @property
    def wants_folder(self) -> bool:
        """Whether the target has to be made first (RFC 9051 section 6.4.7)."""
        return is_missing(self.refusal)

    def proves(self, entry: JournalEntry, *, gmail: bool) -> bool | None:
        """Tell whether an entry that marks was done; None where its message was not seen."""
        return self.carries(entry.origin.uid or 0, entry, gmail=gmail)

    def carries(self, uid: int, entry: JournalEntry, *, gmail: bool) -> bool | None:
        """Tell whether a message has the mark of an entry; None where it was not seen."""
        if uid not in self.flags:
            return None
        label = label_of(entry, gmail=gmail)
        if label is not None:
            return label in self.labels.get(uid, frozenset())
        mark = mark_of(entry, gmail=gmail) or ""
        return mark.lower() in {each.lower() for each in self.flags[uid]}


def read(order: Order, replies: Sequence[Reply]) -> Facts:
    """Return what the answers to an order's commands prove."""
    facts = told(replies)
    target = order.treatment.target
    if target is not None:
        for copied in copies(replies[-1]):
            for uid in order.entries:
                if uid in copied.source:
                    facts.moved[uid] = Place(
                        folder=target,
                        uid_validity=copied.uid_validity,
                        uid=copied.destination_of(uid),
                    )
    return facts


def told(replies: Sequence[Reply]) -> Facts:
    """Return what answers say of marks, and the first refusal among them."""
    facts = Facts(refusal=next((reply for reply in replies if not reply.is_ok), None))
    for reply in replies:
        for row in reply.data:
            if isinstance(row, Fetch) and row.uid is not None and row.flags is not None:
                facts.flags[row.uid] = frozenset(row.flags)
                facts.labels[row.uid] = frozenset(row.gm_labels or ())
    return facts


def copies(reply: Reply) -> list[CopyUid]:
    """Return every COPYUID of an answer: tagged, or untagged before it (RFC 6851 section 4.3)."""
    codes = [event.code for event in reply.data if isinstance(event, Status)]
    return [
        code.copy_uid
        for code in (*codes, reply.code)
        if code is not None and code.copy_uid is not None
    ]


def is_missing(reply: Reply | None) -> bool:
    """Tell whether a refusal says that the target is not there."""
    return reply is not None and reply.code is not None and reply.code.name == CodeName.TRYCREATE


#: The messages that a search saved.
FOUND = Saved.RESULT
