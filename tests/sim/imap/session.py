"""One conversation with one client, from greeting to its end: octets in, octets out.

Whatever the segments in which octets come, the answer is the same. Where the conduct has the
server be slow or silent, the conversation is held, and what comes meanwhile waits. It must not
know how commands are carried out, nor any clock but ``estate.now``.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, unique
from typing import Final

from tests.sim.imap import entry, mailboxes, reading, writing
from tests.sim.imap.conduct import Ending
from tests.sim.imap.estate import Estate
from tests.sim.imap.folder import Folder
from tests.sim.imap.subscription import BadEventError, Push, read_subscription
from tests.sim.imap.talk import EndedError, RefusedError, Talk
from vedette.demo.arguments import Arguments, BadSyntaxError
from vedette.demo.intake import Broken, Command, Intake, Proceed, Refused

Handler = Callable[[Talk, Arguments], str]

#: Octets in the literals of one command: names and passwords are all that is sent.
MAX_LITERAL: Final = 64 * 1024
#: Commands in a row that make no sense: the client speaks something else.
MAX_NONSENSE: Final = 20

_ANYWHERE: Final[dict[str, Handler]] = {
    "CAPABILITY": entry.capability,
    "NOOP": entry.noop,
    "ID": entry.identify,
}
_LOGGED_IN: Final[dict[str, Handler]] = {
    "ENABLE": entry.enable,
    "SELECT": mailboxes.select,
    "EXAMINE": mailboxes.examine,
    "LIST": mailboxes.list_,
    "STATUS": mailboxes.status,
    "NAMESPACE": mailboxes.namespace,
    "CREATE": mailboxes.create,
    "DELETE": mailboxes.delete,
}
_SELECTED: Final[dict[str, Handler]] = {
    "CHECK": entry.noop,
    "UNSELECT": mailboxes.leave,
    "CLOSE": writing.close,
    "EXPUNGE": writing.expunge,
    "FETCH": reading.fetch,
    "SEARCH": reading.search,
    "STORE": writing.store,
    "COPY": writing.copy,
    "MOVE": writing.move,
    "UID FETCH": lambda talk, words: reading.fetch(talk, words, by_uid=True),
    "UID SEARCH": lambda talk, words: reading.search(talk, words, by_uid=True),
    "UID STORE": lambda talk, words: writing.store(talk, words, by_uid=True),
    "UID COPY": lambda talk, words: writing.copy(talk, words, by_uid=True),
    "UID MOVE": lambda talk, words: writing.move(talk, words, by_uid=True),
    "UID EXPUNGE": writing.uid_expunge,
}
#: What a server can do without is a capability (RFC 9051 section 6.1.1).
_NEEDS: Final = {"ENABLE": "ENABLE", "ID": "ID", "NAMESPACE": "NAMESPACE", "IDLE": "IDLE",
                 "NOTIFY": "NOTIFY", "UNSELECT": "UNSELECT"}  # fmt: skip
#: IMAP4rev2 has these within (RFC 9051 appendix E).
_WITHIN_REV2: Final = frozenset({"ENABLE", "NAMESPACE", "IDLE", "UNSELECT"})
#: While these run, sequence numbers stay (RFC 9051 section 7.5.1); the UID forms are others.
_NUMBERS_STAY: Final = frozenset({"FETCH", "STORE", "SEARCH"})
#: These are never refused out of a mood.
#: What tells of arrivals where ``noop_only`` is the conduct.
_TELLING: Final = frozenset({"NOOP", "CHECK", "SELECT", "EXAMINE"})
#: What a STATUS tells unasked (RFC 5465 sections 5.2 and 5.3).
_NUMBERS: Final = ("MESSAGES", "UIDNEXT", "UIDVALIDITY")
_SPARED: Final = frozenset({"LOGOUT", "CAPABILITY", "IDLE", "LOGIN", "AUTHENTICATE", "ID"})


@unique
class Awaited(Enum):
    """What the client's next line is."""

    COMMAND = "command"
    CREDENTIALS = "credentials"
    DONE = "done"


