"""The simulated IMAP server: its sessions, upon the estate of its users.

Sans-IO and deterministic: octets are handed in and out, chance comes from the dice it is given,
time from ``now`` (epoch seconds) and ``later`` (seconds from now, and what to do then).
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.sim.imap.conduct import Conduct, Ending
from tests.sim.imap.estate import Estate
from tests.sim.imap.session import ServerSession


class ImapServer(Estate):
    """One server. Setting ``conduct`` changes how it behaves from this moment on.

    What a session was offered as capabilities stays what it was offered.
    """

    def __init__(
        self,
        *,
        dice: random.Random,
        now: Callable[[], float],
        later: Callable[[float, Callable[[], None]], object],
        conduct: Conduct,
    ) -> None:
        super().__init__(dice=dice, now=now, later=later, conduct=conduct)
        # A dict keeps the order in which they came.
        self._sessions: dict[ServerSession, None] = {}

    @property
    def conduct(self) -> Conduct:
        """How the server behaves."""
        return self._conduct

    @conduct.setter
    def conduct(self, conduct: Conduct) -> None:
        self._conduct = conduct
        for session in tuple(self._sessions):
            session.reconsider()

    @property
    def sessions(self) -> tuple[ServerSession, ...]:
        """All sessions that are not over, in the order in which they came."""
        return tuple(self._sessions)

    def accept(self, send: Callable[[bytes], None], close: Callable[[], None]) -> ServerSession:
        """Begin a session. The greeting is sent before this returns, if it is sent at all.

        ``close`` is called once, after the last octets were sent.
        """
        session = ServerSession(self, send, close, self._forget)
        self._sessions[session] = None
        session.greet()
        return session

    def end_sessions(self, ending: Ending, *, user: str | None = None) -> int:
        """End the sessions of a user, or all; return how many there were."""
        chosen = [each for each in self._sessions if user is None or each.user == user]
        for session in chosen:
            session.end(ending)
        return len(chosen)

    def _forget(self, session: ServerSession) -> None:
        self._sessions.pop(session, None)
