"""Commands of any state, and those that log in (RFC 9051 sections 6.1 and 6.2)."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from tests.sim.imap.talk import RefusedError, Talk
from vedette.demo.arguments import Arguments, BadSyntaxError

_EXTENSIONS: Final = ("CONDSTORE", "QRESYNC", "IMAP4rev2")
_FULL: Final = (
    "[UNAVAILABLE] Temporary authentication failure",
    "[LIMIT] Too many simultaneous connections",
    "[ALERT] Too many simultaneous connections. (Failure)",
)


def capability(talk: Talk, words: Arguments) -> str:
    """CAPABILITY."""
    words.end()
    talk.say(f"* CAPABILITY {' '.join(talk.capabilities)}")
    return "Capability completed."


def noop(talk: Talk, words: Arguments) -> str:
    """NOOP and CHECK."""
    words.end()
    return "NOOP completed."


def identify(talk: Talk, words: Arguments) -> str:
    """ID (RFC 2971)."""
    words.space()
    if words.sees(b"("):
        pairs = words.parenthesised(words.nstring, least=0)
        if len(pairs) % 2:
            raise BadSyntaxError("expected pairs of a name and a value")
    elif words.word() != "NIL":
        raise BadSyntaxError("expected NIL or a list")
    words.end()
    talk.is_introduced = True
    talk.say('* ID ("name" "sim")')
    return "ID completed."


def enable(talk: Talk, words: Arguments) -> str:
    """ENABLE (RFC 5161): what is not known is left out of the answer."""
    talk.owner  # noqa: B018 - raises where nobody is logged in
    asked = []
    while words.skip(b" "):
        asked.append(words.word())
    words.end()
    if not asked:
        raise BadSyntaxError("expected the name of an extension")
    known = [name for name in _EXTENSIONS if name.upper() in asked and talk.has(name)]
    for name in known:
        talk.enabled[name] = None
        if name == "QRESYNC":
            talk.enabled["CONDSTORE"] = None
    if talk.view is not None:
        talk.view.vanishing = "QRESYNC" in talk.enabled
    talk.say(f"* ENABLED{''.join(' ' + name for name in known)}")
    return "Enabled."


def login(talk: Talk, words: Arguments) -> str:
    """LOGIN."""
    words.space()
    user = words.astring()
    words.space()
    password = words.astring()
    words.end()
    return admit(talk, user, password)


def plain(talk: Talk, encoded: bytes) -> str:
    """Take the message of SASL PLAIN (RFC 4616): authzid NUL authcid NUL password."""
    if encoded == b"*":
        raise BadSyntaxError("given up by the client")
    try:
        return plain_decoded(talk, base64.b64decode(encoded, validate=True))
    except binascii.Error as error:
        raise BadSyntaxError("expected base64") from error


def plain_decoded(talk: Talk, message: bytes) -> str:
    """Take that message out of its base64."""
    parts = message.split(b"\0")
    if len(parts) != 3:
        raise BadSyntaxError("expected three parts")
    if parts[0] not in {b"", parts[1]}:
        raise RefusedError("[AUTHORIZATIONFAILED] nobody acts for somebody else here")
    return admit(talk, parts[1], parts[2])


def admit(talk: Talk, name: bytes, password: bytes) -> str:
    """Let a user in, or raise RefusedError."""
    estate, conduct = talk.estate, talk.estate.conduct
    if talk.user is not None:
        raise RefusedError("already logged in")
    if estate.chance(conduct.login_full):
        raise RefusedError(estate.dice.choice(_FULL))
    user = estate.users.get(name.decode("utf-8", "replace"))
    wrong = user is None or user.password.encode() != password
    if user is None or wrong or estate.chance(conduct.login_denied):
        raise RefusedError("[AUTHENTICATIONFAILED] Authentication failed.")
    if user.live >= conduct.connections:
        raise RefusedError(
            f"[LIMIT] Maximum number of connections from user+IP exceeded"
            f" (mail_max_userip_connections={conduct.connections})"
        )
    user.live += 1
    talk.user = user
    talk.is_connected = not talk.chance(conduct.not_connected)
    return f"{offer(talk)}Logged in"


def offer(talk: Talk) -> str:
    """Return the response code that tells what is offered, if it is told."""
    if talk.chance(talk.conduct.capability_untold):
        return ""
    return f"[CAPABILITY {' '.join(talk.capabilities)}] "
