"""Commands cover the ground of the API: each operation has one, or a reason why none does.

Must not know: what any of them does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

import pytest
from cyclopts import App

from tests.client.contract import described
from tests.house.tree import ROOT
from vedette.cli.main import build
from vedette.client.accounts import AccountWish
from vedette.client.endpoints import EndpointWish
from vedette.client.keys import KeyWish
from vedette.client.links import LinkAccount
from vedette.client.oauth import AppWish
from vedette.client.tenants import TenantWish

#: By which command each operation is asked.
COVERED: Final[dict[str, str]] = {
    "POST /v1/tenants": "tenants add",
    "GET /v1/tenants": "tenants list",
    "GET /v1/tenants/{tenant}": "tenants show",
    "PATCH /v1/tenants/{tenant}": "tenants set",
    "DELETE /v1/tenants/{tenant}": "tenants remove",
    "GET /v1/tenants/{tenant}/preview": "tenants preview",
    "POST /v1/tenants/{tenant}/pause": "tenants pause",
    "POST /v1/tenants/{tenant}/resume": "tenants resume",
    "POST /v1/accounts": "accounts add",
    "GET /v1/accounts": "accounts list",
    "POST /v1/accounts/verify": "accounts try",
    "GET /v1/accounts/{account}": "accounts show",
    "PATCH /v1/accounts/{account}": "accounts set",
    "DELETE /v1/accounts/{account}": "accounts remove",
    "POST /v1/accounts/{account}/verify": "accounts verify",
    "POST /v1/accounts/{account}/pause": "accounts pause",
    "POST /v1/accounts/{account}/resume": "accounts resume",
    "POST /v1/accounts/{account}/reconnect": "accounts reconnect",
    "POST /v1/accounts/{account}/resync": "accounts resync",
    "POST /v1/accounts/import": "accounts import",
    "POST /v1/accounts/{account}/logs": "accounts logs",
    "GET /v1/accounts/{account}/logs": "accounts logs",
    "GET /v1/accounts/{account}/completeness": "accounts completeness",
    "GET /v1/accounts/{account}/diagnosis": "doctor",
    "GET /v1/autoconfig": "accounts find",
    "GET /v1/accounts/{account}/folders": "mail folders",
    "GET /v1/accounts/{account}/folders/{folder}/messages": "mail list",
    "GET /v1/accounts/{account}/messages/{message}": "mail show",
    "PATCH /v1/accounts/{account}/messages/{message}": "mail flag",
    "GET /v1/accounts/{account}/messages/{message}/raw": "mail raw",
    "GET /v1/accounts/{account}/messages/{message}/attachments/{part}": "mail attachment",
    "POST /v1/accounts/{account}/messages/{message}/move": "mail move",
    "GET /v1/consents": "consents list",
    "POST /v1/consents": "consents give",
    "GET /v1/consents/{account}": "consents show",
    "PUT /v1/consents/{account}": "consents give",
    "DELETE /v1/consents/{account}": "consents withdraw",
    "GET /v1/events": "events pull",
    "GET /v1/events/stream": "events stream",
    "GET /v1/events/newest": "events",
    "POST /v1/events/ack": "events ack",
    "GET /v1/events/readers": "events readers",
    "DELETE /v1/events/readers/{reader}": "events forget",
    "GET /v1/events/{event}": "events show",
    "POST /v1/endpoints": "endpoints add",
    "GET /v1/endpoints": "endpoints list",
    "GET /v1/endpoints/{endpoint}": "endpoints show",
    "PATCH /v1/endpoints/{endpoint}": "endpoints set",
    "DELETE /v1/endpoints/{endpoint}": "endpoints remove",
    "POST /v1/endpoints/{endpoint}/rotate": "endpoints rotate",
    "POST /v1/endpoints/{endpoint}/retire": "endpoints retire",
    "GET /v1/endpoints/{endpoint}/state": "endpoints show",
    "POST /v1/endpoints/{endpoint}/enable": "endpoints enable",
    "POST /v1/endpoints/{endpoint}/test": "endpoints test",
    "GET /v1/endpoints/{endpoint}/deliveries": "endpoints deliveries",
    "POST /v1/endpoints/{endpoint}/redrive": "endpoints redrive",
    "POST /v1/endpoints/{endpoint}/replay": "endpoints replay",
    "GET /v1/deliveries": "deliveries",
    "POST /v1/oauth/apps": "oauth add",
    "GET /v1/oauth/apps": "oauth list",
    "GET /v1/oauth/apps/{app_id}": "oauth show",
    "PATCH /v1/oauth/apps/{app_id}": "oauth set",
    "DELETE /v1/oauth/apps/{app_id}": "oauth remove",
    "POST /v1/oauth/device": "oauth login",
    "POST /v1/oauth/device/{device_id}/poll": "oauth login",
    "GET /v1/oauth/grants/{account}": "oauth grant",
    "DELETE /v1/oauth/grants/{account}": "oauth forget",
    "POST /v1/links": "links add",
    "GET /v1/links": "links list",
    "GET /v1/links/{link}": "links show",
    "DELETE /v1/links/{link}": "links revoke",
    "POST /v1/keys": "keys add",
    "GET /v1/keys": "keys list",
    "GET /v1/keys/{key}": "keys show",
    "DELETE /v1/keys/{key}": "keys revoke",
    "GET /v1/settings": "settings show",
    "PATCH /v1/settings": "settings set",
    "GET /v1/audit": "audit show",
    "POST /v1/audit/verify": "audit verify",
}

#: Operations that no command asks, and why. All about guards are told of together.
WITHOUT: Final[dict[str, str]] = {
    "POST /v1/accounts/batch": "for programs: a shell has accounts import, and a loop",
    "POST /v1/oauth/authorize": "sends a browser: from a shell it is oauth login, or links add",
    "GET /v1/audit/head": "audit verify tells the head too, and that it can be believed",
    "GET /livez": "for whatever watches processes: it has an HTTP client of its own",
    "GET /readyz": "for whatever watches processes: it has an HTTP client of its own",
    "GET /ownerz": "for whatever watches processes: vedette status tells people",
    "GET /metrics": "for Prometheus",
}
#: Who covers the operations about guards, whose commands are older than their routes.
GUARDS: Final = "/v1/guards"

#: Commands that ask no API, and why.
ALONE: Final[dict[str, str]] = {
    "watch": "it is the watch of one mailbox, without a service",
    "serve": "it is the service",
    "demo": "it is a service and a server of its own",
    "status": "it reads the state, whether a service answers or not",
    "replay": "it goes over all endpoints, each by its own operation, or by the control socket",
    "migrate": "no API is served before it was done",
    "keys rotate": "the key of the installation is no matter of the API",
    "store copy": "no service may run then",
    "mail attachments": "it tells of mail show what can be fetched",
}


#: Options by another name than the field that they set.
NAMES: Final = {
    "tags": "tag",
    "folders": "folder",
    "start": "since",
    "ca": "ca-file",
    "events": "event",
    "accounts": "account",
    "tenants": "for-tenant",
    "scopes": "scope",
    "expires_at": "expires",
    "client_secret": "secret",
    "key_file": "service-account",
    "settings": "setting",
    "tenants id": "tenant",
}
#: What no argument may hold: whoever lists processes would have it.
SECRETS: Final = (
    "password", "token", "refresh-token", "proxy-password", "token-url-secret", "secret",
    "secret-old", "headers", "client-secret",
)  # fmt: skip
#: What has the name of a secret, and is a yes or no.
FLAGS: Final = {"links": {"--password"}}


def commands(app: App, within: str = "") -> Iterator[str]:
    """Yield every command by its words; a group with a default is a command itself."""
    for name in app:
        if name.startswith("-"):
            continue
        words, inner = f"{within} {name}".strip(), app[name]
        below = [each for each in inner if not each.startswith("-")]
        if not below or inner.default_command is not None:
            yield words
        if below:
            yield from commands(inner, words)


def test_each_operation_has_a_command_or_a_reason() -> None:
    """None of the document is forgotten, and none is told of that is gone."""
    known = {each for each in described() if not each.split()[1].startswith(GUARDS)}

    assert sorted(known - COVERED.keys() - WITHOUT.keys()) == []
    assert sorted((COVERED.keys() | WITHOUT.keys()) - known) == []
    assert sorted(COVERED.keys() & WITHOUT.keys()) == []


def test_each_command_is_there_and_covers_something() -> None:
    """None is named that is not there; none asks nothing, but those with a reason."""
    there = {each for each in commands(build(whole=True)) if not each.startswith("guard")}

    assert sorted(set(COVERED.values()) - there) == []
    assert sorted(there - set(COVERED.values()) - ALONE.keys()) == []
    assert sorted(ALONE.keys() - there) == []


@pytest.mark.parametrize(
    ("group", "wish"),
    [
        ("accounts", AccountWish),
        ("endpoints", EndpointWish),
        ("keys", KeyWish),
        ("links", LinkAccount),
        ("oauth", AppWish),
        ("tenants", TenantWish),
    ],
)
def test_each_field_of_a_wish_has_an_option(group: str, wish: type) -> None:
    """What the API can set a shell can; secrets by files, and never by arguments."""
    arguments = build(whole=True)[group]["add"].assemble_argument_collection()
    options = {name for each in arguments for name in each.names}
    wanted = {
        name: NAMES.get(f"{group} {name}") or NAMES.get(name) or name.replace("_", "-")
        for name in known(wish)
    }

    assert {
        name for name, option in wanted.items() if not options & {f"--{option}", f"--{option}-file"}
    } == set()
    assert not (options & {f"--{name}" for name in SECRETS}) - FLAGS.get(group, set())


def known(wish: type) -> list[str]:
    """Return the fields of a wish."""
    return [each.name for each in fields(wish)]


def test_each_command_is_in_the_reference() -> None:
    """Nobody has to ask a program that is not installed yet what it can do."""
    text = (ROOT / "docs" / "reference" / "commands.md").read_text()
    there = {each for each in commands(build(whole=True)) if not each.startswith("guard")}

    assert sorted(each for each in there if f"<!-- generated: help {each} -->" not in text) == []