class ServerSession:
    """Octets from the client go to ``receive``; the server sends and closes by what it was given."""

    __slots__ = ("_awaited", "_busy", "_close", "_closed", "_heard", "_held", "_idle", "_idle_armed",
                 "_idle_mute", "_intake", "_names", "_nonsense", "_on_end", "_over", "_owed",
                 "_resume", "_send", "_silent", "_talk", "_unrest_armed")  # fmt: skip

    def __init__(
        self,
        estate: Estate,
        send: Callable[[bytes], None],
        close: Callable[[], None],
        on_end: Callable[[ServerSession], None],
    ) -> None:
        self._talk = Talk(
            estate=estate,
            capabilities=estate.conduct.capabilities,
            wake=self._changed,
            upheaval=self._upheaval,
        )
        self._intake = Intake()
        self._send = send
        self._close = close
        self._on_end = on_end
        self._awaited = Awaited.COMMAND
        self._busy = False
        self._over = False
        self._closed = False
        self._heard = False
        self._held = 0  # how often it was held and released; odd while it is held
        self._silent = False
        self._resume: Callable[[], None] | None = None
        self._idle = 0  # how many IDLEs began: a timer of an earlier one means nothing
        self._idle_armed: tuple[float | None, float | None] = (None, None)
        self._idle_mute = False
        self._unrest_armed = False
        self._nonsense = 0
        self._owed: dict[str, Folder] = {}
        self._names: list[tuple[Folder, bool, str | None]] = []

    @property
    def user(self) -> str | None:
        """Who logged in."""
        return None if self._talk.user is None else self._talk.user.name

    @property
    def is_idling(self) -> bool:
        """Whether an IDLE is under way."""
        return self._awaited is Awaited.DONE

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be said."""
        return self._over

    @property
    def folder(self) -> str | None:
        """What is open."""
        return None if self._talk.view is None else self._talk.view.folder.name

    # What comes from the link and from the server.

    def greet(self) -> None:
        """Say the first word, or fail to."""
        estate = self._talk.estate
        estate.later(estate.conduct.autologout, self._autologout)
        self._arm_unrest()
        if estate.chance(estate.conduct.greeting_silent):
            self._fall_silent(self._greeting)
        else:
            self._advance(self._greeting)

    def receive(self, data: bytes) -> None:
        """Take octets from the client; after the end they mean nothing."""
        if not self._over:
            self._heard = True
            self._intake.feed(data)
            self._advance()

    def lost(self) -> None:
        """Learn that the link is gone. Idempotent."""
        self._closed = True
        self._ended()

    def end(self, ending: Ending, reason: str = "Server shutting down.") -> None:
        """End the conversation from the server's side. Idempotent."""
        if not self._over:
            self._finish(ending, reason)
            self._flush()

    def reconsider(self) -> None:
        """Act by a new conduct: what was kept back out of malice is told now."""
        conduct = self._talk.estate.conduct
        self._arm_unrest()
        if self.is_idling:
            self._arm_idle(self._idle)
        if not conduct.idle_mute:
            self._idle_mute = False
        if self._talk.subscription is not None and not conduct.notify_mute:
            self._talk.subscription.mute = False
        if self._talk.view is not None and not (conduct.stale_view or conduct.exists_late):
            self._talk.view.reconcile()
        if self._silent and not (
            conduct.silent or conduct.done_unanswered or conduct.greeting_silent
        ):
            self._release(self._held)
        self._changed()

    # What the estate tells (Listener).

    def folder_moved(self, folder: Folder) -> None:
        """Owe the client a STATUS, if it asked for it."""
        talk = self._talk
        asked, view = talk.subscription, talk.view
        if asked is None or asked.mute or (view is not None and view.folder is folder):
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

    # The stream of steps.

    def _advance(self, first: Callable[[], None] | None = None) -> None:
        """Do one thing, then all that the octets allow, and send what came of it."""
        if self._busy or self._over:
            return
        self._busy = True
        try:
            if first is not None:
                first()
            while not self._over and not self._is_held and self._step():
                pass
        except EndedError as error:
            self._finish(error.ending, error.reason)
        finally:
            self._busy = False
        self._push()
        self._flush()

    def _step(self) -> bool:
        if self._awaited is not Awaited.COMMAND:
            return self._answered(self._intake.line())
        found = self._intake.command(MAX_LITERAL)
        match found:
            case None:
                return False
            case Proceed():
                self._talk.say("+ OK")
            case Broken(reason=reason):
                raise EndedError(Ending.BYE, reason)
            case Refused():
                self._bad("*", found.reason)
            case Command():
                self._command(found)
        return True

    def _command(self, command: Command) -> None:
        words = Arguments(command)
        tag, verb = "*", ""
        try:
            tag = words.tag()
            words.space()
            verb = words.word()
            if verb == "UID":
                words.space()
                verb = f"UID {words.word()}"
        except BadSyntaxError as error:
            self._bad(tag, str(error))
            return
        self._in_time(lambda: self._perform(tag, verb, words))

    def _in_time(self, perform: Callable[[], None]) -> None:
        """Do it now, later or never, as the conduct has it."""
        estate, conduct = self._talk.estate, self._talk.estate.conduct
        if estate.chance(conduct.silent):
            self._fall_silent(perform)
        elif estate.chance(conduct.slow):
            self._hold(estate.span(conduct.slow_by), perform)
        else:
            perform()

    def _perform(self, tag: str, verb: str, words: Arguments) -> None:
        self._disturb()
        estate, conduct, talk = self._talk.estate, self._talk.estate.conduct, self._talk
        talk.tag = tag
        try:
            if verb not in _SPARED and estate.chance(conduct.bad):
                raise BadSyntaxError("Command Error")
            if verb not in _SPARED and estate.chance(conduct.refused):
                raise RefusedError(estate.dice.choice(conduct.troubles))
            text = self._done(verb, words)
        except BadSyntaxError as error:
            self._bad(tag, f"{verb[:20]}: {error}")
            return
        except RefusedError as error:
            self._close_answer(verb, f"{tag} NO {error}")
        else:
            if text is not None:
                self._close_answer(verb, f"{tag} OK {text}")
        self._nonsense = 0

    def _disturb(self) -> None:
        estate, conduct = self._talk.estate, self._talk.estate.conduct
        if estate.chance(conduct.bye):
            raise EndedError(Ending.BYE, "Server shutting down.")
        if estate.chance(conduct.cut):
            raise EndedError(Ending.CLOSE)
        if estate.chance(conduct.alert):
            self._talk.say("* OK [ALERT] The system goes down for maintenance soon.")

    def _done(self, verb: str, words: Arguments) -> str | None:
        """Carry out a command; None when its answer comes later."""
        talk = self._talk
        need = _NEEDS.get(verb)
        within = verb in _WITHIN_REV2 and talk.has("IMAP4rev2")
        if need is not None and not talk.has(need) and not within:
            raise BadSyntaxError("no such command")
        if verb == "LOGOUT":
            words.end()
            talk.say("* BYE Logging out")
            talk.say(f"{talk.tag} OK Logout completed.")
            raise EndedError(Ending.CLOSE)
        handler = _ANYWHERE.get(verb)
        if talk.user is None and handler is None:
            return self._stranger(verb, words)
        if verb == "IDLE":
            return self._begin_idle(words)
        if verb == "NOTIFY":
            return self._notify(words)
        handler = handler or _LOGGED_IN.get(verb)
        if handler is None and talk.view is not None:
            handler = _SELECTED.get(verb)
        if handler is None:
            raise BadSyntaxError("no such command in this state")
        return handler(talk, words)

    def _close_answer(self, verb: str, line: str) -> None:
        """Send the tagged answer, and before it what changed meanwhile."""
        estate, conduct, talk = self._talk.estate, self._talk.estate.conduct, self._talk
        view, user = talk.view, talk.user
        if view is not None and user is not None and estate.chance(conduct.flag_noise):
            if user.folders.get(view.folder.name) is view.folder:
                estate.flag_some(user.name, view.folder.name)
        tells = not conduct.noop_only or verb in _TELLING
        if verb == "IDLE" and not conduct.done_tells:
            tells = False
        if tells:
            talk.report(expunges=verb not in _NUMBERS_STAY)
        talk.say(line)
        # What comes now is told by IDLE or by the next command, if at all.
        talk.moment()

    def _bad(self, tag: str, reason: str) -> None:
        self._nonsense += 1
        self._talk.say(f"{tag} BAD {reason}")
        if self._nonsense >= MAX_NONSENSE:
            raise EndedError(Ending.BYE, "Too many invalid commands.")

    # Logging in.

    def _stranger(self, verb: str, words: Arguments) -> str | None:
        talk = self._talk
        if verb == "LOGIN":
            return entry.login(talk, words)
        if verb != "AUTHENTICATE":
            raise BadSyntaxError("log in first")
        words.space()
        mechanism = words.word()
        initial = words.base64() if words.skip(b" ") else None
        words.end()
        if mechanism != "PLAIN" or not talk.has("AUTH=PLAIN"):
            raise RefusedError("[CANNOT] no such mechanism")
        if initial is not None:
            return entry.plain_decoded(talk, initial)
        self._awaited = Awaited.CREDENTIALS
        talk.say("+ ")
        return None

    def _answered(self, line: bytes | Broken | None) -> bool:
        """Take the line that answers IDLE or AUTHENTICATE."""
        if line is None:
            return False
        if isinstance(line, Broken):
            raise EndedError(Ending.BYE, line.reason)
        awaited, self._awaited = self._awaited, Awaited.COMMAND
        if awaited is Awaited.DONE:
            self._end_idle(line)
            return True
        tag = self._talk.tag
        try:
            self._close_answer("AUTHENTICATE", f"{tag} OK {entry.plain(self._talk, line)}")
        except BadSyntaxError as error:
            self._bad(tag, f"AUTHENTICATE: {error}")
        except RefusedError as error:
            self._close_answer("AUTHENTICATE", f"{tag} NO {error}")
        return True

    # IDLE and NOTIFY.

    def _begin_idle(self, words: Arguments) -> None:
        words.end()
        estate, conduct = self._talk.estate, self._talk.estate.conduct
        if estate.chance(conduct.idle_refused):
            if estate.chance(0.5):
                raise BadSyntaxError("Command not supported")
            raise RefusedError("IDLE is not available")
        self._talk.moment()
        self._awaited = Awaited.DONE
        self._idle += 1
        turn = self._idle
        self._idle_mute = estate.chance(conduct.idle_mute)
        if estate.chance(conduct.plus_late):
            estate.later(estate.span(conduct.plus_late_by), lambda: self._plus(turn))
        elif not estate.chance(conduct.plus_missing):
            self._talk.say("+ idling")
        self._idle_armed = (None, None)
        self._arm_idle(turn)

    def _end_idle(self, line: bytes) -> None:
        if line.upper() != b"DONE":
            self._bad(self._talk.tag, "IDLE: expected DONE")
            return
        self._disturb()
        self._talk.moment()
        if self._talk.estate.chance(self._talk.estate.conduct.done_unanswered):
            self._fall_silent(self._idle_completed)
        else:
            self._in_time(self._idle_completed)

    def _idle_completed(self) -> None:
        self._close_answer("IDLE", f"{self._talk.tag} OK Idle completed.")

    def _plus(self, turn: int) -> None:
        if self._is_in_idle(turn):
            self._advance(lambda: self._talk.say("+ idling"))

    def _is_in_idle(self, turn: int) -> bool:
        return not self._over and self.is_idling and self._idle == turn and not self._is_held

    def _arm_idle(self, turn: int) -> None:
        estate, conduct = self._talk.estate, self._talk.estate.conduct
        ends, still = self._idle_armed
        if conduct.idle_ends_after is not None and conduct.idle_ends_after != ends:
            estate.later(conduct.idle_ends_after, lambda: self._idle_expired(turn))
        if conduct.still_here is not None and conduct.still_here != still:
            estate.later(conduct.still_here, lambda: self._still_here(turn))
        self._idle_armed = (conduct.idle_ends_after, conduct.still_here)

    def _idle_expired(self, turn: int) -> None:
        conduct = self._talk.estate.conduct
        if not self._is_in_idle(turn) or conduct.idle_ends_after is None:
            return
        if conduct.idle_ending is Ending.OK:
            self._awaited = Awaited.COMMAND
            self._advance(self._idle_completed)
        else:
            self.end(conduct.idle_ending, "IDLE terminated.")

    def _still_here(self, turn: int) -> None:
        interval = self._talk.estate.conduct.still_here
        if self._is_in_idle(turn) and interval is not None:
            self._advance(lambda: self._talk.say("* OK Still here"))
            self._talk.estate.later(interval, lambda: self._still_here(turn))

    def _notify(self, words: Arguments) -> str:
        talk, estate = self._talk, self._talk.estate
        try:
            asked = read_subscription(words)
        except BadEventError as error:
            raise RefusedError("[BADEVENT (MessageNew MessageExpunge)] no such event") from error
        if estate.chance(estate.conduct.notify_refused):
            raise RefusedError("[CANNOT] NOTIFY is not available")
        self._unlisten()
        talk.subscription = asked
        if asked is None:
            return "NOTIFY completed."
        asked.mute = estate.chance(estate.conduct.notify_mute)
        if asked.groups:
            talk.owner.listeners.append(self)
        if asked.status:
            for folder in talk.owner.folders.values():
                is_open = talk.view is not None and talk.view.folder is folder
                if not is_open and asked.wants(folder, "MESSAGENEW"):
                    mailboxes.say_status(talk, folder, [*_NUMBERS])
        return "NOTIFY completed."

    def _unlisten(self) -> None:
        self._owed.clear()
        self._names.clear()
        user = self._talk.user
        if user is not None and self in user.listeners:
            user.listeners.remove(self)

    # What is told unasked.

    def _changed(self) -> None:
        """Tell what is new, if this is a moment for it; a busy session does so at its end."""
        if not self._busy:
            self._push()
            self._flush()

    def _push(self) -> None:
        if self._over or self._is_held:
            return
        talk, conduct = self._talk, self._talk.estate.conduct
        asked, view = talk.subscription, talk.view
        news = view is not None and view.has_news
        pushes = asked is not None and asked.push is not Push.NEVER and not asked.mute
        if asked is not None and (self._owed or (news and pushes)) and not asked.mute:
            if talk.estate.chance(conduct.notify_overflow):
                talk.say("* OK [NOTIFICATIONOVERFLOW] Too many notifications.")
                talk.subscription, pushes = None, False
                self._unlisten()
        owed, self._owed = self._owed, {}
        for folder in owed.values():
            mailboxes.say_status(talk, folder, [*_NUMBERS])
        names, self._names = self._names, []
        for folder, gone, old in names:
            mailboxes.say_list(talk, folder, gone=gone, old=old)
        if not news or conduct.noop_only:
            return
        if self.is_idling and not self._idle_mute:
            talk.report(expunges=True)
        elif asked is not None and pushes and not conduct.notify_only_in_idle:
            talk.report(expunges=asked.push is Push.ALWAYS, flags=asked.flags)

    def _upheaval(self, reason: str) -> None:
        estate = self._talk.estate
        if estate.chance(estate.conduct.upheaval_bye):
            self.end(Ending.BYE, f"Session state is inconsistent: {reason}.")

    # Being held, and the end.

    @property
    def _is_held(self) -> bool:
        return self._held % 2 == 1

    def _fall_silent(self, resume: Callable[[], None]) -> None:
        estate = self._talk.estate
        self._silent = True
        self._hold(estate.span(estate.conduct.silent_for), resume)

    def _hold(self, seconds: float, resume: Callable[[], None]) -> None:
        self._held += 1
        turn = self._held
        self._resume = resume
        self._talk.estate.later(seconds, lambda: self._release(turn))

    def _release(self, turn: int) -> None:
        if self._over or self._held != turn:
            return
        self._held += 1
        self._silent = False
        resume, self._resume = self._resume, None
        self._advance(resume)

    def _greeting(self) -> None:
        estate, talk = self._talk.estate, self._talk
        if estate.chance(estate.conduct.greeting_bye):
            raise EndedError(Ending.BYE, "Temporarily unavailable, try again later.")
        talk.say(f"* OK [CAPABILITY {' '.join(talk.capabilities)}] Simulated server ready.")

    def _arm_unrest(self) -> None:
        estate = self._talk.estate
        mean = estate.conduct.unrest
        if mean is not None and not self._unrest_armed and not self._over:
            self._unrest_armed = True
            estate.later(estate.dice.expovariate(1.0 / mean), self._unrest)

    def _unrest(self) -> None:
        self._unrest_armed = False
        conduct = self._talk.estate.conduct
        if conduct.unrest is not None:
            self.end(conduct.ending)

    def _autologout(self) -> None:
        if self._over:
            return
        if self._heard:
            self._heard = False
            estate = self._talk.estate
            estate.later(estate.conduct.autologout, self._autologout)
        else:
            self.end(Ending.BYE, "Autologout; idle for too long")

    def _finish(self, ending: Ending, reason: str) -> None:
        if ending is not Ending.CLOSE:
            self._talk.say(f"* BYE {reason}")
            estate = self._talk.estate
            if estate.chance(estate.conduct.bye_lingers):
                self._flush()
                self._closed = True
        self._ended()

    def _ended(self) -> None:
        if self._over:
            return
        self._over = True
        self._unlisten()
        self._talk.leave()
        if self._talk.user is not None:
            self._talk.user.live -= 1
        self._on_end(self)

    def _flush(self) -> None:
        out = self._talk.out
        if out and not self._closed:
            octets = bytes(out)
            out.clear()
            self._send(octets)
        if self._over and not self._closed:
            self._closed = True
            self._close()
