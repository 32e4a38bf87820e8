"""The moments at which a crash is most telling, by name.

The code calls ``crashpoint`` where such a moment is; nothing happens there
unless somebody watches. A test watches to end the process at that very moment,
and a simulator to drop it, and both then look whether a message was lost.

C1 to C12 are the numbers of the crash points in the order of a message's way;
C10 to C12 are those of actions on mail.

It must not know what a crash is, nor import anything of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum, unique

#: What is called at each point. Some points are on threads of the store and the sinks.
Observer = Callable[["Crashpoint"], None]


@unique
class Crashpoint(StrEnum):
    """Where a crash may fall, each member with what has happened and what has not."""

    # Start.
    MIGRATING = "migrating"
    """The database is open, and the next step of its migration is not begun."""
    LEASES_RELEASED = "leases-released"
    """The state is open, and what a dead owner had claimed is due again."""

    # From the server to the store.
    BASELINE_CHOSEN = "baseline-chosen"
    """The first cursor of a folder is known and not written."""
    BASELINE_WRITTEN = "baseline-written"
    """A folder has its first cursor, and what of the past is to be told is only owed."""
    ANNOUNCED = "announced"
    """C1: the server said that there is more mail, and nobody has asked for it."""
    ANSWER_TORN = "answer-torn"
    """C2: octets came that end in the middle of an answer, or of a literal in it."""
    LITERAL_SPOOLED = "literal-spooled"
    """C2: a piece of a large literal is in its spool file, and the rest is not."""
    READING_COUNTED = "reading-counted"
    """A start of reading a message is on disk, and the reading is not begun."""
    FETCHED = "fetched"
    """C3: whole messages are in memory, and no transaction is begun for them."""

    # The commit.
    CURSOR_MOVED = "cursor-moved"
    """C4: the cursor is written and its events are not, in one open transaction."""
    EVENT_WRITTEN = "event-written"
    """C4: an event is written and its deliveries are not, in the same transaction."""
    COMMITTING = "committing"
    """C5: a group of writes is complete, and its COMMIT is not sent."""
    COMMITTED = "committed"
    """C5: the COMMIT is done, and none of those who wait for it knows."""
    UNWOKEN = "unwoken"
    """C6: events are on disk, and no lane was woken for them or handed one."""

    # The delivery.
    CLAIMED = "claimed"
    """C7: a lane has deliveries that are leased on disk, and none is begun."""
    ATTEMPT_BEGUN = "attempt-begun"
    """C8: an attempt is counted in memory, and nothing of it left the process."""
    REQUEST_TORN = "request-torn"
    """C8: a webhook's request is written as far as the system took it; no answer was read."""
    LINE_TORN = "line-torn"
    """C8: the system took a part of a line, and the rest is not written."""
    CHILD_SPAWNED = "child-spawned"
    """C8: a command runs and has nothing on its standard input yet."""
    LINE_WRITTEN = "line-written"
    """C9: a line is in its file, and nobody knows that it is."""
    ANSWERED = "answered"
    """C9: the outcome of an attempt is known, and not written."""
    SETTLING = "settling"
    """C9: outcomes are gathered for one transaction, and it is not begun."""
    LANE_HELD = "lane-held"
    """C9: a delivery is settled and its successor not free, in one open transaction."""
    SETTLED = "settled"
    """Outcomes are on disk, and their lanes do not know."""

    # The actions of guards.
    ACTION_PLANNED = "action-planned"
    """C10: an action is in the journal, and nothing of it was said to the server."""
    ACTION_SENT = "action-sent"
    """C11: the commands of an action left, and none is answered."""
    COPY_MADE = "copy-made"
    """C11: a server without MOVE has the copy, and the journal does not say so."""
    COPY_WRITTEN = "copy-written"
    """C11: the journal knows of the copy, and the original is still there."""
    ACTION_ANSWERED = "action-answered"
    """C12: the server did what was asked, and nothing of that is written."""
    ACTION_TOLD = "action-told"
    """C12: the event of an action is on disk, and the journal does not say that it is done."""


_observer: Observer | None = None


def crashpoint(point: Crashpoint) -> None:
    """Say that a point is reached. Without an observer it costs one look at a global."""
    if _observer is not None:
        _observer(point)


def observe(observer: Observer | None) -> None:
    """Have ``observer`` called at each point, or nobody for None.

    It is called on whatever thread reaches the point, and may never return.
    """
    global _observer  # noqa: PLW0603 - one process dies as a whole: there is no finer owner
    _observer = observer
