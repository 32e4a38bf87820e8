"""A conversation with the demo's protocol part, without sockets or a clock."""

from __future__ import annotations

from vedette.demo.dialogue import Dialogue
from vedette.demo.mailbox import Mailbox, Maildrop
from vedette.secret import Secret

#: 20 November 2026, 09:12:00 UTC.
NOW = 1_795_165_920.0
HELLO = b"From: a@x.example\r\nSubject: Hello\r\n\r\nHow are you?\r\n"


def maildrop() -> Maildrop:
    """Return a maildrop of anna's with INBOX and Junk."""
    drop = Maildrop("anna", Secret("pass word"), uid_validity=7)
    drop.create("Junk", use="\\Junk")
    return drop


class Talk:
    """Speaks for a client: ``send`` returns what the server says to it."""

    def __init__(self, drop: Maildrop | None = None, *, logged_in: bool = True) -> None:
        self.drop = drop or maildrop()
        self.pushes = 0
        self.dialogue = Dialogue({self.drop.user: self.drop}, now=lambda: NOW, pushed=self._pushed)
        self.greeting = self.heard()
        if logged_in:
            assert "x OK" in self.send('x LOGIN anna "pass word"')[-1]

    @property
    def inbox(self) -> Mailbox:
        """Anna's INBOX."""
        return self.drop.mailboxes["INBOX"]

    def deliver(self, octets: bytes = HELLO, *, folder: str = "INBOX") -> int:
        """Put a message in, behind the client's back; return its UID."""
        return self.drop.mailboxes[folder].append(octets, date=NOW).uid

    def send(self, *lines: str) -> list[str]:
        """Send lines and return the lines that come back."""
        return self.raw("".join(f"{line}\r\n" for line in lines).encode("latin-1"))

    def raw(self, octets: bytes) -> list[str]:
        """Send octets as they are."""
        self.dialogue.feed(octets)
        return self.heard()

    def heard(self) -> list[str]:
        """Return the lines that the server has to say now."""
        while self.dialogue.step():
            pass
        return self.dialogue.output().decode("latin-1").split("\r\n")[:-1]

    def push(self) -> list[str]:
        """Return what the server says by itself."""
        self.dialogue.push()
        return self.heard()

    def _pushed(self) -> None:
        self.pushes += 1
