"""Every operation that the API describes, and the least that each has to be told.

A route that is new is found by itself; what it has to be told is said in ``BODIES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vedette.service.caller import ADMIN

#: What the operations are about; test_isolation.py holds it against the document.
TAGS = (
    "accounts",
    "audit",
    "autoconfig",
    "completeness",
    "consents",
    "deliveries",
    "endpoints",
    "events",
    "folders",
    "guards",
    "keys",
    "links",
    "messages",
    "oauth",
    "probes",
    "settings",
    "tenants",
)

#: The smallest guard.
GUARD: Final = """guard: small
symbols:
  OFFER: {where: [subject], phrases: [offer], score: 5, says: "an offer"}
actions:
  aside: {move: Offers}
verdicts:
  - {do: aside, at: 5, need: OFFER}
"""

#: What each operation with a body is told; ``{tenant}``, ``{account}`` and ``{key}`` are ids.
BODIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "create_tenant": {"name": "New"},
    "change_tenant": {"name": "Other"},
    "pause_tenant": {"reason": "bill"},
    "create_account": {
        "tenant": "{tenant}",
        "email": "new@example.org",
        "host": "imap.example.org",
        "password": "planted-new",
    },
    "verify_account": {
        "tenant": "{tenant}",
        "email": "new@example.org",
        "host": "imap.example.org",
        "password": "planted-new",
    },
    "change_accounts": {
        "update": [{"id": "{account}", "change": {"title": "Other"}}],
        "delete": [{"id": "{account}"}],
    },
    "change_account": {"title": "Other"},
    "import_accounts": {
        "tenant": "{tenant}",
        "email": "new@example.org",
        "host": "imap.example.org",
        "password": "planted-new",
    },
    "record_logs": {"seconds": 60},
    "change_message": {"add": ["\\Seen"]},
    "move_message": {"folder": "Archive"},
    "resync_account": {"since": "2026-11-01"},
    "give_consents": {"accounts": ["{account}"], "version": "1"},
    "give_consent": {"version": "1"},
    "create_key": {"name": "New", "tenant": "{tenant}", "scopes": ["accounts:read"]},
    "change_settings": {"linkSeconds": 600},
    "acknowledge_events": {"reader": "billing", "cursor": "MTowLjA"},
    "create_endpoint": {
        "tenant": "{tenant}",
        "type": "webhook",
        "url": "https://hooks.example/planted-new",
    },
    "change_endpoint": {"title": "Other"},
    "redrive_endpoint": {"account": "{account}"},
    "replay_endpoint": {"account": "{account}"},
    "create_guard": {"tenant": "{tenant}", "text": GUARD, "accounts": ["{account}"]},
    "change_guard": {"help": "Call Bob."},
    "attach_guard": {"accounts": ["{account}"]},
    "detach_guard": {"accounts": ["another"]},
    "sweep_guard": {"accounts": ["{account}"]},
    "test_guard": {"message": "Subject: Hello\r\n\r\nHello.\r\n"},
    "backtest_guard": {"account": "{account}", "last": 10},
    "undo_actions": {"actions": ["{action}"]},
    "pause_guards": {"scope": "guard", "name": "{guard}"},
    "resume_guards": {"scope": "account", "name": "{account}"},
    "allow_sender": {"account": "{account}", "guard": "{guard}", "domain": "shop.example"},
    "disallow_sender": {"account": "{account}", "guard": "{guard}", "domain": "shop.example"},
    "grant_change": {"secret": "planted-partner"},
    "create_app": {
        "tenant": "{tenant}",
        "provider": "google",
        "clientId": "client",
        "clientSecret": "planted-client",
    },
    "change_app": {"title": "Other"},
    "authorize_account": {"app": "{app_id}", "account": "{account}"},
    "begin_device": {"app": "{app_id}", "account": "{account}"},
    "create_link": {"tenant": "{tenant}", "providers": ["{app_id}"]},
}

#: What an operation is asked by its query, where it has to be.
QUERIES: Final[Mapping[str, str]] = {
    "find_mailbox": "?address=anna@gmail.com",
    "list_decisions": "?account={account}",
    "list_allows": "?account={account}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path, with the scopes that it asks for; None: it is for anybody."""

    name: str
    method: str
    path: str
    tag: str
    scopes: tuple[str, ...] | None
    body: Mapping[str, Any] | None
    takes_body: bool

    @property
    def is_for_admins(self) -> bool:
        return self.scopes is not None and ADMIN in self.scopes

    def at(self, ids: Mapping[str, str]) -> tuple[str, str, Any]:
        """Return the method, the path and the body that name these ids."""
        path = self.path + QUERIES.get(self.name, "")
        return self.method, filled(path, ids), filled(self.body, ids)


def filled(shape: Any, ids: Mapping[str, str]) -> Any:
    """Return a shape with ids in the place of their names."""
    match shape:
        case str():
            for name, id_ in ids.items():
                shape = shape.replace(f"{{{name}}}", id_)
            return shape
        case list():
            return [filled(each, ids) for each in shape]
        case dict():
            return {name: filled(each, ids) for name, each in shape.items()}
        case _:
            return shape


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return every operation of an OpenAPI document."""
    found = []
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            security = told.get("security")
            found.append(
                Operation(
                    name=told["operationId"],
                    method=method.upper(),
                    path=path,
                    tag=told["tags"][0],
                    scopes=None if security is None else tuple(security[0]["key"]),
                    body=BODIES.get(told["operationId"]),
                    takes_body="requestBody" in told,
                )
            )
    return found
