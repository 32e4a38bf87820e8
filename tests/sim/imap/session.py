"""One conversation with one client, from greeting to its end: octets in, octets out.

Whatever the segments in which octets come, the answer is the same. Where the conduct has the
server be slow or silent, the conversation is held, and what comes meanwhile waits. It must not
know how commands are carried out, nor any clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.sim.imap import entry, verbs
from tests.sim.imap.conduct import Ending
from tests.sim.imap.estate import Estate
from tests.sim.imap.hold import Hold
from tests.sim.imap.idling import Idling
from tests.sim.imap.mood import disturb, shortened
from tests.sim.imap.pushing import Pushing
from tests.sim.imap.talk import EndedError, RefusedError, Talk
from vedette.demo.arguments import Arguments, BadSyntaxError
from vedette.demo.intake import Broken, Command, Intake, Proceed, Refused

#: Octets in the literals of one command: names and passwords are all that is sent.
MAX_LITERAL: Final = 64 * 1024
#: Commands in a row that make no sense: the client speaks something else.
MAX_NONSENSE: Final = 20


class ServerSession:
    """``receive`` takes octets from the client; ``send`` and ``close`` lead back to it."""

    __slots__ = ("_busy", "_close", "_closed", "_heard", "_hold", "_idling", "_intake", "_nonsense",
                 "_on_end", "_over", "_pushing", "_send", "_talk", "_unrest_armed",
                 "_wants_credentials")  # fmt: skip

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
        self._send = send
        self._close = close
        self._on_end = on_end
        self._intake = Intake()
        self._hold = Hold(estate, self.advance)
        self._idling = Idling(self._talk, self)
        self._pushing = Pushing(self._talk, self._changed)
        self._wants_credentials = False
        self._busy = False
        self._over = False
        self._closed = False
        self._heard = False
        self._unrest_armed = False
        self._nonsense = 0

    @property
    def user(self) -> str | None:
        """Who logged in."""
        return None if self._talk.user is None else self._talk.user.name

    @property
    def folder(self) -> str | None:
        """What is open."""
        return None if self._talk.view is None else self._talk.view.folder.name

    @property
    def is_idling(self) -> bool:
        """Whether an IDLE is under way."""
        return self._idling.is_on

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be said."""
        return self._over

    # What comes from the link and from the server.

    def greet(self) -> None:
        """Say the first word, or fail to."""
        estate = self._talk.estate
        estate.later(estate.conduct.autologout, self._autologout)
        self._arm_unrest()
        if estate.chance(estate.conduct.greeting_silent):
            self._hold.silence(self._greeting)
        else:
            self.advance(self._greeting)

    def receive(self, data: bytes) -> None:
        """Take octets from the client; after the end they mean nothing."""
        if not self._over:
            self._heard = True
            self._intake.feed(data)
            self.advance()

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
        conduct, view = self._talk.conduct, self._talk.view
        self._arm_unrest()
        self._idling.reconsider()
        self._pushing.reconsider()
        if view is not None and not (
            conduct.stale_view or conduct.exists_late or conduct.row_veiled
        ):
            view.reconcile()
        self._hold.reconsider()
        self._changed()

    # The stream of steps.

    def advance(self, first: Callable[[], None] | None = None) -> None:
        """Do one thing, then all that the octets allow, and send what came of it."""
        if self._busy or self._over:
            return
        self._busy = True
        try:
            if first is not None:
                first()
            while self._goes_on() and self._step():
                # After each step, or what is told would depend on how octets are cut.
                self._tell()
        except EndedError as error:
            self._finish(error.ending, error.reason)
        finally:
            self._busy = False
        self._changed()

    def _goes_on(self) -> bool:
        return not self._over and not self._hold.is_on

    def _step(self) -> bool:
        if self._idling.is_on or self._wants_credentials:
            return self._lined(self._intake.line())
        found = self._intake.command(MAX_LITERAL)
        match found:
            case None:
                return False
            case Proceed():
                self._talk.say("+ OK")
            case Broken(reason=reason):
                raise EndedError(Ending.BYE, reason)
            case Refused(reason=reason):
                self._bad("*", reason)
            case Command():
                self._command(found)
        return True

    def _command(self, command: Command) -> None:
        words = Arguments(command)
        tag = "*"
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

    def _lined(self, line: bytes | Broken | None) -> bool:
        """Take the line that answers IDLE or AUTHENTICATE."""
        if line is None:
            return False
        if isinstance(line, Broken):
            raise EndedError(Ending.BYE, line.reason)
        if self._idling.is_on:
            self._idle_ends(line)
        else:
            self._wants_credentials = False
            tag = self._talk.tag
            self._carry_out(tag, "AUTHENTICATE", lambda: entry.plain(self._talk, line))
        return True

    def _in_time(self, perform: Callable[[], None]) -> None:
        """Do it now, or later, as the conduct has it."""
        if self._talk.chance(self._talk.conduct.silent):
            self._hold.silence(perform)
        elif self._talk.chance(self._talk.conduct.slow):
            self._hold.delay(perform)
        else:
            perform()

    def _perform(self, tag: str, verb: str, words: Arguments) -> None:
        disturb(self._talk)
        self._talk.tag = tag
        self._carry_out(tag, verb, lambda: self._done(verb, words))

    def _carry_out(self, tag: str, verb: str, carry: Callable[[], str | None]) -> None:
        """Do it and answer; None is answered later."""
        try:
            text = carry()
        except BadSyntaxError as error:
            self._bad(tag, f"{verb[:20]}: {error}")
            return
        except RefusedError as error:
            if verb.endswith("SEARCH") and self._talk.view is not None:
                # A search that fails leaves nothing in "$" (RFC 5182 section 2.1).
                self._talk.view.saved = ()
            self.close_answer(verb, f"{tag} NO {error}")
        else:
            if text is not None:
                self.close_answer(verb, f"{tag} OK {text}")
        self._nonsense = 0

    def _done(self, verb: str, words: Arguments) -> str | None:
        """Carry out a command; None when its answer comes later."""
        talk, conduct = self._talk, self._talk.conduct
        if verb not in verbs.SPARED:
            if talk.chance(conduct.bad):
                raise BadSyntaxError("Command Error")
            if talk.chance(conduct.refused):
                raise RefusedError(talk.estate.dice.choice(conduct.troubles))
        verbs.check_offered(talk, verb)
        if verb == "LOGOUT":
            words.end()
            talk.say("* BYE Logging out")
            talk.say(f"{talk.tag} OK Logout completed.")
            raise EndedError(Ending.CLOSE)
        handler = verbs.anywhere(verb)
        if handler is not None:
            return handler(talk, words)
        if talk.user is None:
            return self._stranger(verb, words)
        if not talk.is_connected:
            raise BadSyntaxError("User is authenticated but not connected.")
        if verb == "IDLE":
            words.end()
            self._idling.begin()
            return None
        if verb == "NOTIFY":
            return self._pushing.notify(words)
        return verbs.logged_in(talk, verb)(talk, words)

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
            return entry.plain(talk, initial)
        self._wants_credentials = True
        talk.say("+ ")
        return None

    def _idle_ends(self, line: bytes) -> None:
        self._idling.stop()
        if line.upper() != b"DONE":
            self._bad(self._talk.tag, "IDLE: expected DONE")
            return
        disturb(self._talk)
        self._talk.moment()
        if self._talk.chance(self._talk.conduct.done_unanswered):
            self._hold.silence(self._idling.complete)
        else:
            self._in_time(self._idling.complete)

    # What the client is told.

    def close_answer(self, verb: str, line: str) -> None:
        """Send a tagged answer, and before it what changed meanwhile."""
        talk, conduct = self._talk, self._talk.conduct
        if talk.is_current and talk.chance(conduct.flag_noise):
            talk.estate.flag_some(talk.owner.name, talk.opened.folder.name)
        tells = not conduct.noop_only or verb in verbs.TELLING
        if tells and (verb != "IDLE" or conduct.done_tells):
            talk.report(expunges=verb not in verbs.NUMBERS_STAY)
        talk.say(shortened(talk, line))
        # What comes now is told by IDLE or by the next command, if at all.
        talk.moment()

    def _bad(self, tag: str, reason: str) -> None:
        self._nonsense += 1
        self._talk.say(f"{tag} BAD {reason}")
        if self._nonsense >= MAX_NONSENSE:
            raise EndedError(Ending.BYE, "Too many invalid commands.")

    def _changed(self) -> None:
        """Tell what is new, if this is a moment for it; a busy session does so at its end."""
        if self._busy:
            return
        self._tell()
        self._flush()

    def _tell(self) -> None:
        if self._goes_on():
            self._pushing.tell(idling=self._idling.is_on and not self._idling.is_mute)

    def _flush(self) -> None:
        out = self._talk.out
        if out:
            octets = bytes(out)
            out.clear()
            if not self._closed:
                self._send(octets)
        if self._over and not self._closed:
            self._closed = True
            self._close()

    def _greeting(self) -> None:
        talk = self._talk
        if talk.chance(talk.conduct.greeting_bye):
            raise EndedError(Ending.BYE, "Temporarily unavailable, try again later.")
        talk.say(f"* OK {entry.offer(talk)}Simulated server ready.")

    # The end.

    def _upheaval(self, reason: str) -> None:
        if self._talk.chance(self._talk.conduct.upheaval_bye):
            self.end(Ending.BYE, f"Session state is inconsistent: {reason}.")

    def _arm_unrest(self) -> None:
        estate, mean = self._talk.estate, self._talk.conduct.unrest
        if mean is not None and not self._unrest_armed:
            self._unrest_armed = True
            estate.later(estate.dice.expovariate(1.0 / mean), self._unrest)

    def _unrest(self) -> None:
        self._unrest_armed = False
        if self._talk.conduct.unrest is not None:
            self.end(self._talk.conduct.ending)

    def _autologout(self) -> None:
        if self._over:
            return
        if self._heard:
            self._heard = False
            self._talk.estate.later(self._talk.conduct.autologout, self._autologout)
        else:
            self.end(Ending.BYE, "Autologout; idle for too long")

    def _finish(self, ending: Ending, reason: str) -> None:
        if ending is not Ending.CLOSE:
            self._talk.say(f"* BYE {reason}")
            if self._talk.chance(self._talk.conduct.bye_lingers):
                self._flush()
                self._closed = True
        self._ended()

    def _ended(self) -> None:
        if self._over:
            return
        self._over = True
        self._idling.stop()
        self._pushing.close()
        self._talk.leave()
        if self._talk.user is not None:
            self._talk.user.live -= 1
        self._on_end(self)
