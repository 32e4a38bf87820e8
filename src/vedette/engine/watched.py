"""One folder of one account while it is watched: what we know of it between two syncs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vedette.errors import VedetteError
from vedette.model.cursor import FolderState
from vedette.model.folder import Folder

#: UIDs have 32 bits (RFC 9051 section 2.3.1.1); a server may give away the last one at any time.
LAST_UID = 2**32 - 1


class StaleError(VedetteError):
    """The stored cursor is not the one we hold: read it again before going on."""

    code = "stale"


class FencedError(VedetteError):
    """Another instance owns this mailbox now: stop at once, write nothing."""

    code = "fenced"


@dataclass(slots=True)
class Watched:
    """A folder, its stored state (None: new to the store), and how it stands.

    ``failures`` counts refusals to open it in a row; ``parked`` folders are left
    alone until the next listing (catalogue S17). ``reconciled`` is the last
    listing that was held against the store, and ``seen`` are UIDNEXT and the
    number of messages as they were at the last sync. ``was_reset`` is whether its
    UIDVALIDITY has changed since it is watched on this connection, and ``began``
    whether its watch began anew since guards last looked at the mail that is there.
    ``again`` is the instant from which on all of its mail is to be looked through once more.
    """

    folder: Folder
    state: FolderState | None = None
    failures: int = 0
    parked: bool = False
    reconciled: bytes = b""
    seen: tuple[int | None, int | None] | None = None
    was_reset: bool = False
    began: bool = False
    again: float | None = None

    @property
    def next_uid(self) -> int:
        """The first UID that is not ours yet; the highest there is where none can follow."""
        return 1 if self.state is None else min(self.state.cursor.last_uid + 1, LAST_UID)


def watched(
    folders: Iterable[Folder], states: Iterable[FolderState], *, again: float | None
) -> list[Watched]:
    """Return folders with what is stored of them."""
    known = {state.path: state for state in states}
    return [Watched(folder, known.get(folder.path), again=again) for folder in folders]
