"""Room that a lane keeps for what one commit queues, so that no claim has to follow it.

::

    ingest ──► lane has room? ──► store.commit(…, takers) ──► the lane sends at once
                     └── not for all of it: the lane is woken, and claims

It must not know how a lane sends, nor what is committed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vedette.ports.store import Taker


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Kept from before a commit until ``release``, which comes once.

    ``is_whole`` is whether the lane needs no waking: it is handed all that it may send now.
    What else an ordered lane is queued comes after something that it has still to settle, and
    it looks again then.
    """

    taker: Taker
    is_whole: bool
    release: Callable[[], None]
