"""What one session tells unasked: in IDLE, and by NOTIFY also beyond the open folder.

It must not know when a session may speak: it is asked to tell, and says what there is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.sim.imap.folder import Folder
from tests.sim.imap.mailboxes import say_list, say_status
from tests.sim.imap.subscription import BadEventError, Push, read_subscription
from tests.sim.imap.talk import RefusedError, Talk
from vedette.demo.arguments import Arguments

#: What a STATUS tells unasked (RFC 5465 sections 5.2 and 5.3).
NUMBERS: Final = ("MESSAGES", "UIDNEXT", "UIDVALIDITY")


class Pushing:
    """Listens to the folders of a user; ``changed`` is called when there is something to tell."""

    __slots__ = ("_changed", "_names", "_owed", "_talk")

    def __init__(self, talk: Talk, changed: Callable[[], None]) -> None:
        self._talk = talk
        self._changed = changed
        self._owed: dict[str, Folder] = {}
        self._names: list[tuple[Folder, bool, str | None]] = []

    # What the estate tells (Listener).

    def folder_moved(self, folder: Folder) -> None:
        """Owe the client a STATUS, if it asked for it."""
        asked = self._talk.subscription
        if asked is None or asked.mute or self._is_open(folder):
            return
        if asked.wants(folder, "MESSAGENEW"):
            self._owed[folder.name] = folder
            self._changed()

    def folder_named(self, folder: Folder, *, gone: bool, old: str | None) -> None:
        """Owe the client a LIST, if it asked for it."""
        asked = self._talk.subscription
        if asked is not None and not asked.mute and asked.wants(folder, "MAILBOXNAME"):
            self._names.append((folder, gone, old))
            self._changed()

    # What the session asks for.

    def notify(self, words: Arguments) -> str:
        """Carry out NOTIFY."""
        talk = self._talk
        try:
            asked = read_subscription(words)
        except BadEventError as error:
            raise RefusedError("[BADEVENT (MessageNew MessageExpunge)] no such event") from error
        if talk.chance(talk.conduct.notify_refused):
            raise RefusedError("[CANNOT] NOTIFY is not available")
        self.close()
        talk.subscription = asked
        if asked is None:
            return "NOTIFY completed."
        asked.mute = talk.chance(talk.conduct.notify_mute)
        if asked.groups:
            talk.owner.listeners.append(self)
        if asked.status:
            for folder in talk.owner.folders.values():
                if asked.wants(folder, "MESSAGENEW") and not self._is_open(folder):
                    say_status(talk, folder, NUMBERS)
        return "NOTIFY completed."

    def close(self) -> None:
        """Listen to nothing. Idempotent."""
        self._talk.subscription = None
        self._owed.clear()
        self._names.clear()
        user = self._talk.user
        if user is not None and self in user.listeners:
            user.listeners.remove(self)

    def reconsider(self) -> None:
        """Act by a new conduct."""
        if self._talk.subscription is not None and not self._talk.conduct.notify_mute:
            self._talk.subscription.mute = False

    def tell(self, *, idling: bool) -> None:
        """Say what is new, as far as the client asked to be told unasked."""
        talk, conduct, view = self._talk, self._talk.conduct, self._talk.view
        asked = talk.subscription
        news = view is not None and view.has_news and not conduct.noop_only
        pushes = news and self._pushes() and (idling or not conduct.notify_only_in_idle)
        arrived = pushes and view is not None and bool(view.fresh)
        # Thrown once for each thing to tell, however often it is looked at.
        if (self._owed or arrived) and talk.chance(conduct.notify_overflow):
            talk.say("* OK [NOTIFICATIONOVERFLOW] Too many notifications.")
            self.close()
            pushes = False
        self._tell_of_others()
        if news and idling:
            talk.report(expunges=True)
        elif asked is not None and pushes:
            talk.report(expunges=asked.push is Push.ALWAYS, flags=asked.flags)

    def _pushes(self) -> bool:
        asked = self._talk.subscription
        return asked is not None and asked.push is not Push.NEVER and not asked.mute

    def _tell_of_others(self) -> None:
        owed, self._owed = self._owed, {}
        for folder in owed.values():
            say_status(self._talk, folder, NUMBERS)
        names, self._names = self._names, []
        for folder, gone, old in names:
            say_list(self._talk, folder, gone=gone, old=old)

    def _is_open(self, folder: Folder) -> bool:
        view = self._talk.view
        return view is not None and view.folder is folder
