"""Authentication-Results (RFC 8601), from servers that are trusted by name only.

Anybody can write this field into a mail. The border server of the mailbox writes
it above everything that came with the message, so: the first field with a trusted
name counts, with its like up to the next Received field, and no other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from vedette.mime import words
from vedette.mime.defects import Defect
from vedette.mime.message import Authentication, AuthenticationResult

_SERVER = re.compile(r'\s*("[^"]*+"|[^\s"]++)')
_RESULT = re.compile(r"\s*([A-Za-z][\w-]*)(?:/\d+)?\s*=\s*([A-Za-z]+)")
_PROPERTY = re.compile(
    r'([A-Za-z][\w-]*)\s*(?:\.\s*([\w-]+))?\s*=\s*("[^"\\]*+(?:\\.[^"\\]*+)*"|[^\s;"]+)'
)
_PIECE = re.compile(r'"[^"\\]*+(?:\\.?+[^"\\]*+)*"?|[();]|[^"();]++', re.DOTALL)
# One field reports on some ten methods; a DKIM result for each of some signatures.
_MOST_RESULTS = 100


def read(
    fields: Iterable[tuple[str, str]], trusted: Collection[str], defects: set[Defect]
) -> Authentication | None:
    """Return what the top-most trusted server found; ``None`` if none of them spoke."""
    names = {name.lower() for name in trusted}
    if not names:
        return None
    server = ""
    results: list[AuthenticationResult] = []
    for name, raw in fields:
        key = name.lower()
        if key == "received" and server:
            break
        if key != "authentication-results":
            continue
        said, found = _parse(words.clean(words.text(raw, defects)))
        if said.lower() not in names or (server and said.lower() != server):
            continue
        server = said.lower()
        results.extend(found)
    if not server:
        return None
    results = results[:_MOST_RESULTS]
    return Authentication(
        authserv_id=server,
        spf=_verdict(results, "spf"),
        dkim=_verdict(results, "dkim"),
        dmarc=_verdict(results, "dmarc"),
        arc=_verdict(results, "arc"),
        results=tuple(results),
    )


def _verdict(results: Iterable[AuthenticationResult], method: str) -> str | None:
    """Return the first result of ``method``; for DKIM ``pass`` if any signature passed."""
    found = [result.result for result in results if result.method == method]
    if method == "dkim" and "pass" in found:
        return "pass"
    return found[0] if found else None


def _parse(value: str) -> tuple[str, list[AuthenticationResult]]:
    clauses = _clauses(value)
    server = _SERVER.match(clauses[0])
    results = []
    for clause in clauses[1 : _MOST_RESULTS + 1]:
        match = _RESULT.match(clause)
        if match is None:
            continue
        results.append(
            AuthenticationResult(
                method=match[1].lower(),
                result=match[2].lower(),
                properties=tuple(
                    (f"{kind}.{name}".lower() if name else kind.lower(), text.strip('"'))
                    for kind, name, text in _PROPERTY.findall(clause, match.end())
                ),
            )
        )
    return (server[1].removeprefix('"').removesuffix('"') if server else ""), results


def _clauses(value: str) -> list[str]:
    """Split at semicolons, outside quotes, without comments."""
    clauses = [""]
    pieces: list[str] = []
    depth = 0
    for piece in _PIECE.findall(value):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif piece == ";":
            clauses[-1] = "".join(pieces)
            clauses.append("")
            pieces = []
        else:
            pieces.append(piece)
    clauses[-1] = "".join(pieces)
    return clauses
