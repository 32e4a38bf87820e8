"""Which part is the text and which is attached, one scope per message.

A scope ends at an attached message: its words are not the outer sender's. It must
not know how parts are decoded.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vedette.mime.structure import Part

_CALENDAR = frozenset({"text/calendar", "application/ics", "text/x-vcalendar"})


@dataclass(slots=True)
class Scope:
    """The parts of one message, in order."""

    root: Part
    plain: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    attached: list[Part] = field(default_factory=list)
    calendar: list[Part] = field(default_factory=list)
    messages: list[tuple[Part, Scope]] = field(default_factory=list)
    """Attached messages with their own scopes."""
    reports: list[Part] = field(default_factory=list)
    """Parts for machines: delivery status, feedback, headers of the returned message."""
    alternative: dict[str, int] = field(default_factory=dict)
    """By kind of text, the identity of the alternative that gave the last one."""


def sort(root: Part) -> Scope:
    """Return the scopes of the tree; every part is in exactly one scope."""
    outer = Scope(root)
    stack: list[tuple[Part, Part | None, Scope]] = [(root, None, outer)]
    while stack:
        part, parent, scope = stack.pop()
        if part.is_message:
            scope.attached.append(part)
            inner = Scope(part.children[0])
            scope.messages.append((part, inner))
            stack.append((part.children[0], None, inner))
        elif part.is_multipart:
            stack.extend((child, part, scope) for child in reversed(part.children))
        else:
            _leaf(part, parent, scope)
    return outer


def _leaf(part: Part, parent: Part | None, scope: Scope) -> None:
    kind = part.content_type
    if not part.header.ended and part.end <= part.header.body:
        return  # no empty line and nothing after it: there is no body (RFC 5322 section 2.1)
    if kind in _CALENDAR:
        # RFC 6047 section 2.4 puts it into an alternative, where others lose it.
        scope.calendar.append(part)
        scope.attached.append(part)
        return
    if kind.startswith("message/") or kind == "text/rfc822-headers":
        scope.reports.append(part)
        scope.attached.append(part)
        return
    if kind.startswith("multipart/"):
        # No boundary was found: what is there is read as text (RFC 2046 section 5.1).
        kind = "text/plain"
    bodies = {"text/plain": scope.plain, "text/html": scope.html}.get(kind)
    if bodies is None or _is_attached(part, bodies):
        scope.attached.append(part)
    elif parent is None or parent.content_type != "multipart/alternative":
        bodies.append(part)
    elif scope.alternative.get(kind) == id(parent):
        # One kind twice in an alternative: the last is the best (RFC 2046 section 5.1.4).
        bodies[-1] = part
    else:
        bodies.append(part)
        scope.alternative[kind] = id(parent)


def _is_attached(part: Part, bodies: list[Part]) -> bool:
    if part.disposition == "attachment":
        return True
    named = "filename" in part.disposition_parameters or "name" in part.parameters
    return named and (part.disposition == "inline" or bool(bodies))
