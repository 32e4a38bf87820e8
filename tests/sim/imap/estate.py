"""The users of a server, their folders, and everything that happens to them from outside.

It must not know the protocol. Chance comes from the dice it is given, and time from ``now``
(epoch seconds) and ``later`` (seconds from now, and what to do then).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from tests.sim.imap.conduct import Conduct, Span
from tests.sim.imap.folder import Arrival, Change, Folder, Mail, Origin, Touch
from tests.sim.imap.letter import SENDER, Letter

#: A message of ordinary length, in octets.
ORDINARY: Final = 2_048
#: UIDs that are left out at once, and by how much a UIDNEXT runs ahead.
GAP: Final = 400_000
#: The first UIDVALIDITY; each later one is higher (RFC 9051 section 2.3.1.1).
FIRST_VALIDITY: Final = 1_700_000_000


class Listener(Protocol):
    """A session that wants to know of folders beyond the one it has open."""

    def folder_moved(self, folder: Folder) -> None:
        """Learn that messages came to a folder or left it."""

    def folder_named(self, folder: Folder, *, gone: bool, old: str | None) -> None:
        """Learn that a folder was made, deleted or renamed."""


@dataclass(slots=True, kw_only=True)
class User:
    """One mailbox owner; ``folders`` by wire name, ``live`` counts the sessions logged in."""

    name: str
    password: str
    folders: dict[str, Folder] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    live: int = 0

    def folder(self, name: str) -> Folder | None:
        """Return a folder; INBOX in any case (RFC 9051 section 5.1)."""
        return self.folders.get("INBOX" if name.upper() == "INBOX" else name)


class Estate:
    """All users of one server."""

    def __init__(
        self,
        *,
        dice: random.Random,
        now: Callable[[], float],
        later: Callable[[float, Callable[[], None]], object],
        conduct: Conduct,
    ) -> None:
        self.dice = dice
        self.now = now
        self.later = later
        #: Everything that ever arrived anywhere, in that order.
        self.history: list[Arrival] = []
        #: Everything that a session ever did to a message.
        self.touches: list[Touch] = []
        self.users: dict[str, User] = {}
        #: Is told of each touch as it happens.
        self.on_touch: Callable[[Touch], None] = lambda _touch: None
        self._conduct = conduct
        self._validity = FIRST_VALIDITY
        self._serial = 0
        self._slips = 0
        #: Moments to pass before a message slips in; None: it waits for none.
        self._ambush: int | None = None

    @property
    def conduct(self) -> Conduct:
        """How the server behaves from now on."""
        return self._conduct

    @conduct.setter
    def conduct(self, conduct: Conduct) -> None:
        self._conduct = conduct

    def chance(self, probability: float) -> bool:
        """Throw the dice; what never or always happens needs no throw."""
        return probability > 0 and (probability >= 1 or self.dice.random() < probability)

    def span(self, seconds: Span) -> float:
        """Return a time within a span."""
        return self.dice.uniform(*seconds)

    # What happens from outside.

    def add_user(self, name: str, password: str, folders: Iterable[str] = ("INBOX",)) -> User:
        r"""Add a user. A folder is its wire name, or name and use: ``Junk=\Junk``."""
        user = self.users[name] = User(name=name, password=password)
        for each in dict.fromkeys(("INBOX", *folders)):
            path, _, use = each.partition("=")
            user.folders[path] = self._made(path, use or None)
        return user

    def set_password(self, user: str, password: str) -> None:
        """Change a password; who is logged in stays so."""
        self.users[user].password = password

    def deliver(
        self,
        user: str,
        folder: str,
        token: str,
        *,
        size: int = ORDINARY,
        told: bool = True,
        sender: str = SENDER,
        words: str = "",
    ) -> Arrival:
        """Let a message arrive; ``told`` is False for one that no viewer is told of."""
        origin = Origin.DELIVERED
        return self._deliver(
            user, folder, token, size, origin, told=told, sender=sender, words=words
        )

    def append(
        self,
        user: User,
        folder: Folder,
        letter: Letter,
        origin: Origin,
        date: float,
        *,
        told: bool = True,
        kept: bool = False,
    ) -> Mail:
        """Put a letter into a folder, to be seen at once or as late as the conduct has it.

        What is ``kept`` is not lost: a server may hide a message, and never destroys one.
        """
        conduct = self._conduct
        if self.chance(conduct.uid_gap):
            folder.uid_next += self.dice.randint(1, GAP)
        arrival = self._entered(user, folder, letter, origin, folder.uid_next)
        mail = folder.take(letter, arrival, internal_date=date)
        if not kept and self.chance(conduct.uid_lost):
            del folder.hidden[mail.uid]
        elif self.chance(conduct.uid_late):
            self.later(self.span(conduct.uid_late_by), lambda: self._show(user, folder, mail))
        else:
            self._show(user, folder, mail, told=told)
        return mail

    def expunge(self, user: str, folder: str, uid: int) -> bool:
        """Remove one message; False if there is none."""
        owner = self.users[user]
        box = owner.folders[folder]
        return self.remove(owner, box, uid) is not None

    def expunge_some(self, user: str, folder: str, count: int = 1) -> list[int]:
        """Remove so many messages, chosen by the dice; return their UIDs."""
        owner = self.users[user]
        box = owner.folders[folder]
        chosen = sorted(self.dice.sample(box.uids, min(count, len(box.uids))))
        for uid in chosen:
            self.remove(owner, box, uid)
        return chosen

    def flag_some(self, user: str, folder: str, count: int = 1) -> list[int]:
        r"""Let another client change ``\Seen`` of so many messages; return their UIDs."""
        box = self.users[user].folders[folder]
        chosen = sorted(self.dice.sample(box.uids, min(count, len(box.uids))))
        for uid in chosen:
            flags = dict(box.mails[uid].flags)
            if "\\Seen" in flags:
                del flags["\\Seen"]
            else:
                flags["\\Seen"] = None
            box.flag(uid, flags)
        return chosen

    def move(self, user: str, source: str, target: str, count: int = 1) -> list[Arrival]:
        """Move so many messages, chosen by the dice; they get UIDs of the target."""
        owner = self.users[user]
        box, other = owner.folders[source], owner.folders[target]
        chosen = sorted(self.dice.sample(box.uids, min(count, len(box.uids))))
        moved = []
        for uid in chosen:
            mail = self.remove(owner, box, uid)
            if mail is not None:
                date = mail.internal_date
                moved.append(self.append(owner, other, mail.letter, Origin.MOVED, date).arrival)
        return moved

    def carry(self, user: User, folder: Folder, uid: int, target: str) -> None:
        """Let a user move one message to a folder that is there."""
        mail = self.remove(user, folder, uid)
        if mail is not None:
            box, date = user.folders[target], mail.internal_date
            made = self.append(user, box, mail.letter, Origin.MOVED, date, kept=True)
            made.like(mail)

    def renumber(self, user: str, folder: str, *, keeps_uids: bool = False) -> int:
        """Give a folder a new UIDVALIDITY and its messages UIDs from 1; return the former.

        With ``keeps_uids`` the UIDs stay: an index was lost and made again (S2).
        """
        owner = self.users[user]
        old = owner.folders[folder]
        new = self._made(old.name, old.use)
        owner.folders[folder] = new
        self._resettle(owner, old, new, Origin.RENUMBERED, keeps_uids=keeps_uids)
        old.unsettle("the mailbox was renumbered")
        return new.uid_validity

    def create_folder(self, user: str, folder: str, use: str | None = None) -> None:
        """Make a folder that is not there."""
        owner = self.users[user]
        if folder not in owner.folders:
            owner.folders[folder] = made = self._made(folder, use)
            self._named(owner, made)

    def delete_folder(self, user: str, folder: str) -> None:
        """Delete a folder and what is in it."""
        owner = self.users[user]
        box = owner.folders.pop(folder)
        now = self.now()
        for mail in box.mails.values():
            mail.arrival.gone_at = now
        box.hidden.clear()
        self._named(owner, box, gone=True)
        box.unsettle("the mailbox was deleted")

    def rename_folder(self, user: str, folder: str, name: str) -> None:
        """Give a folder another name; UIDs and UIDVALIDITY stay (RFC 9051 section 6.3.6)."""
        owner = self.users[user]
        old = owner.folders.pop(folder)
        new = Folder(name, uid_validity=old.uid_validity, serial=old.serial, use=old.use)
        owner.folders[name] = new
        self._resettle(owner, old, new, Origin.RENAMED, keeps_uids=True)
        self._named(owner, new, old=folder)
        old.unsettle("the mailbox was renamed")

    def ambush(self, passed: int | None) -> None:
        """Have one message slip in after so many bad moments, whatever the conduct; None: none."""
        self._ambush = passed

    def slip_in(self, user: User, folder: Folder) -> None:
        """Let a message arrive now, if the conduct has it: this is a bad moment for a client."""
        conduct = self._conduct
        is_due = self._ambush == 0
        if self._ambush is not None:
            self._ambush = None if is_due else self._ambush - 1
        if is_due or self.chance(conduct.slip_in):
            self._slips += 1
            told = self.chance(conduct.slip_told)
            token = f"slip-{self._slips}"
            self._deliver(user.name, folder.name, token, ORDINARY, Origin.SLIPPED_IN, told=told)
        if folder.uids and self.chance(conduct.slip_out):
            self.remove(user, folder, self.dice.choice(folder.uids))

    def remove(self, user: User, folder: Folder, uid: int) -> Mail | None:
        """Expunge one message and tell whoever wants to know."""
        mail = folder.remove(uid, self.now())
        if mail is not None:
            for listener in tuple(user.listeners):
                listener.folder_moved(folder)
        return mail

    def touched(
        self,
        user: User,
        mail: Mail,
        change: Change,
        *,
        made: Mail | None = None,
        flags: Iterable[str] = (),
        sign: str = "",
    ) -> None:
        """Write down what a session did to a message of a user."""
        token = mail.letter.token
        copies = sum(
            other is not mail and other.letter.token == token
            for folder in user.folders.values()
            for other in (*folder.mails.values(), *folder.hidden.values())
        )
        touch = Touch(
            at=self.now(),
            change=change,
            arrival=mail.arrival,
            others=copies,
            made=None if made is None else made.arrival,
            flags=tuple(flags),
            sign=sign,
        )
        self.touches.append(touch)
        self.on_touch(touch)

    def _deliver(
        self,
        user: str,
        folder: str,
        token: str,
        size: int,
        origin: Origin,
        *,
        told: bool,
        sender: str = SENDER,
        words: str = "",
    ) -> Arrival:
        owner = self.users[user]
        box = owner.folders[folder]
        self._serial += 1
        date = float(int(self.now()))  # INTERNALDATE has whole seconds
        letter = Letter(
            token=token,
            to=user,
            size=size,
            date=date,
            serial=self._serial,
            is_spoilt=self.chance(self._conduct.mail_spoilt),
            sender=sender,
            words=words,
        )
        return self.append(owner, box, letter, origin, date, told=told).arrival

    def _show(self, user: User, folder: Folder, mail: Mail, *, told: bool = True) -> None:
        if mail.uid not in folder.hidden:
            return  # the folder is not what it was
        folder.show(mail, self.now(), told=told)
        for listener in tuple(user.listeners):
            listener.folder_moved(folder)

    def _entered(
        self, user: User, folder: Folder, letter: Letter, origin: Origin, uid: int
    ) -> Arrival:
        arrival = Arrival(
            user=user.name,
            folder=folder.name,
            uid_validity=folder.uid_validity,
            uid=uid,
            token=letter.token,
            origin=origin,
            appended_at=self.now(),
        )
        self.history.append(arrival)
        return arrival

    def _resettle(
        self, user: User, old: Folder, new: Folder, origin: Origin, *, keeps_uids: bool
    ) -> None:
        """Enter the messages of one folder into another, as new arrivals without a stir."""
        now = self.now()
        for uid in sorted((*old.mails, *old.hidden)):
            mail = old.mails.get(uid) or old.hidden[uid]
            if keeps_uids:
                new.uid_next = uid
            arrival = self._entered(user, new, mail.letter, origin, new.uid_next)
            moved = new.take(mail.letter, arrival, internal_date=mail.internal_date)
            moved.like(mail)
            new.show(moved, now)
            mail.arrival.gone_at = now
        if keeps_uids:
            new.uid_next = old.uid_next
        old.hidden.clear()

    def _made(self, name: str, use: str | None) -> Folder:
        self._validity += 1
        self._serial += 1
        return Folder(name, uid_validity=self._validity, serial=self._serial, use=use)

    def _named(
        self, user: User, folder: Folder, *, gone: bool = False, old: str | None = None
    ) -> None:
        for listener in tuple(user.listeners):
            listener.folder_named(folder, gone=gone, old=old)
