"""The folders that are not open: told of by NOTIFY where it works, asked for their numbers else.

NOTIFY is an accelerator only: some servers accept it and stay silent (I15), so
the question is asked all the same. It must not know how a folder is synced.
"""

from __future__ import annotations

from vedette.engine.answer import Reply
from vedette.engine.pushes import Pushes
from vedette.engine.roster import Roster, is_news
from vedette.engine.session import Session
from vedette.engine.watched import Watched
from vedette.errors import LimitError, ThrottledError
from vedette.imap import (
    AskStatus,
    EventGroup,
    Item,
    List,
    Notify,
    NotifyEvent,
    Scope,
    StatusField,
    refusal,
)

#: What is asked of a folder that is not open.
NUMBERS = (StatusField.MESSAGES, StatusField.UIDNEXT, StatusField.UIDVALIDITY)

#: What the server shall push.
EVENTS = (NotifyEvent.MESSAGE_NEW, NotifyEvent.MESSAGE_EXPUNGE)


class Others:
    """What the server tells of the folders of a roster beyond the one that is open."""

    __slots__ = ("_roster", "_session")

    def __init__(self, session: Session, roster: Roster) -> None:
        self._session = session
        self._roster = roster

    async def subscribe(self, items: tuple[Item, ...]) -> None:
        """Let the server push about the other folders, where it can (RFC 5465).

        ``items`` are asked for of every new message of the open folder; a server that
        refuses them is asked for the announcements alone.
        """
        others = tuple(watched.folder.path for watched in self._roster.others)
        if not others or not self._session.has("NOTIFY"):
            return
        self._session.pushes = None
        rest = EventGroup(scope=Scope.MAILBOXES, events=EVENTS, mailboxes=others)
        for fetch in (items, ()):
            here = EventGroup(scope=Scope.SELECTED, events=EVENTS, fetch=fetch)
            reply = await self._session.run(Notify(groups=(here, rest)))
            if reply.is_ok:
                self._session.pushes = Pushes() if fetch else None
                return

    def moved(self) -> list[Watched]:
        """Return the folders whose numbers came and show more than we have."""
        if not self._session.statuses:
            return []
        statuses, self._session.statuses = self._session.statuses, {}
        return [
            watched
            for path, status in statuses.items()
            if (watched := self._roster.get(path)) is not None and is_news(watched, status)
        ]

    async def asked(self) -> list[Watched]:
        """Ask for the numbers; return the folders to sync.

        A folder that no answer came for is among them (S4). Raises LimitError and
        ThrottledError: who is asked to wait does not open folders instead.
        """
        others = self._roster.others
        self._session.statuses.clear()
        if len(others) > 1 and self._session.has("LIST-STATUS"):
            self._check(await self._session.run(List(status=NUMBERS)))
        else:
            for watched in others:
                question = AskStatus(mailbox=watched.folder.path, fields=NUMBERS)
                self._check(await self._session.run(question))
        silent = [each for each in others if each.folder.path not in self._session.statuses]
        return [*self.moved(), *silent]

    def _check(self, reply: Reply) -> None:
        if reply.is_ok:
            return
        error = refusal("STATUS", reply.kind, reply.code, reply.text)
        if isinstance(error, (LimitError, ThrottledError)):
            raise error
