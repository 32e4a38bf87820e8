"""What a server with nothing to tell answers to a client that idles on INBOX.

INBOX of UIDVALIDITY 7 holds the messages 1 and 2, and Junk of UIDVALIDITY 9 the message 1, as in
all dialogs that do not say otherwise.
"""

from __future__ import annotations

OPENED = (
    "* 2 EXISTS",
    "* OK [UIDVALIDITY 7] UIDs valid",
    "* OK [UIDNEXT 3] next",
)


class Peace:
    """Answers line by line. ``tags`` are the names of tags; ``idle`` is that of the last IDLE."""

    def __init__(self, tags: dict[str, str]) -> None:
        self._tags = tags

    def answer(self, said: str, place: str) -> bytes:
        tag, _, command = said.partition(" ")
        if said == "DONE":
            lines = [f"{self._tags['idle']} OK Idle completed"]
        elif command == "IDLE":
            self._tags["idle"] = tag
            lines = ["+ idling"]
        elif command.startswith("UID SEARCH"):
            listed = ["1 2"] if " 1:2" in command else [""]
            lines = [f"* SEARCH {listed[0]}".rstrip(), f"{tag} OK done"]
        elif command == 'EXAMINE "INBOX"':
            lines = [*OPENED, f"{tag} OK [READ-ONLY] done"]
        elif command.startswith('STATUS "Junk"'):
            lines = ["* STATUS Junk (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 9)", f"{tag} OK done"]
        elif command == "NOOP":
            lines = [f"{tag} OK done"]
        else:
            raise AssertionError(f"{place}: there is no peace: the client said {said!r}")
        return "".join(f"{line}\r\n" for line in lines).encode()
