"""What a server says or does on its own account, around the commands of a client.

It must not know which command it is.
"""

from __future__ import annotations

from typing import Final

from tests.sim.imap.conduct import Ending
from tests.sim.imap.talk import EndedError, Talk

#: What no RFC has: words of AOL and Google, and inventions.
UNKNOWN: Final = (
    "* XAOL-OPTION (QUOTA 1)",
    "* 12 XYZZY (a b)",
    '* OK [XMUMBLE one "two"] What is this?',
    '* XLIST (\\Inbox) "/" "INBOX"',
)


def disturb(talk: Talk) -> None:
    """Let something happen that no client asked for. Raises EndedError."""
    conduct = talk.conduct
    if talk.chance(conduct.bye):
        raise EndedError(Ending.BYE, "Server shutting down.")
    if talk.chance(conduct.cut):
        raise EndedError(Ending.CLOSE)
    if talk.chance(conduct.alert):
        talk.say("* OK [ALERT] The system goes down for maintenance soon.")
    if talk.chance(conduct.bare_line):
        talk.say("Server Unavailable. 15")
    if talk.chance(conduct.unknown_data):
        talk.say(talk.estate.dice.choice(UNKNOWN))
    if talk.chance(conduct.stale_tag):
        talk.say("OLD NO [UNAVAILABLE] This answers nothing.")


def shortened(talk: Talk, line: str) -> str:
    """Return a tagged answer, without its text if the conduct has it so; a code stays."""
    if not talk.chance(talk.conduct.text_missing):
        return line
    tag, kind, rest = line.split(" ", 2)
    code = rest[: rest.find("]") + 1] if rest.startswith("[") else ""
    return " ".join(each for each in (tag, kind, code) if each)
