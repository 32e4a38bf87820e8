"""One conversation with one client, from greeting to BYE: octets in, octets out.

::

    NOT_AUTHENTICATED ──LOGIN, AUTHENTICATE──► AUTHENTICATED ──SELECT──► SELECTED
                                                    ▲                      │
                                                    └──CLOSE, UNSELECT─────┘
    any state ──LOGOUT, too much nonsense──► over

Within a state the client is sending a command, or the one line that answers ours: DONE, or
credentials. Nothing here waits or reads a clock; ``server`` does. RFC 3501 section 3.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from enum import Enum, unique
from typing import Final

from vedette import __version__
from vedette.demo import folders, listing, selected
from vedette.demo.arguments import Arguments, BadSyntaxError, quoted
from vedette.demo.conversation import Conversation, RefusedError
from vedette.demo.intake import MAX_LITERAL, Broken, Command, Intake, Proceed, Refused
from vedette.demo.mailbox import Maildrop
from vedette.secret import Secret

CAPABILITIES: Final = (
    "IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN ID NAMESPACE CHILDREN LIST-EXTENDED SPECIAL-USE "
    f"UNSELECT IDLE UIDPLUS MOVE ESEARCH APPENDLIMIT={MAX_LITERAL}"
)
#: Before login only names and passwords are sent: a literal needs no more octets than this.
MAX_STRANGER_LITERAL: Final = 8 * 1024
#: Refused logins in one conversation.
MAX_STRIKES: Final = 3
#: Commands in a row that make no sense: the client speaks something else.
MAX_NONSENSE: Final = 20
#: Pairs in ID (RFC 2971 section 3.3).
MAX_ID_PAIRS: Final = 30

Handler = Callable[[Conversation, Arguments], str]


@unique
class State(Enum):
    """RFC 3501 section 3; over is the logout state."""

    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"
    OVER = "over"


@unique
class Awaited(Enum):
    """What the client's next line is."""

    COMMAND = "command"
    CREDENTIALS = "credentials"
    DONE = "done"


_MAILBOXES: Final[dict[str, Handler]] = {
    "SELECT": folders.select,
    "EXAMINE": folders.examine,
    "LIST": listing.list_,
    "LSUB": listing.lsub,
    "STATUS": folders.status,
    "NAMESPACE": folders.namespace,
    "CREATE": folders.create,
    "DELETE": folders.delete,
    "RENAME": folders.refuse_two_names,
    "SUBSCRIBE": folders.subscribe,
    "UNSUBSCRIBE": folders.refuse_one_name,
    "APPEND": folders.append,
}
_OPEN: Final[dict[str, Handler]] = {
    "CHECK": selected.check,
    "CLOSE": selected.close,
    "UNSELECT": selected.unselect,
    "EXPUNGE": selected.expunge,
    "FETCH": selected.fetch,
    "STORE": selected.store,
    "COPY": selected.copy,
    "MOVE": selected.move,
    "UID EXPUNGE": selected.uid_expunge,
    "UID FETCH": lambda talk, words: selected.fetch(talk, words, by_uid=True),
    "UID STORE": lambda talk, words: selected.store(talk, words, by_uid=True),
    "UID COPY": lambda talk, words: selected.copy(talk, words, by_uid=True),
    "UID MOVE": lambda talk, words: selected.move(talk, words, by_uid=True),
}
_SEARCHES: Final = frozenset({"SEARCH", "UID SEARCH"})
#: While these run, sequence numbers stay (RFC 3501 section 7.4.1); the UID forms are others.
_NUMBERS_STAY: Final = frozenset({"FETCH", "STORE", "SEARCH"})


