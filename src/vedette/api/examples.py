"""What each request may say: an example for every body of the document, which the tests send.

They tell of one tenant, ``acme``, and one account, ``support``. It must not know any route.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

#: Ids of an example are those of something that is there.
TENANT: Final = "acme"
ACCOUNT: Final = "support"
GUARD: Final = "offers"
APP: Final = "5f0c7f9e0b0e4a7f8d433f0b"
ACTION: Final = "8d96c047-dc14-597b-95e4-29206ebf8377"

_ACCOUNT: Final[Mapping[str, Any]] = {
    "tenant": TENANT,
    "email": "sales@example.org",
    "host": "imap.example.org",
    "password": "secret",
    "tags": ["helpdesk"],
}
_TEXT: Final = """guard: offers
symbols:
  OFFER: {where: [subject], phrases: [special offer], score: 5, says: "an offer"}
actions:
  aside: {move: Offers}
verdicts:
  - {do: aside, at: 5, need: OFFER}
"""

#: By operation.
EXAMPLES: Final[Mapping[str, Any]] = MappingProxyType({
    "create_tenant": {"name": "Acme", "maxAccounts": 100, "retentionDays": 30},
    "change_tenant": {"maxAccounts": 200},
    "pause_tenant": {"reason": "the bill was not paid"},
    "create_account": dict(_ACCOUNT),
    "verify_account": dict(_ACCOUNT),
    "change_accounts": {
        "create": [dict(_ACCOUNT)], "update": [{"id": ACCOUNT, "change": {"title": "Support"}}]
    },
    "change_account": {"title": "Support", "folders": ["INBOX", "Junk"]},
    "record_logs": {"seconds": 600},
    "change_message": {"add": ["\\Seen"], "remove": ["Waiting"]},
    "move_message": {"folder": "\\Archive"},
    "resync_account": {"since": "2026-11-01T00:00:00Z"},
    "give_consents": {"accounts": [ACCOUNT], "version": "2026-11"},
    "give_consent": {"version": "2026-11"},
    "create_key": {
        "name": "helpdesk", "tenant": TENANT, "scopes": ["accounts:read", "accounts:write"]
    },
    "change_settings": {"linkSeconds": 86_400},
    "acknowledge_events": {"reader": "billing", "cursor": "MTowLjA"},
    "create_endpoint": {
        "tenant": TENANT, "type": "webhook", "url": "https://hooks.example/in/1",
        "events": ["message.*"],
    },
    "change_endpoint": {"title": "Helpdesk", "events": ["message.*", "account.*"]},
    "redrive_endpoint": {"from": "2026-11-01T00:00:00Z"},
    "replay_endpoint": {
        "account": ACCOUNT, "type": "message.received", "from": "2026-11-01T00:00:00Z"
    },
    "create_guard": {"tenant": TENANT, "text": _TEXT, "accounts": [ACCOUNT]},
    "change_guard": {"help": "Call Ann."},
    "attach_guard": {"accounts": [ACCOUNT]},
    "detach_guard": {"accounts": ["sales"]},
    "sweep_guard": {"accounts": [ACCOUNT]},
    "test_guard": {"message": "Subject: A special offer\r\n\r\nHello.\r\n"},
    "backtest_guard": {"account": ACCOUNT, "last": 100},
    "undo_actions": {"actions": [ACTION]},
    "pause_guards": {"scope": "guard", "name": GUARD},
    "resume_guards": {"scope": "guard", "name": GUARD},
    "allow_sender": {"account": ACCOUNT, "guard": GUARD, "domain": "shop.example"},
    "disallow_sender": {"account": ACCOUNT, "guard": GUARD, "domain": "shop.example"},
    "grant_change": {"secret": "the secret of the partner"},
    "create_app": {
        "tenant": TENANT, "provider": "google", "title": "Gmail",
        "clientId": "1234.apps.googleusercontent.com", "clientSecret": "GOCSPX-secret",
    },
    "change_app": {"title": "Gmail"},
    "authorize_account": {"app": APP, "account": ACCOUNT},
    "begin_device": {"app": APP, "account": ACCOUNT},
    "create_link": {
        "tenant": TENANT, "account": {"email": "anna@example.org"}, "expiresIn": 86_400
    },
})  # fmt: skip
