"""An IMAP connection as a machine: bytes in, events out; commands in, bytes out.

It must not know sockets, clocks or tasks: its owner moves the bytes, keeps the deadlines and
decides what to do. Every untagged response counts in every state. What the server gets wrong
within a response costs that response; a stream that can not be trusted any more ends in one
``Fatal`` event, after which nothing is read or sent.

::

    connection.receive_data(view)        send(command) -> tag
    for event in connection.events():    stream.write(connection.data_to_send())
"""

from __future__ import annotations

import re

from vedette.errors import LinkError, NetworkError, ProtocolError, TLSError, UsageError
from vedette.imap.auth import Authenticate, Login
from vedette.imap.codes import split_code
from vedette.imap.commands import AskCapability, Command, Idle, Logout, Select, StartTls, Unselect
from vedette.imap.encoder import Encoder
from vedette.imap.events import (
    Challenge,
    Completed,
    Event,
    Fatal,
    Greeting,
    IdleStarted,
    Malformed,
    Tag,
    tag_of,
)
from vedette.imap.exchange import Exchange
from vedette.imap.framer import Frame, FrameError, Framer
from vedette.imap.lexer import ParseError, display
from vedette.imap.limits import DEFAULT_LIMITS, Limits
from vedette.imap.parser import RAW_LENGTH, read_response
from vedette.imap.refusal import refusal
from vedette.imap.responses import Kind, Status, Unknown
from vedette.imap.sending import Pending, Sender
from vedette.imap.session import Session
from vedette.imap.states import Signal, State
from vedette.secret import Secret

_TAGGED = re.compile(rb"([^\s()]++) ++(OK|NO|BAD)(?: ++|\Z)", re.IGNORECASE)
_WORDED = re.compile(rb"\* *+[A-Za-z]")
_LOGINS = (Login, Authenticate)
# What a stranger's first line is quoted up to, in a message for a person.
_QUOTE = 80


