"""What a refusal means: from the server's words to whose fault it is. It must not know retries.

Codes are believed first (RFC 5530); where there is none or it lies, phrases that servers are
known to use decide. A server that is merely full must never look like a wrong password:
accounts are parked for the latter.
"""

from __future__ import annotations

import re

from vedette.errors import (
    AuthError,
    FolderError,
    LimitError,
    LinkError,
    NetworkError,
    ProtocolError,
    RevokedError,
    ThrottledError,
)
from vedette.imap.codes import Code, CodeName
from vedette.imap.responses import Kind

# Microsoft 365: "BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds".
_BACKOFF = re.compile(
    r"backoff time:? {0,4}([0-9]{1,9}) {0,4}(milliseconds|ms|seconds|s)\b", re.IGNORECASE
)
_THROTTLED = re.compile(r"throttl|rate limit|too many (?:requests|commands|login)", re.IGNORECASE)
_LIMIT = re.compile(
    r"too many (?:simultaneous |concurrent |open )?connections|maximum number of connections"
    r"|connection limit|quota|bandwidth limit|over ?quota",
    re.IGNORECASE,
)
# Microsoft 365 after a login that it accepted; the mailbox behind it is not reachable.
_NOT_CONNECTED = re.compile(r"authenticated but not connected|server unavailable", re.IGNORECASE)
# Google, Apple, Microsoft: what no retry and no other password can cure, only a person can.
_WITHDRAWN = re.compile(
    r"application-specific password|(?:app|application) password|basic auth\w* (?:is |was )?"
    r"(?:disabled|blocked)|via (?:your )?web browser|account (?:is |has been )?"
    r"(?:disabled|suspended|locked|blocked)|imap (?:access )?(?:is )?(?:disabled|not enabled)",
    re.IGNORECASE,
)
_WITHDRAWN_CODES = frozenset({CodeName.EXPIRED, CodeName.CONTACTADMIN})
_FULL = frozenset(
    {
        CodeName.LIMIT,
        CodeName.OVERQUOTA,
        CodeName.UNAVAILABLE,
        CodeName.INUSE,
        CodeName.SERVERBUG,
    }
)
_DENIED = frozenset({CodeName.AUTHENTICATIONFAILED, CodeName.AUTHORIZATIONFAILED})
_LOGINS = frozenset({"LOGIN", "AUTHENTICATE"})
_OPENS = frozenset({"SELECT", "EXAMINE", "STATUS"})
# A server's words are quoted up to here in a message for a person.
_WORDS = 300


def refusal(verb: str, kind: Kind, code: Code | None, text: str) -> LinkError:
    """Return the error that a NO, BAD or BYE stands for; ``verb`` is "" for an unasked BYE."""
    name = code.name if code is not None else ""
    words = text[:_WORDS] or name or "no reason given"
    said = f"the server answered {kind.value} to {verb or 'the connection'}: {words}"
    error: LinkError
    if name == CodeName.THROTTLED or _THROTTLED.search(text) or _BACKOFF.search(text):
        error = ThrottledError(said, reply=text, retry_after=_seconds(text))
    else:
        error = _class_of(verb, kind, name, text)(said, reply=text)
    error.response_code = name or None
    return error


def _class_of(verb: str, kind: Kind, name: str, text: str) -> type[LinkError]:
    if name in _FULL or _LIMIT.search(text) or _NOT_CONNECTED.search(text):
        return LimitError
    if name in _WITHDRAWN_CODES or (verb in _LOGINS and _WITHDRAWN.search(text)):
        return RevokedError
    if name in _DENIED or (verb in _LOGINS and kind is Kind.NO):
        return AuthError
    if kind is Kind.BYE:
        return NetworkError
    return FolderError if verb in _OPENS and kind is Kind.NO else ProtocolError


def _seconds(text: str) -> float | None:
    found = _BACKOFF.search(text)
    if found is None:
        return None
    return int(found[1]) / (1000 if found[2].lower().startswith("m") else 1)
