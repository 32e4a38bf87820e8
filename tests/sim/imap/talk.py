"""What the commands of one session share: who it is, what is open, and what is to be sent.

It must not know any command, nor when octets leave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.sim.imap.conduct import Conduct, Ending
from tests.sim.imap.estate import Estate, User
from tests.sim.imap.folder import Folder
from tests.sim.imap.items import render
from tests.sim.imap.subscription import Subscription
from tests.sim.imap.view import View


class RefusedError(Exception):
    """The command is right and is not done: NO. The message may begin with a response code."""


class EndedError(Exception):
    """The server ends the session in the middle of a command."""

    def __init__(self, ending: Ending, reason: str = "") -> None:
        super().__init__(reason)
        self.ending = ending
        self.reason = reason


@dataclass(slots=True, kw_only=True, eq=False)
class Talk:
    """The state that commands change. ``wake`` is called when an open folder changes."""

    estate: Estate
    capabilities: tuple[str, ...]
    wake: Callable[[], None]
    upheaval: Callable[[str], None]
    out: bytearray = field(default_factory=bytearray)
    tag: str = ""
    user: User | None = None
    view: View | None = None
    enabled: dict[str, None] = field(default_factory=dict)
    subscription: Subscription | None = None
    #: The client said who it is (ID), and what is behind the login can be reached.
    is_introduced: bool = False
    is_connected: bool = True

    @property
    def conduct(self) -> Conduct:
        """How the server behaves now."""
        return self.estate.conduct

    @property
    def owner(self) -> User:
        """Who logged in."""
        if self.user is None:
            raise RefusedError("log in first")
        return self.user

    @property
    def opened(self) -> View:
        """What is open."""
        if self.view is None:
            raise RefusedError("open a mailbox first")
        return self.view

    def chance(self, probability: float) -> bool:
        """Throw the dice of the server."""
        return self.estate.chance(probability)

    def has(self, capability: str) -> bool:
        """Tell whether this session was offered a capability."""
        return capability in self.capabilities

    def say(self, line: str | bytes) -> None:
        """Send one response."""
        self.out += line.encode("ascii") if isinstance(line, str) else line
        self.out += b"\r\n"

    def existing(self, name: str, *, code: str = "NONEXISTENT") -> Folder:
        """Return the folder of a name. Raises RefusedError with ``code``."""
        found = self.owner.folder(name)
        if found is None:
            raise RefusedError(f"[{code}] Mailbox does not exist")
        return found

    def open(self, folder: Folder, *, read_only: bool) -> View:
        """Have a folder open, and no other."""
        self.leave()
        self.view = View(
            self.estate, folder, read_only=read_only, wake=self.wake, upheaval=self.upheaval
        )
        self.view.vanishing = "QRESYNC" in self.enabled
        return self.view

    def leave(self) -> None:
        """Have no folder open. Idempotent."""
        if self.view is not None:
            self.view.close()
            self.view = None

    @property
    def is_current(self) -> bool:
        """Whether what is open is still a folder of the user."""
        user, view = self.user, self.view
        if user is None or view is None:
            return False
        return user.folders.get(view.folder.name) is view.folder

    def moment(self) -> None:
        """Let the world move: something may happen here that a client does not expect."""
        if self.is_current:
            self.estate.slip_in(self.owner, self.opened.folder)

    def report(self, *, expunges: bool, flags: bool = True) -> None:
        """Tell what changed in the open folder; new messages with what NOTIFY asked for."""
        view = self.view
        if view is None:
            return
        fresh = tuple(view.fresh)
        for line in view.report(expunges=expunges, flags=flags):
            self.say(line)
        wanted = None if self.subscription is None else self.subscription.items
        if wanted:
            for uid in fresh:
                mail = view.folder.mails.get(uid)
                if mail is not None:
                    self.say(b"* %d FETCH %b" % (view.number(uid), render(mail, wanted)))