class Connection:
    """One connection to an IMAP server. Not for use by several threads.

    ``encrypted`` tells whether the link is. A PREAUTH greeting is refused unless
    ``allow_preauth``, and always on a plaintext link, where STARTTLS could not follow it.
    """

    __slots__ = (
        "_allow_preauth",
        "_events",
        "_framer",
        "_sender",
        "_serial",
        "_session",
        "_strange",
        "_upgrading",
        "idling",
        "ignored",
        "limits",
    )

    def __init__(
        self, *, limits: Limits = DEFAULT_LIMITS, encrypted: bool, allow_preauth: bool = False
    ) -> None:
        self.limits = limits
        self.idling = False  # "+" was received and DONE is not sent yet
        self.ignored = 0  # well-formed answers to tags that are not ours
        self._session = Session(encrypted=encrypted)
        self._allow_preauth = allow_preauth
        self._events: list[Event] | None = None
        self._framer = Framer(limits)
        self._sender = Sender()
        self._serial = 0
        self._strange = 0  # responses in a row that could not be read
        self._upgrading = False

    @property
    def state(self) -> State:
        """Where the connection stands."""
        return self._session.state

    @property
    def encrypted(self) -> bool:
        """True on a TLS link, from the start or since ``tls_started()``."""
        return self._session.encrypted

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server says it can, upper case; empty where it has not been said."""
        return self._session.capabilities

    @property
    def capabilities_known(self) -> bool:
        """False at first and after TLS or a login, until the server says what it can."""
        return self._session.capabilities_known

    @property
    def enabled(self) -> frozenset[str]:
        """What ENABLE switched on, upper case."""
        return self._session.enabled

    @property
    def utf8(self) -> bool:
        """True when names of folders are UTF-8 on the wire (RFC 6855, RFC 9051)."""
        return self._session.utf8

    @property
    def selected(self) -> bytes | None:
        """The wire name of the folder that is open."""
        return self._session.selected

    @property
    def read_only(self) -> bool:
        """True unless a folder was opened for writing, and the server agreed."""
        return self._session.read_only

    @property
    def in_flight(self) -> tuple[Tag, ...]:
        """The tags of the commands that have no answer yet, oldest first."""
        return tuple(pending.tag for pending in self._sender.pending)

    def has(self, capability: str) -> bool:
        """Tell whether the server offers a capability, by its name or within a larger one."""
        return self._session.has(capability)

    # The client speaks.

    def send(self, command: Command, *, behind: bool = False) -> Tag:
        """Queue a command and return its tag; ``data_to_send`` has the bytes.

        ``behind`` lets it follow the opening of a folder before that is answered, as RFC 9051
        section 5.5 has it: it is to do no harm where the opening fails and no folder is open.
        Raises UsageError, and sends nothing, when the command has no place in the present
        state, when the server does not offer it, or when an argument can not be written.
        """
        opening = self._sender.last(Select) if behind else None
        select = opening.command if opening is not None else None
        self._session.check(command, behind=select if isinstance(select, Select) else None)
        self._check_queue(command, behind=opening is not None)
        tag = tag_of(self._serial + 1)
        out = Encoder(
            tag,
            command.verb,
            free_literal=self._session.free_literal,
            utf8=self.utf8,
            maximum=self.limits.command,
        )
        command.write(out)
        pending = Pending(tag=tag, command=command)
        if isinstance(command, Authenticate):
            pending.exchange = Exchange(command.mechanism)
            initial = pending.exchange.initial_response() if self.has("SASL-IR") else None
            if initial is not None:
                out.syntax(initial)
        pending.parts = tuple(out.finish())
        self._serial += 1
        self._sender.add(pending)
        if isinstance(command, Logout):
            self._session.fire(Signal.GOODBYE)
        elif isinstance(command, Select):
            self._session.demoted = False
        return tag

    def done(self) -> None:
        """Leave IDLE: ``DONE`` goes out, and commands sent from now on follow it at once.

        Before the server's ``+`` the DONE waits for it. Raises UsageError outside of IDLE.
        """
        idle = self._sender.last(Idle)
        if idle is None:
            raise UsageError("DONE ends an IDLE, and none is under way")
        idle.done = True
        if self.idling:
            self._say_done()

    def data_to_send(self) -> bytes:
        """Return the bytes to write to the stream now, in one piece; often empty."""
        return self._sender.take()

    def tls_started(self) -> None:
        """Learn that the handshake after STARTTLS is done; capabilities are forgotten.

        Raises TLSError if a plaintext byte came after the server's OK (CVE-2011-0411), and
        UsageError if no STARTTLS was accepted.
        """
        if self.state is State.CLOSED:
            raise TLSError("the connection ended before TLS had started")
        if not self._upgrading:
            raise UsageError("the server has not said OK to STARTTLS")
        self._upgrading = False
        self._session.secured()

    # The server speaks.

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes from the stream; never raises, keeps no reference to ``data``."""
        if self.state is State.CLOSED or not len(data):
            return
        injected = False
        try:
            for item in self._framer.feed(data):
                if self._upgrading:
                    injected = True
                    break
                if isinstance(item, Frame):
                    self._receive(item)
                else:
                    self._emit(item)
                if self._session.state is State.CLOSED:
                    return
        except FrameError as error:
            self._fail(ProtocolError(f"{error}; the connection can not be trusted any more"))
            return
        if injected or (self._upgrading and not self._framer.empty):
            self._fail(TLSError("the server sent bytes between its OK to STARTTLS and TLS"))

    def receive_eof(self) -> None:
        """Learn that the server closed the stream; in the middle of anything it is a failure."""
        if self.state is State.LOGOUT:
            self._end()
        elif self.state is not State.CLOSED:
            where = " before its greeting" if self.state is State.GREETING else ""
            waiting = ", ".join(pending.command.verb for pending in self._sender.pending)
            during = f" during {waiting}" if waiting else ""
            self._fail(NetworkError(f"the server closed the connection{where}{during}"))

    def events(self) -> list[Event]:
        """Return what happened since the last call, in the server's order."""
        events, self._events = self._events, None
        return events if events is not None else []

    def _receive(self, frame: Frame) -> None:
        text = frame.text
        if self._session.state is State.GREETING:
            if text:
                self._greet(frame)
            else:
                self._count_strange()
        elif text[:1] == b"*":
            self._receive_untagged(frame)
        elif text[:1] == b"+":
            self._receive_continuation(text)
        elif text:
            self._receive_tagged(text)
        else:
            self._count_strange()  # some servers send an empty line between two responses

    def _receive_untagged(self, frame: Frame) -> None:
        try:
            response = read_response(frame, self.limits)
        except ParseError as error:
            raw = Secret(frame.text[:RAW_LENGTH])
            self._emit(Malformed(reason=str(error), raw=raw))
            self._count_strange()
            return
        self._strange = 0
        self._emit(response)
        if self._session.hear(response):
            login = self._sender.last(_LOGINS)
            if login is not None and self._sender.last(AskCapability) is None:
                login.told = True
        if (
            isinstance(response, Status)
            and response.kind is Kind.BYE
            and self.state is not State.LOGOUT
        ):
            self._fail(refusal("", Kind.BYE, response.code, response.text))

    def _greet(self, frame: Frame) -> None:
        try:
            worded = _WORDED.match(frame.text)  # here a code alone is no status
            status = read_response(frame, self.limits) if worded else None
        except ParseError:
            status = None
        if not isinstance(status, Status) or status.kind in {Kind.NO, Kind.BAD}:
            words = display(frame.text[:_QUOTE])
            self._fail(ProtocolError(f"this is not an IMAP server; it said: {words!r}"))
            return
        self._emit(Greeting(status=status.kind, code=status.code, text=status.text))
        if status.kind is Kind.BYE:
            self._fail(refusal("", Kind.BYE, status.code, status.text))
        elif status.kind is Kind.PREAUTH and not self.encrypted:
            words = "the server logged us in before TLS (PREAUTH), so that TLS can not start"
            self._fail(TLSError(words, reply=status.text))
        elif status.kind is Kind.PREAUTH and not self._allow_preauth:
            words = "the server logged us in as somebody (PREAUTH) without asking who we are"
            self._fail(ProtocolError(words, reply=status.text))
        else:
            preauth = status.kind is Kind.PREAUTH
            self._session.fire(Signal.PREAUTH if preauth else Signal.WELCOME)
            self._session.hear(status)

    def _receive_tagged(self, text: bytes) -> None:
        answer = _TAGGED.match(text)
        if answer is None:
            self._emit(Unknown(raw=text[:RAW_LENGTH]))
            self._count_strange()
            return
        pending = self._sender.find(display(answer[1]))
        if pending is None:  # a late answer of an earlier life (A5); nobody waits for it
            self.ignored += 1
            self._count_strange()
            return
        self._strange = 0
        kind = Kind(answer[2].decode().upper())
        code, words = split_code(text[answer.end() :])
        if pending.incomplete and (kind is Kind.OK or not pending.started):
            said = f"the server answered {kind.value} to a {pending.command.verb} not sent yet"
            self._fail(ProtocolError(said, reply=words))
            return
        command = pending.command
        if self._sender.holder is pending:
            self.idling = False  # the server ended IDLE by itself
        if isinstance(command, StartTls) and kind is Kind.OK:
            self._upgrading = True
        self._sender.remove(pending)
        self._session.completed(command, kind, code, told=pending.told)
        self._emit(Completed(tag=pending.tag, command=command, kind=kind, code=code, text=words))

    def _receive_continuation(self, text: bytes) -> None:
        holder = self._sender.holder
        if holder is not None and holder.parts:
            self._sender.advance()
        elif holder is not None and holder.exchange is not None:
            self._respond(holder, holder.exchange, text[1:].strip())
        elif holder is not None and isinstance(holder.command, Idle) and not self.idling:
            self.idling = True
            self._emit(IdleStarted(tag=holder.tag))
            if holder.done:
                self._say_done()
        else:
            self._emit(Unknown(raw=text[:RAW_LENGTH]))
            self._count_strange()

    def _respond(self, pending: Pending, exchange: Exchange, challenge: bytes) -> None:
        try:
            response, reason = exchange.answer(challenge)
        except ProtocolError as error:
            self._fail(error)
            return
        if reason:
            self._emit(Challenge(tag=pending.tag, data=reason))
        self._sender.write(response + b"\r\n")

    def _say_done(self) -> None:
        self.idling = False
        self._sender.write(b"DONE\r\n")
        self._sender.release()

    def _check_queue(self, command: Command, *, behind: bool) -> None:
        """Raise UsageError when a command under way forbids this one."""
        sender = self._sender
        if self._upgrading or sender.last(StartTls) is not None:
            raise UsageError(f"{command.verb} can not be sent until TLS has started")
        if isinstance(command, StartTls) and sender.pending:
            raise UsageError("STARTTLS can not be sent while commands are under way")
        if len(sender.pending) >= self.limits.pipeline:
            raise UsageError(f"{self.limits.pipeline} commands are already under way")
        if sender.last(_LOGINS) is not None:
            raise UsageError(f"{command.verb} has to wait for the answer to the login")
        idle = sender.last(Idle)
        if idle is not None and not idle.done:
            raise UsageError(f"{command.verb} can not be sent during IDLE; call done() first")
        changing = Unselect if behind else (Select, Unselect)
        if not isinstance(command, Logout) and sender.last(changing) is not None:
            raise UsageError(f"{command.verb} has to wait until the folder has changed")

    def _count_strange(self) -> None:
        self._strange += 1
        if self._strange >= self.limits.malformed:
            self._fail(ProtocolError(f"{self._strange} responses in a row could not be read"))

    def _emit(self, event: Event) -> None:
        if self._events is None:
            self._events = [event]
        else:
            self._events.append(event)

    def _fail(self, error: LinkError) -> None:
        self._emit(Fatal(error=error))
        self._end()

    def _end(self) -> None:
        self._session.fire(Signal.END)
        self._sender.clear()
        self._framer = Framer(self.limits)
        self.idling = self._upgrading = False
