"""What a failure means for the next try: how long to wait, and when to stop trying.

Wrong credentials are tried three times in all, across restarts, then the
account is parked until they change: hammering gets an address banned (A2).
Everything else is tried for ever, slowly. Only a good sync *and* minutes of
survival reset the curve, or a server that drops right after login is hammered
at full speed (V2).
"""

from __future__ import annotations

from dataclasses import dataclass

from vedette.backoff import Backoff
from vedette.errors import Trouble

#: Refused logins in a row before an account is parked (catalogue A2).
STRIKES = 3

#: Seconds that a connection must live, after a good sync, to count as recovered.
SURVIVAL = 180.0

#: A server's own wish is honoured up to this, in seconds (A18 asks for 92 s; some ask for days).
PATIENCE = 900.0

#: 1 s doubling to 5 minutes, and slower curves where a quick retry does harm.
CURVES = {
    Trouble.NETWORK: Backoff(),
    Trouble.PROTOCOL: Backoff(),
    Trouble.FOLDER: Backoff(first=5.0),
    # A bad certificate does not get better in a second (C12).
    Trouble.TLS: Backoff(first=30.0),
    # The connections that are too many must first end (A1).
    Trouble.LIMIT: Backoff(first=20.0),
    Trouble.THROTTLED: Backoff(first=30.0),
    # Two more tries at most; both may be the server's own fault.
    Trouble.AUTH: Backoff(first=30.0),
    Trouble.REVOKED: Backoff(first=300.0),
}


@dataclass(frozen=True, slots=True)
class Recovery:
    """Where an account stands on its curve: failures in a row, and refused logins in a row."""

    failures: int = 0
    strikes: int = 0

    @property
    def is_parked(self) -> bool:
        """Whether only a change of credentials can help."""
        return self.strikes >= STRIKES

    def failed(self, trouble: Trouble) -> Recovery:
        """Return the state after one more failure."""
        if trouble is Trouble.REVOKED:
            return Recovery(self.failures + 1, STRIKES)
        strikes = self.strikes + 1 if trouble is Trouble.AUTH else self.strikes
        return Recovery(self.failures + 1, strikes)

    def accepted(self) -> Recovery:
        """Return the state after the credentials worked: a folder could be opened (A4)."""
        return Recovery(self.failures, 0) if self.failures else FRESH

    def survived(self, seconds: float) -> Recovery:
        """Return the state when a connection ends that synced and then lived for ``seconds``."""
        return Recovery(0, self.strikes) if seconds >= SURVIVAL else self

    def wait(self, trouble: Trouble, dice: float, retry_after: float | None = None) -> float:
        """Return the seconds to wait before the next try."""
        drawn = CURVES[trouble].wait(self.failures, dice)
        if retry_after is None:
            return drawn
        return max(drawn, min(retry_after, PATIENCE))


#: Where nothing has failed: one object for the thousands that are there.
FRESH = Recovery()
