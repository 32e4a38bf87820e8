"""Mail that no person wrote to a person: answers of programs, lists, bounces, reports.

By fields first (RFC 3834, RFC 2919, RFC 2369), by the parts of a report second
(RFC 3464, RFC 5965, RFC 8098), by habit of known servers last. It must not know
what the service does with it.
"""

from __future__ import annotations

import re

from vedette.mime import encoding, headers, phrases, words
from vedette.mime.content import Scope
from vedette.mime.defects import Defect
from vedette.mime.headers import Header
from vedette.mime.limits import Limits
from vedette.mime.message import Automatic, AutomaticKind, Recipient
from vedette.mime.structure import Part

_REPLY_FIELDS = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-mail-autoreply")
_LIST_FIELDS = ("list-id", "list-post", "x-mailing-list", "mailing-list", "x-mailman-version")
_BULK_FIELDS = ("list-unsubscribe", "feedback-id", "x-auto-response-suppress", "x-campaign-id")
_TOLD = (
    "auto-submitted", "precedence", "list-id", "list-unsubscribe", "list-post",
    "x-auto-response-suppress",
)  # fmt: skip
# Parameters and comments may follow (RFC 3834 section 5).
_KEYWORD = re.compile(r"[\s;(]")
_DAEMON = re.compile(
    r"\b(?:mailer-daemon|postmaster|mail delivery (?:sub)?system)\b", re.IGNORECASE
)
_QMAIL = re.compile(r"^<([^<>\s]{1,320})>:[ \t]*\n((?:[^\n]+\n?){1,6})", re.MULTILINE)
_QMAIL_GREETING = "Hi. This is the"
_ADDRESS = re.compile(r"[^\s<>;,:\"()]{1,200}@[^\s<>;,:\"()]{1,200}")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
# A report on one message to many recipients; a list server may send one for hundreds.
_MOST_RECIPIENTS = 200
# Bytes of a report part that are read: a few hundred per recipient.
_REPORT_BYTES = 64 * 1024
# How far into a text the words of qmail are looked for.
_NOTICE = 16 * 1024


def classify(
    scope: Scope, raw: bytes, header: Header, subject: str, plain: str | None, limits: Limits
) -> Automatic | None:
    """Return what kind of automatic mail this is; ``None`` for mail of a person."""
    reports = {part.content_type: part for part in reversed(scope.reports)}
    kind = scope.root.parameters.get("report-type", "").lower()
    if part := reports.get("message/feedback-report"):
        return _complaint(part, scope, raw, limits)
    part = reports.get("message/delivery-status") or reports.get("message/global-delivery-status")
    if part:
        return _bounce(part, scope, raw, limits)
    part = reports.get("message/disposition-notification")
    if part or kind == "disposition-notification":
        fields = _groups(part, raw, limits)[0] if part else ()
        return Automatic(kind=AutomaticKind.AUTO_REPLY, fields=tuple(fields))
    return _silent_bounce(header, plain) or by_header(header, subject)


def by_header(header: Header, subject: str) -> Automatic | None:
    """Return the kind as far as the fields tell it."""
    first = header.first
    submitted = _KEYWORD.split(_lower(first.get("auto-submitted")), maxsplit=1)[0]
    precedence = _lower(first.get("precedence"))
    kind = None
    if (
        submitted == "auto-replied"
        or any(name in first for name in _REPLY_FIELDS)
        or precedence in {"auto_reply", "auto-reply"}
        or (submitted.startswith("auto") and phrases.AUTO_REPLY_SUBJECT.match(subject))
        or ("x-auto-response-suppress" in first and phrases.AUTO_REPLY_SUBJECT.match(subject))
    ):
        kind = AutomaticKind.AUTO_REPLY
    elif any(name in first for name in _LIST_FIELDS) or precedence == "list":
        kind = AutomaticKind.LIST
    elif (
        submitted not in {"", "no"}
        or precedence in {"bulk", "junk"}
        or any(name in first for name in _BULK_FIELDS)
    ):
        kind = AutomaticKind.BULK
    if kind is None:
        return None
    return Automatic(kind=kind, fields=_told(header))


def _told(header: Header) -> tuple[tuple[str, str], ...]:
    ignored: set[Defect] = set()
    return tuple(
        (name, words.unstructured(header.first[name], ignored))
        for name in _TOLD
        if name in header.first
    )


def _lower(raw: str | None) -> str:
    return words.clean(words.text(raw, set())).lower() if raw else ""


