"""What was announced and not handed over is asked for again, and then reported.

A UID that the server listed and did not return is owed (catalogue S8). It is
asked for singly after 1, 5, 30 and 300 seconds; after that it becomes one
``message.missing`` event, never silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vedette.model.cursor import Gap

#: Seconds before each new question; the longest outlasts a replica that lags.
WAITS = (1.0, 5.0, 30.0, 300.0)


def opened(uid_validity: int, uids: Iterable[int], now: float) -> tuple[Gap, ...]:
    """Return new gaps for UIDs that were listed and not returned."""
    return tuple(
        Gap(uid_validity=uid_validity, uid=uid, tries=0, due=now + WAITS[0]) for uid in uids
    )


def due(gaps: Sequence[Gap], now: float) -> tuple[Gap, ...]:
    """Return the gaps whose time has come.

    A gap further ahead than the longest wait was dated by a clock that has been
    set back since; it is due now (catalogue V8).
    """
    return tuple(gap for gap in gaps if not now < gap.due <= now + WAITS[-1])


def next_due(gaps: Sequence[Gap], now: float) -> float | None:
    """Return the seconds from ``now`` until the earliest gap is due, or None."""
    if due(gaps, now):
        return 0.0
    return min((gap.due - now for gap in gaps), default=None)


def asked(gap: Gap, now: float) -> Gap | None:
    """Return the gap after one more question without an answer; None: report it as missing."""
    tries = gap.tries + 1
    if tries >= len(WAITS):
        return None
    return Gap(uid_validity=gap.uid_validity, uid=gap.uid, tries=tries, due=now + WAITS[tries])
