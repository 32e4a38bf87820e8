"""One authentication under way: what to say at each ``+``. It must not know tags or states.

The first response goes with the command where the server takes it there (SASL-IR, RFC 4959),
else it answers the server's first, empty challenge.
"""

from __future__ import annotations

import binascii

from vedette.errors import ProtocolError
from vedette.imap.auth import Mechanism, Prompt

# A longer initial response waits for the server's "+": a server need not take a command
# line above 8,000 octets (RFC 2683 section 3.2.1.5), and the command itself needs some.
_INITIAL_RESPONSE = 7_900
# What gives an exchange up (RFC 9051 section 6.2.2).
_CANCEL = b"*"


class Exchange:
    """The state of one exchange."""

    __slots__ = ("_cancelled", "_initial", "_mechanism", "_steps", "started")

    def __init__(self, mechanism: Mechanism) -> None:
        self._mechanism = mechanism
        self._initial = mechanism.initial() is not None  # still to be sent
        self._steps = 0
        self._cancelled = False
        self.started = False  # the server has a part of the credentials

    def initial_response(self) -> bytes | None:
        """Return what goes with the command, in base64; None where it has to wait."""
        initial = self._mechanism.initial()
        if initial is None:
            return None
        encoded = binascii.b2a_base64(initial, newline=False) or b"="
        if len(encoded) > _INITIAL_RESPONSE:
            return None
        self._initial, self.started = False, True
        return encoded

    def answer(self, encoded: bytes) -> tuple[bytes, bytes]:
        """Return the line that answers a challenge, and the challenge where it is a reason.

        A server that challenges on and on is told to stop. Raises ProtocolError when it
        does not.
        """
        if self._cancelled:
            raise ProtocolError("the server goes on with a login that was given up")
        if self._initial:
            self._initial, self.started = False, True
            return _encoded(self._mechanism.initial()), b""
        challenge = _decoded(encoded)
        response = self._mechanism.respond(Prompt(self._steps, challenge))
        self._steps += 1
        self._cancelled = response is None
        reason = challenge if self._mechanism.initial() is not None else b""
        if response is None:
            return _CANCEL, reason
        self.started = True
        return _encoded(response), reason


def _encoded(response: bytes | None) -> bytes:
    return binascii.b2a_base64(response or b"", newline=False)


def _decoded(encoded: bytes) -> bytes:
    """Decode a challenge; what is not base64 is no challenge, and some servers send text."""
    try:
        return binascii.a2b_base64(encoded)
    except binascii.Error:
        return b""
