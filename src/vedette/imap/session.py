"""What is known about a session, folded from the server's words. It must not know bytes or tags.

Capabilities are believed only for the link and the login under which they were said: they are
forgotten when TLS starts and when a login succeeds, and taken again from the codes and
responses that follow (RFC 9051 section 6.2.1 and 6.2.2). What an observer may not send is
refused here, because servers do move messages in a folder that was opened for reading only.
"""

from __future__ import annotations

from vedette.errors import UsageError
from vedette.imap.auth import Authenticate, Login
from vedette.imap.codes import Code, CodeName
from vedette.imap.commands import Command, Select, StartTls, Unselect
from vedette.imap.encoder import LITERAL_MINUS
from vedette.imap.messages import UidFetch
from vedette.imap.responses import Capability, Enabled, Kind, Response, Status
from vedette.imap.states import Signal, State, check_allowed, fire

_NONE: frozenset[str] = frozenset()
# What a capability includes: RFC 9051 appendix E, RFC 7162 section 3.2.3.
_INCLUDED = {
    "IMAP4REV2": frozenset(
        {
            "ENABLE",
            "ESEARCH",
            "IDLE",
            "LIST-EXTENDED",
            "LIST-STATUS",
            "LITERAL-",
            "MOVE",
            "NAMESPACE",
            "SASL-IR",
            "SEARCHRES",
            "SPECIAL-USE",
            "STATUS=SIZE",
            "UIDPLUS",
            "UNSELECT",
        }
    ),
    "QRESYNC": frozenset({"CONDSTORE"}),
}
# The same the other way round: in which larger ones a capability is found.
_WITHIN = {
    name: frozenset(whole for whole, included in _INCLUDED.items() if name in included)
    for name in frozenset().union(*_INCLUDED.values())
}
# LITERAL+ has no bound of its own (RFC 7888 section 4).
_UNBOUNDED = 2**63


class Session:
    """State, capabilities and the selected folder of one connection."""

    __slots__ = (
        "capabilities",
        "capabilities_known",
        "demoted",
        "enabled",
        "encrypted",
        "read_only",
        "selected",
        "state",
    )

    def __init__(self, *, encrypted: bool) -> None:
        self.state = State.GREETING
        self.encrypted = encrypted
        self.capabilities = _NONE
        self.capabilities_known = False
        self.enabled = _NONE
        self.selected: bytes | None = None
        self.read_only = True
        self.demoted = False  # [READ-ONLY] was said since the last SELECT was sent

    def has(self, capability: str) -> bool:
        """Tell whether the server offers a capability, by its name or within a larger one."""
        name = capability.upper()
        return name in self.capabilities or not self.capabilities.isdisjoint(
            _WITHIN.get(name, _NONE)
        )

    @property
    def utf8(self) -> bool:
        """True when text on the wire is UTF-8 (RFC 6855 section 3, RFC 9051)."""
        return "UTF8=ACCEPT" in self.enabled or "IMAP4REV2" in self.enabled

    @property
    def free_literal(self) -> int:
        """Up to how many octets the server takes a literal unasked (RFC 7888)."""
        if self.has("LITERAL+"):
            return _UNBOUNDED
        return LITERAL_MINUS if self.has("LITERAL-") else 0

    def fire(self, signal: Signal) -> None:
        """Move to the state that follows; a signal without a place, as after LOGOUT, moves none."""
        self.state = fire(self.state, signal) or self.state
        if self.state is not State.SELECTED:
            self.selected, self.read_only = None, True

    def learn(self, names: frozenset[str]) -> None:
        """Take what the server says it can."""
        self.capabilities, self.capabilities_known = names, True

    def forget(self) -> None:
        """Believe no capability any more."""
        self.capabilities, self.capabilities_known = _NONE, False

    def secured(self) -> None:
        """Take that TLS is up, and believe nothing that was said before it."""
        self.encrypted = True
        self.enabled = _NONE
        self.forget()

    def hear(self, response: Response) -> bool:
        """Fold an untagged response; True when it told capabilities."""
        if isinstance(response, Status):
            return self.hear_code(response.code)
        if isinstance(response, Capability):
            self.learn(response.names)
            return True
        if isinstance(response, Enabled):
            self.enabled |= response.names
        return False

    def hear_code(self, code: Code | None) -> bool:
        """Fold a response code; True when it told capabilities."""
        if code is None:
            return False
        if code.name == CodeName.READ_ONLY:
            self.read_only = self.demoted = True
        elif code.name == CodeName.CAPABILITY and code.words is not None:
            self.learn(code.words)
            return True
        return False

    def completed(self, command: Command, kind: Kind, code: Code | None, *, told: bool) -> None:
        """Fold a tagged answer. ``told``: capabilities came while the login was under way."""
        success = kind is Kind.OK
        if isinstance(command, Select):
            self._selected(command, code, success=success)
        elif isinstance(command, (Login, Authenticate)) and success:
            self.fire(Signal.LOGIN)
            if not told:
                self.forget()
        elif isinstance(command, Unselect) and success:
            self.fire(Signal.UNSELECT)
        self.hear_code(code)

    def _selected(self, command: Select, code: Code | None, *, success: bool) -> None:
        # A SELECT that fails leaves nothing selected (RFC 9051 section 6.3.2); after BAD the
        # server may think otherwise, and asking again is the safe reading.
        self.fire(Signal.SELECT if success else Signal.REFUSED)
        if success and self.state is State.SELECTED:
            self.selected = command.mailbox
            self.hear_code(code)  # [READ-ONLY] stands there, or in an untagged line before
            self.read_only = command.read_only or self.demoted
        # What was said belongs to this opening; another may be under way behind it.
        self.demoted = False

    def check(self, command: Command, *, behind: Select | None = None) -> None:
        """Raise UsageError when the command may not be sent in this session.

        ``behind`` is the opening of a folder after which it shall be carried out.
        """
        check_allowed(command.verb, self.state if behind is None else State.SELECTED)
        if command.writes and (self.read_only if behind is None else behind.read_only):
            raise UsageError(f"{command.verb} changes the folder, which is open for reading only")
        if isinstance(command, StartTls) and self.encrypted:
            raise UsageError("STARTTLS is for a plaintext link, and TLS is on already")
        if isinstance(command, Login) and "LOGINDISABLED" in self.capabilities:
            raise UsageError("the server has disabled LOGIN on this link")
        if _needs_qresync(command) and "QRESYNC" not in self.enabled:
            raise UsageError(f"{command.verb} with QRESYNC needs it enabled first")
        for capability in command.needs if self.capabilities_known else ():
            if not self.has(capability):
                raise UsageError(f"{command.verb} needs {capability}, which is not offered")


def _needs_qresync(command: Command) -> bool:
    match command:
        case Select(qresync=resync):
            return resync is not None
        case UidFetch(vanished=vanished):
            return vanished
        case _:
            return False
