"""Reads what a server says of a folder as it opens it. It must not know a session or a store."""

from __future__ import annotations

from vedette.engine.answer import Reply
from vedette.imap import Code, CodeName, Status
from vedette.sync.plan import Opened


def opened(reply: Reply, exists: int) -> Opened:
    """Return what the answer to SELECT or EXAMINE told; ``exists`` as the session counts it."""
    codes: dict[str, Code] = {}
    for event in reply.data:
        if isinstance(event, Status) and event.code is not None:
            codes[event.code.name] = event.code
    if reply.code is not None:
        codes.setdefault(reply.code.name, reply.code)
    return Opened(
        uid_validity=_number(codes.get("UIDVALIDITY")),
        uid_next=_number(codes.get("UIDNEXT")),
        exists=exists,
        highest_modseq=_number(codes.get("HIGHESTMODSEQ")),
        mailbox_id=_word(codes.get("MAILBOXID")),
    )


def may_delete(reply: Reply) -> bool:
    r"""Tell whether \Deleted can be set for good in the folder that was opened.

    A server need not tell which flags can (RFC 9051 section 6.3.2); then they are held to.
    """
    for event in reply.data:
        code = event.code if isinstance(event, Status) else None
        if code is not None and code.name == CodeName.PERMANENTFLAGS and code.words is not None:
            return "\\deleted" in {word.lower() for word in code.words}
    return True


def _number(code: Code | None) -> int | None:
    """Return a code's number; 0 and garbage are as good as none (catalogue S4, S13)."""
    value = None if code is None else code.argument
    return value if isinstance(value, int) and value > 0 else None


def _word(code: Code | None) -> str | None:
    value = None if code is None else code.argument
    if isinstance(value, bytes):
        return value.decode("ascii", "replace") or None
    return value if isinstance(value, str) else None
