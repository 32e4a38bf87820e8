"""A conversation with a connection: what the server says, what the client answers."""

from __future__ import annotations

from vedette.errors import LinkError
from vedette.imap import Completed, Connection, Event, Fatal, Limits, Select
from vedette.imap.auth import Login
from vedette.secret import Secret

EVERYTHING = (
    "IMAP4rev1 IDLE MOVE UIDPLUS UNSELECT NOTIFY ENABLE ID NAMESPACE CONDSTORE QRESYNC ESEARCH "
    "LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE OBJECTID"
)


class Talk:
    """A connection and the two ends of its talk; lines are written without their CRLF."""

    def __init__(self, *, limits: Limits | None = None, encrypted: bool = True) -> None:
        self.connection = Connection(limits=limits or Limits(), encrypted=encrypted)

    def server(self, *lines: str | bytes) -> list[Event]:
        """Let the server say lines in one segment; return what came of them."""
        octets = [line.encode() if isinstance(line, str) else line for line in lines]
        self.connection.receive_data(b"".join(octet + b"\r\n" for octet in octets))
        return self.connection.events()

    def client(self) -> str:
        """Return what the client has to say."""
        return self.connection.data_to_send().decode()

    def answer(self, *lines: str | bytes) -> Completed:
        """Let the server say lines that end with a tagged answer; return it."""
        last = self.server(*lines)[-1]
        assert isinstance(last, Completed)
        return last

    def fatal(self, *lines: str | bytes) -> LinkError:
        """Let the server say lines that end the connection; return why."""
        last = self.server(*lines)[-1]
        assert isinstance(last, Fatal)
        return last.error


def greeted(capabilities: str = EVERYTHING, *, encrypted: bool = True) -> Talk:
    """Return a talk after the greeting."""
    talk = Talk(encrypted=encrypted)
    talk.server(f"* OK [CAPABILITY {capabilities}] ready")
    return talk


def logged_in(capabilities: str = EVERYTHING) -> Talk:
    """Return a talk after the login (tag V1)."""
    talk = greeted(capabilities)
    talk.connection.send(Login(user="user", password=Secret("pass")))
    talk.client()
    talk.server(f"V1 OK [CAPABILITY {capabilities}] welcome")
    return talk


def selected(capabilities: str = EVERYTHING, *, read_only: bool = True) -> Talk:
    """Return a talk with INBOX open (tag V2)."""
    talk = logged_in(capabilities)
    talk.connection.send(Select(mailbox=b"INBOX", read_only=read_only))
    talk.client()
    talk.server("* 3 EXISTS", "V2 OK done")
    return talk