class Dialogue:
    """Feed it octets, step until it returns False, send ``output()``.

    ``pushed`` is called when an idling client has something to be told; answer with ``push``.
    """

    __slots__ = ("_awaited", "_intake", "_nonsense", "_pushed", "_strikes", "_tag", "_talk",
                 "state")  # fmt: skip

    def __init__(
        self,
        drops: Mapping[str, Maildrop],
        *,
        now: Callable[[], float],
        pushed: Callable[[], None],
    ) -> None:
        self.state = State.NOT_AUTHENTICATED
        self._talk = Conversation(drops=drops, now=now, wake=self._changed)
        self._pushed = pushed
        self._intake = Intake()
        self._awaited = Awaited.COMMAND
        self._tag = ""
        self._strikes = 0
        self._nonsense = 0
        self._talk.say(f"* OK [CAPABILITY {CAPABILITIES}] Vedette's demo server is ready")

    @property
    def is_over(self) -> bool:
        """Whether the connection is to be closed once the output is sent."""
        return self.state is State.OVER

    @property
    def user(self) -> str | None:
        """Who logged in."""
        return None if self._talk.drop is None else self._talk.drop.user

    def feed(self, data: bytes) -> None:
        """Add octets from the client."""
        self._intake.feed(data)

    def output(self) -> bytes:
        """Take what is to be sent."""
        out = bytes(self._talk.out)
        self._talk.out.clear()
        return out

    def step(self) -> bool:
        """Take one step; False when more octets are needed or the conversation is over."""
        if self.is_over:
            return False
        if self._awaited is not Awaited.COMMAND:
            return self._answered(self._intake.line())
        stranger = self.state is State.NOT_AUTHENTICATED
        found = self._intake.command(MAX_STRANGER_LITERAL if stranger else MAX_LITERAL)
        match found:
            case None:
                return False
            case Proceed():
                self._talk.say("+ send the literal")
            case Broken(reason=reason):
                self.bye(reason)
            case Refused():
                self._dropped(found)
            case Command():
                self._run(found)
        return True

    def push(self) -> None:
        """Tell an idling client what changed."""
        if self._awaited is Awaited.DONE and self._talk.view is not None:
            self._report(expunges=True)

    def bye(self, reason: str) -> None:
        """End the conversation with a word (RFC 3501 section 7.1.5). Idempotent."""
        if not self.is_over:
            self._talk.say(f"* BYE {reason}")
            self.leave()

    def leave(self) -> None:
        """End it without one: the connection is gone. Idempotent."""
        self._talk.leave()
        self.state = State.OVER

    def _changed(self) -> None:
        if self._awaited is Awaited.DONE:
            self._pushed()

    def _run(self, command: Command) -> None:
        words = Arguments(command)
        tag, verb = "*", ""
        try:
            tag = words.tag()
            words.space()
            verb = words.word()
            if verb == "UID":
                words.space()
                verb = f"UID {words.word()}"
            text = self._done(tag, verb, words)
        except BadSyntaxError as error:
            self._bad(tag, f"{verb[:20]}: {error}" if verb else str(error))
            return
        except RefusedError as error:
            self._nonsense = 0
            self._close_answer(verb, f"{tag} NO {error}")
            return
        self._nonsense = 0
        if text is not None:
            self._close_answer(verb, f"{tag} OK {text}")

    def _done(self, tag: str, verb: str, words: Arguments) -> str | None:
        """Run a command; None when its answer comes later."""
        self._tag = tag
        if verb in {"CAPABILITY", "NOOP", "LOGOUT", "ID"}:
            return self._anywhere(verb, words)
        if self.state is State.NOT_AUTHENTICATED:
            if verb == "LOGIN":
                return self._login(words)
            if verb == "AUTHENTICATE":
                return self._authenticate(words)
            raise BadSyntaxError("expected LOGIN or AUTHENTICATE first")
        if verb == "IDLE":
            words.end()
            self._awaited = Awaited.DONE
            self._talk.say("+ idling")
            # What happened since the last answer is told at once.
            self.push()
            return None
        if verb in _SEARCHES and self.state is State.SELECTED:
            return selected.search(self._talk, words, tag, by_uid=verb != "SEARCH")
        handler = _MAILBOXES.get(verb)
        if handler is None and self.state is State.SELECTED:
            handler = _OPEN.get(verb)
        if handler is None:
            raise BadSyntaxError("no such command in this state")
        try:
            return handler(self._talk, words)
        finally:
            self.state = State.AUTHENTICATED if self._talk.view is None else State.SELECTED

    def _anywhere(self, verb: str, words: Arguments) -> str:
        if verb == "ID":
            self._introduced(words)
            name = f'("name" "vedette-demo" "version" {quoted(__version__)})'
            self._talk.say(f"* ID {name}")
            return "pleased to meet you"
        words.end()
        if verb == "CAPABILITY":
            self._talk.say(f"* CAPABILITY {CAPABILITIES}")
        elif verb == "LOGOUT":
            self.bye("until next time")
        return "done"

    @staticmethod
    def _introduced(words: Arguments) -> None:
        """Read what a client says of itself: NIL, or pairs (RFC 2971 section 3.1)."""
        words.space()
        if words.sees(b"("):
            fields = words.parenthesised(words.nstring, least=0)
            if len(fields) % 2 or len(fields) > 2 * MAX_ID_PAIRS or None in fields[::2]:
                raise BadSyntaxError("expected pairs of a name and a value")
        elif words.word() != "NIL":
            raise BadSyntaxError("expected NIL or a list")
        words.end()

    def _login(self, words: Arguments) -> str:
        words.space()
        user = words.astring()
        words.space()
        password = words.astring()
        words.end()
        return self._admitted(user, password)

    def _authenticate(self, words: Arguments) -> str | None:
        words.space()
        mechanism = words.word()
        initial = None
        if words.skip(b" "):
            # RFC 4959 section 3: ``=`` stands for an empty answer.
            initial = words.base64()
        words.end()
        if mechanism != "PLAIN":
            raise RefusedError("[CANNOT] only PLAIN is offered")
        if initial is not None:
            return self._plain(initial)
        self._awaited = Awaited.CREDENTIALS
        self._talk.say("+ ")
        return None

    def _answered(self, line: bytes | Broken | None) -> bool:
        """Take the line that answers IDLE or AUTHENTICATE."""
        if line is None:
            return False
        awaited, self._awaited = self._awaited, Awaited.COMMAND
        if isinstance(line, Broken):
            self.bye(line.reason)
        elif awaited is Awaited.DONE:
            if line.upper() == b"DONE":
                self._close_answer("IDLE", f"{self._tag} OK no longer idling")
            else:
                self._bad(self._tag, "IDLE: expected DONE")
        else:
            try:
                self._close_answer("", f"{self._tag} OK {self._plain(line)}")
            except BadSyntaxError as error:
                self._bad(self._tag, f"AUTHENTICATE: {error}")
            except RefusedError as error:
                self._close_answer("", f"{self._tag} NO {error}")
        return True

    def _plain(self, encoded: bytes) -> str:
        """Take the message of SASL PLAIN (RFC 4616): authzid NUL authcid NUL password."""
        if encoded == b"*":
            raise BadSyntaxError("given up by the client")
        try:
            parts = base64.b64decode(encoded, validate=True).split(b"\0")
        except binascii.Error as error:
            raise BadSyntaxError("expected base64") from error
        if len(parts) != 3:  # noqa: PLR2004 - the three parts of RFC 4616
            raise BadSyntaxError("expected three parts")
        other, user, password = parts
        if other not in {b"", user}:
            raise RefusedError("[AUTHORIZATIONFAILED] nobody acts for somebody else here")
        return self._admitted(user, password)

    def _admitted(self, user: bytes, password: bytes) -> str:
        drop = self._talk.drops.get(user.decode("utf-8", "replace"))
        given = Secret(password)
        if drop is None or Secret(drop.password.reveal().encode()) != given:
            self._strikes += 1
            raise RefusedError("[AUTHENTICATIONFAILED] wrong user or password")
        self._talk.drop = drop
        self.state = State.AUTHENTICATED
        return f"[CAPABILITY {CAPABILITIES}] logged in"

    def _close_answer(self, verb: str, line: str) -> None:
        """Send the tagged answer, and before it what changed meanwhile."""
        self._report(expunges=verb not in _NUMBERS_STAY)
        self._talk.say(line)
        if self._strikes >= MAX_STRIKES and self.state is State.NOT_AUTHENTICATED:
            self.bye("too many refused logins")

    def _report(self, *, expunges: bool) -> None:
        if self._talk.view is not None:
            for line in self._talk.view.report(expunges=expunges):
                self._talk.say(line)

    def _bad(self, tag: str, reason: str) -> None:
        self._nonsense += 1
        # What is repeated to the client was matched as ASCII, or is ours.
        self._talk.say(f"{tag} BAD {reason}")
        if self._nonsense >= MAX_NONSENSE:
            self.bye("too many commands that make no sense")

    def _dropped(self, refused: Refused) -> None:
        try:
            tag = Arguments(Command(text=refused.text, literals=())).tag()
        except BadSyntaxError:
            tag = "*"
        if tag == "*":
            self._bad(tag, refused.reason)
        else:
            self._talk.say(f"{tag} NO [TOOBIG] {refused.reason}")
