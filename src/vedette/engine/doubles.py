"""Takes second copies out of a quarantine: two clients that move one message leave two (G3).

Each of them is told that it moved it, so none can see it in its own answers; whoever looks
afterwards sees both. Only what the journal has acted on is looked at, two copies must be the
same by their whole identity, and of two that look they keep the same one: the first. It must
not know why a message was moved.
"""

from __future__ import annotations

import structlog

from vedette.engine import sighting
from vedette.engine.desk import Desk
from vedette.engine.opening import opened
from vedette.errors import FolderError
from vedette.imap import Fetch, Select, UidMove, UidSet
from vedette.model.account import Account
from vedette.model.action import ActionState
from vedette.ports.journal import Journal

_log = structlog.stdlib.get_logger(__name__)


class Doubles:
    """Tidies the quarantines of one account, on one session."""

    __slots__ = ("_account", "_desk", "_journal")

    def __init__(self, account: Account, desk: Desk, journal: Journal) -> None:
        self._account = account
        self._desk = desk
        self._journal = journal

    async def tidy(self, path: bytes) -> None:
        """Move the second copies among the last messages of a folder to the trash."""
        session = self._desk.session
        try:
            state = await session.examine(path)
        except FolderError:
            # It was deleted, and everything in it.
            return
        same: dict[tuple[bytes, ...], list[Fetch]] = {}
        for row in await sighting.recent(session, state):
            if row.uid is not None and row.sections:
                same.setdefault(sighting.keys(row), []).append(row)
        spare: list[int] = []
        for keys, rows in same.items():
            uids = sorted({row.uid for row in rows if row.uid is not None})
            if len(uids) > 1:
                ours = await self._ours(path, state.uid_validity, keys)
                # A message that was delivered twice was moved twice, and has two entries.
                spare += uids[ours:] if ours else []
        if spare:
            await self._throw_away(path, state.uid_validity, UidSet(spare))

    async def _ours(self, path: bytes, validity: int | None, keys: tuple[bytes, ...]) -> int:
        """Return how many actions put a message of this identity there."""
        return sum(
            entry.state is ActionState.DONE
            and entry.result is not None
            and (entry.result.folder, entry.result.uid_validity) == (path, validity)
            for entry in await self._journal.acted_on(self._account.id, keys)
        )

    async def _throw_away(self, path: bytes, validity: int | None, uids: UidSet) -> None:
        """Move second copies to the trash: nothing that was mail is deleted by us."""
        session, trash = self._desk.session, await self._desk.targets.trash()
        named = {"account": self._account.id, "folder": path.decode("latin-1"), "count": len(uids)}
        if not self._desk.can.move or trash is None or trash == path:
            _log.info("action.double_left", **named)
            return
        await self._desk.confirm()
        selected = await session.run(Select(mailbox=path, read_only=False))
        if not selected.is_ok or session.link.connection.read_only:
            return
        if validity is None or opened(selected, session.exists).uid_validity != validity:
            return
        reply = await session.run(UidMove(uids=uids, mailbox=trash))
        _log.info("action.double_moved", **named, reply=reply.text)