def _groups(part: Part, raw: bytes, limits: Limits) -> list[list[tuple[str, str]]]:
    """Return the groups of fields of a report part (RFC 3464 section 2.1); at least one."""
    ignored: set[Defect] = set()
    data = encoding.decode(part.head(raw, _REPORT_BYTES), part.encoding, ignored)
    groups: list[list[tuple[str, str]]] = []
    at = 0
    while at < len(data) and len(groups) <= _MOST_RECIPIENTS:
        found = headers.scan(data, at, limits, ignored)
        if found.fields:
            groups.append(
                [(name.lower(), words.unstructured(value, ignored)) for name, value in found.fields]
            )
        if found.body <= at:
            break
        at = found.body
    return groups or [[]]


def _bounce(part: Part, scope: Scope, raw: bytes, limits: Limits) -> Automatic:
    head, *rest = _groups(part, raw, limits)
    if any(name == "final-recipient" for name, _value in head):
        rest.insert(0, head)
        head = []
    recipients = tuple(
        _recipient(dict(reversed(group)))
        for group in rest[:_MOST_RECIPIENTS]
        if any(name in {"final-recipient", "original-recipient"} for name, _value in group)
    )
    fields = [(name, _typed(value)) for name, value in head]
    return Automatic(
        kind=AutomaticKind.BOUNCE,
        fields=(*fields, *_returned(scope, raw, limits)),
        recipients=recipients,
    )


def _recipient(group: dict[str, str]) -> Recipient:
    final = _typed(group.get("final-recipient", ""))
    original = _typed(group.get("original-recipient", ""))
    status = _STATUS.search(group.get("status", ""))
    return Recipient(
        address=(final or original).strip("<>"),
        action=group.get("action", "").lower() or None,
        status=status[1] if status else None,
        diagnostic=_typed(group.get("diagnostic-code", "")) or None,
        remote_mta=_typed(group.get("remote-mta", "")) or None,
        original=original.strip("<>") or None,
    )


def _typed(value: str) -> str:
    """Return a value without its type, as in ``rfc822; joe@example.com``."""
    head, semicolon, tail = value.partition(";")
    return tail.strip() if semicolon and " " not in head.strip() else value


def _complaint(part: Part, scope: Scope, raw: bytes, limits: Limits) -> Automatic:
    fields = [pair for group in _groups(part, raw, limits) for pair in group]
    return Automatic(kind=AutomaticKind.COMPLAINT, fields=(*fields, *_returned(scope, raw, limits)))


def _returned(scope: Scope, raw: bytes, limits: Limits) -> list[tuple[str, str]]:
    """Return what identifies the message that the report is about."""
    ignored: set[Defect] = set()
    found = scope.messages[0][1].root.header if scope.messages else None
    if found is None:
        for part in scope.reports:
            if part.content_type in {"text/rfc822-headers", "message/rfc822-headers"}:
                data = encoding.decode(part.head(raw, _REPORT_BYTES), part.encoding, ignored)
                found = headers.scan(data, 0, limits, ignored)
                break
    if found is None:
        return []
    return [
        (f"returned-{name}", words.unstructured(found.first[name], ignored))
        for name in ("message-id", "subject", "to")
        if name in found.first
    ]


def _silent_bounce(header: Header, plain: str | None) -> Automatic | None:
    """Return a bounce of servers that write no report: Exim, Gmail, qmail."""
    if raw := header.first.get("x-failed-recipients"):
        addresses = _ADDRESS.findall(_lower(raw))[:_MOST_RECIPIENTS]
        return Automatic(
            kind=AutomaticKind.BOUNCE,
            recipients=tuple(Recipient(address=each, action="failed") for each in addresses),
        )
    sender = words.clean(words.text(header.first.get("from", ""), set()))
    returns = header.first.get("return-path")
    nobody = returns is not None and returns.strip() == "<>"
    if not _DAEMON.search(sender) or not (nobody or "in-reply-to" not in header.first):
        return None
    notice = (plain or "")[:_NOTICE]
    recipients = []
    if _QMAIL_GREETING in notice:
        for address, reason in _QMAIL.findall(notice)[:_MOST_RECIPIENTS]:
            status = _STATUS.search(reason)
            recipients.append(
                Recipient(
                    address=address,
                    action="failed",
                    status=status[1] if status else None,
                    diagnostic=" ".join(reason.split()) or None,
                )
            )
    if not recipients and not nobody:
        return None
    return Automatic(kind=AutomaticKind.BOUNCE, recipients=tuple(recipients))
