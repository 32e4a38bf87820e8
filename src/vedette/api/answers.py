"""What each answer may say: an example, made of its schema and of what a member of a name holds.

It is made, and not written, so that it can not say what the answer does not. They go on with what
the examples of requests tell (``examples.py``). It must not know any route.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from vedette.api.examples import ACCOUNT, ACTION, APP, EXAMPLES, GUARD, TENANT

#: Schemas within schemas: an answer that holds itself ends there.
DEEPEST: Final = 12

_ID: Final = "5f0c7f9e0b0e4a7f8d433f0b"
_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_EVENT: Final = "0b0a2f6e-6f0c-5c0e-9d7c-3b1d3f3a7a10"
_HOST: Final = "imap.example.org"

#: By name, what a member holds wherever its schema takes that.
_MEMBERS: Final[Mapping[str, Any]] = MappingProxyType({
    "account": ACCOUNT, "accounts": [ACCOUNT], "acted": "applied", "action": ACTION, "active": True,
    "actor": "key:5f0c7f9e", "address": "anna@example.org", "allowed": False, "app": APP,
    "arc": None, "attempts": 1, "auth": "password", "authorizeUrl": "https://login.example.org/authorize",
    "auths": ["password"], "authservId": "mx.example.org", "authserv": ["mx.example.org"],
    "automatic": None, "bcc": [], "brokenAt": None, "by": "anna@example.org", "ca": None,
    "calendar": None, "canaryFolder": "INBOX", "canaryInterval": 3_600, "capped": 0, "cappedBy": [],
    "cc": [], "check": "login", "clientId": "1234.apps.googleusercontent.com", "concurrency": 8,
    "connection": 1, "consent": None, "contentId": None, "contentType": "application/pdf",
    "cover": "poll", "current": 12, "cursor": "MTowLjA", "defects": [], "delimiter": "/",
    "delivered": 1, "depth": "text", "detail": "", "deviceUrl": "https://login.example.org/device",
    "digest": _DIGEST, "directory": "common", "disabledAt": None, "dkim": "pass", "dmarc": "pass",
    "domain": "example.org", "email": "support@example.org", "emailId": None, "encryption": "tls",
    "endpoint": "helpdesk", "errors": [], "events": ["message.*"], "explanation": "",
    "extra": {"prompt": "consent"}, "failed": 0, "failingSince": None, "failures": 0, "field": None,
    "filename": "invoice.pdf", "flags": ["\\Seen"], "flow": "code", "folder": "INBOX",
    "folders": ["INBOX", "\\Junk"], "given": "2026-11", "guard": GUARD, "head": _DIGEST,
    "headers": {"subject": ["Order 4711"]}, "host": _HOST, "html": None, "id": _ID,
    "inReplyTo": None, "inline": False, "instance": "one", "isAgreed": True, "isComplete": True,
    "isGood": True, "isRunning": True, "isUnbroken": True, "isVouched": True,
    "issuer": "https://login.example.org", "judged": 100, "kind": "phrases", "labels": [],
    "key": "vdt_the-key-that-is-shown-this-once", "lag": 0.004, "lastError": None,
    "lastErrorAt": None, "ledger": 12, "left": 0, "limit": 100, "linkSeconds": 86_400,
    "marked": 3, "matched": "special offer", "maxAccounts": 100, "maxEndpoints": None,
    "maxGuards": None, "maxMessage": 52_428_800, "mechanism": None, "messages": 12,
    "messageId": "<4711@example.org>", "milliseconds": 120, "minimumTls": "1.2", "name": "Acme",
    "nested": None, "next": None, "nextRetryAt": None, "oldestAge": None, "opaque": None,
    "outcome": "delivered", "path": "INBOX", "pause": None, "pauseReason": "", "pausedAt": None,
    "pauses": [], "pin": None, "place": "https://hooks.example", "plain": "Where is it?",
    "pointer": None, "port": 993, "previous": _DIGEST, "problem": None, "profile": None,
    "proof": "post", "provider": "google", "providers": [APP], "proxy": None,
    "publicUrl": "https://mail.example.org", "quirks": [], "rate": None, "reader": "billing",
    "reason": "", "references": [], "remarks": [], "remedy": "", "reply": "Where is it?",
    "replyTo": [], "responseCode": None, "result": None, "resumes": [], "resyncSince": None,
    "retentionDays": 30, "returnTo": None, "revokeUrl": "https://login.example.org/revoke",
    "route": None, "says": "an offer", "scopes": ["accounts:read", "accounts:write"], "score": 5.0,
    "seconds": 0.12, "secret": "whsec_the-secret-that-is-shown-this-once",
    "secrets": ["secret", "url"], "securityLevel": None, "selectable": True, "server": 12,
    "sessions": 12, "settings": {}, "settledAt": None, "shards": {"0": 1}, "share": 0.1,
    "size": 2_048, "source": "mx", "specialUse": "\\Inbox", "spf": "pass", "start": "now",
    "subject": "Order 4711", "symbol": "OFFER", "symbols": {"OFFER": 5.0}, "tags": ["helpdesk"],
    "target": "sales", "template": {"email": "anna@example.org"}, "tenant": TENANT, "tenants": None,
    "text": "Where is it?", "threadId": None, "title": "Support",
    "tokenCommand": [], "tokenUrl": "https://login.example.org/token", "truncated": False,
    "type": "message.received", "uid": 7, "uidNext": 8, "uidValidity": 3, "uncounted": [],
    "unkept": [], "unread": [], "unseen": 2, "url": "https://mail.example.org/connect/5f0c7f9e",
    "user": "support@example.org", "userCode": "WDJB-MJHT", "verdict": "aside", "verifyTls": True,
    "userinfoUrl": "https://login.example.org/userinfo", "version": "2026-11", "wait": 5.0,
    "waiting": [], "wanted": "2026-11", "watched": True, "what": "account.updated", "why": "",
    "withdrawn": None, "withdrawnAt": None, "words": "We read your mail.", "until": None,
})  # fmt: skip
#: The same where a name holds another thing in one schema.
_OWN: Final[Mapping[str, Any]] = MappingProxyType({
    "AccountShown.id": ACCOUNT, "MailboxShown.id": ACCOUNT, "TenantShown.id": TENANT,
    "GuardShown.id": GUARD, "AppShown.id": APP, "ActionShown.id": ACTION, "EventNamed.id": _EVENT,
    "AccountShown.app": None, "AccountShown.tokenUrl": None, "AddressShown.name": "Anna",
    "AddressShown.address": "anna@example.org", "FindingShown.detail": "logged in by PLAIN",
    "EndpointShown.id": "helpdesk", "NewEndpoint.id": "helpdesk", "KeyShown.name": "helpdesk",
    "FindingShown.code": None, "EventsShown.next": "MTowLjA", "StatusShown.state": "live",
    "StatusShown.attempts": 0, "GuardShown.pack": None, "EntryShown.number": 1,
    "GuardShown.text": EXAMPLES["create_guard"]["text"], "DeliveryShown.delivery": 1,
    "LineShown.text": "C: a1 LOGIN …", "HintShown.url": "https://myaccount.google.com/apppasswords",
    "HintShown.words": "make an app password", "DeliveryShown.state": "delivered",
    "KeyShown.expiresAt": None, "DeviceShown.url": "https://www.google.com/device",
    "AuthorizeShown.url": "https://mail.example.org/connect/5f0c7f9e",
    "DeliveryShown.nextAt": None, "DeliveryShown.settledAt": "2026-11-01T09:30:01Z",
    "AccountShown.resyncSince": None, "ProposalShown.app": "google", "ProposalShown.hint": None,
})  # fmt: skip
#: By format, where no name says more.
_FORMATS: Final[Mapping[str, str]] = MappingProxyType({
    "date-time": "2026-11-01T09:30:00Z", "date": "2026-11-01", "binary": "the octets of the file",
})  # fmt: skip
#: By type, where no name says more.
_LEAST: Final[Mapping[Any, Any]] = MappingProxyType({
    "integer": 0, "number": 0.0, "boolean": False,
})  # fmt: skip
#: Of which type a sample is, by that of a schema.
_TYPES: Final[Mapping[str, frozenset[type]]] = MappingProxyType({
    "string": frozenset({str}), "integer": frozenset({int}), "number": frozenset({int, float}),
    "boolean": frozenset({bool}), "null": frozenset({type(None)}), "array": frozenset({list}),
    "object": frozenset({dict}),
})  # fmt: skip
#: By what a schema says more than a sample is judged by.
_SPECIAL: Final = frozenset({
    "$ref", "anyOf", "oneOf", "allOf", "const", "enum", "format", "properties",
})  # fmt: skip
#: Members whose objects are events, whose own schema stands elsewhere.
_OF_EVENTS: Final = frozenset({"", "event", "items"})
_EVENTS: Final[Mapping[str, Any]] = MappingProxyType({
    "specversion": "1.0", "id": _EVENT, "type": "message.received",
    "source": f"urn:vedette:{TENANT}:{ACCOUNT}", "time": "2026-11-01T09:30:00Z",
    "data": {"account": {"id": ACCOUNT}, "subject": "Order 4711"},
})  # fmt: skip


def example(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """Return an example of a schema of the document; ``schemas`` are its components."""
    return _of(schema, schemas, "", "", DEEPEST)


def _of(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], owner: str, name: str, left: int
) -> Any:
    """Return an example of what a member is, or an element of it; ``owner`` is its schema."""
    if left <= 0:
        return None
    if (own := f"{owner}.{name}") in _OWN:
        return _OWN[own]
    if (place := schema.get("$ref")) is not None:
        inner = place.rpartition("/")[2]
        return _of(schemas[inner], schemas, inner, name, left - 1)
    choices = schema.get("anyOf") or schema.get("oneOf") or (schema,)
    if name in _MEMBERS and any(_takes(each, _MEMBERS[name]) for each in choices):
        return _MEMBERS[name]
    if choices[0] is schema:
        return _made(schema, schemas, owner, name, left)
    return _of(choices[0], schemas, owner, name, left - 1)


def _made(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], owner: str, name: str, left: int
) -> Any:
    """Return an example of a schema by its type."""
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        inner = schema.get("properties")
        if inner is not None:
            return {each: _of(inner[each], schemas, owner, each, left - 1) for each in inner}
        return dict(_EVENTS) if name in _OF_EVENTS else {}
    if kind == "array":
        return [_of(schema["items"], schemas, owner, name, left - 1)]
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), name)
    return _LEAST.get(kind)


def _takes(schema: Mapping[str, Any], sample: object) -> bool:
    """Tell whether a schema that refers to no other takes a sample."""
    if not _SPECIAL.isdisjoint(schema):
        return False
    if "type" not in schema:
        return True
    if type(sample) not in _TYPES[schema["type"]]:
        return False
    if isinstance(sample, list):
        return all(_takes(schema.get("items", {}), each) for each in sample)
    inner = schema.get("additionalProperties")
    if isinstance(sample, dict) and isinstance(inner, Mapping):
        return all(_takes(inner, each) for each in sample.values())
    return True
