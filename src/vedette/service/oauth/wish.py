"""What a caller wants of an OAuth 2.0 app: a form checked as a whole, against what it may.

Client id and secret are one thing here: both are given, or neither. It must not know how it is
written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vedette.identity.oauth.apps import App, Client, Flow, Proof, Provider, from_json
from vedette.identity.oauth.service import from_file, private_key
from vedette.model.ids import TenantId
from vedette.ports.records import Record
from vedette.service import reach
from vedette.service.accounts import fields
from vedette.service.body import Body, members
from vedette.service.caller import Caller
from vedette.service.form import Form, flaw
from vedette.service.refusals import ForbiddenError

#: Scopes of an app, and parameters that are added to its requests.
MAX_SCOPES: Final = 50
MAX_EXTRA: Final = 20
#: Parameters that are ours: nothing that is set may stand in their place (RFC 6749, 7636, OpenID).
_OWN: Final = frozenset(
    {
        "client_id", "client_secret", "code_challenge", "code_challenge_method", "login_hint",
        "nonce", "redirect_uri", "request", "request_uri", "response_mode", "response_type",
        "scope", "state",
    }
)  # fmt: skip
_URLS: Final = ("authorizeUrl", "tokenUrl", "deviceUrl", "userinfoUrl", "revokeUrl")
#: What of a body a person sets, beside the secrets.
_MEMBERS: Final = (
    "provider", "title", "flow", "clientId", "directory", *_URLS, "issuer", "scopes", "extra",
    "proof", "namesIssuer", "private",
)  # fmt: skip
#: What a directory of Microsoft is called: an id, a domain, or one of its words for many.
_DIRECTORY: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """An app as somebody wants it; ``client`` is None where id and secret stay as they are."""

    id: str
    tenant: TenantId
    body: Body
    client: Client | None


def wished(
    caller: Caller,
    wish: Mapping[str, object],
    over: Record | None,
    id_: str,
    tenant: TenantId,
    *,
    ports: Collection[int],
) -> Wished:
    """Read the form of an app, over what is there; ``ports`` may be named by who is no admin.

    Raises InvalidError with every mistake, ForbiddenError.
    """
    before = {} if over is None else members(over)
    form = Form({**{name: before.get(name) for name in _MEMBERS}, **wish})
    body = _body(form)
    client = _client(form, body, before, wish)
    _judge(form, body, id_, tenant)
    if not caller.is_admin:
        _judge_ports(form, body, before, ports)
    form.refuse_unknown()
    form.done()
    _permit(caller, body, before)
    return Wished(id=id_, tenant=tenant, body=body, client=client)


def _body(form: Form) -> Body:
    return {
        "provider": form.choice("provider", Provider, Provider.GENERIC).value,
        "title": form.text("title", longest=200),
        "flow": form.choice("flow", Flow, Flow.CODE).value,
        "clientId": form.text("clientId"),
        "directory": form.text("directory", longest=_DIRECTORY),
        **{name: form.checked(name, fields.token_url, None) for name in _URLS},
        "issuer": form.checked("issuer", fields.token_url, None),
        "scopes": list(form.texts("scopes", most=MAX_SCOPES, longest=500)),
        "extra": _extra(form),
        "proof": form.choice("proof", Proof, Proof.POST).value,
        "namesIssuer": form.flag("namesIssuer", default=False),
        "private": form.flag("private", default=False),
    }


def _extra(form: Form) -> dict[str, str]:
    """Read parameters that are added to the request for a consent."""
    value = form.raw("extra")
    if value is None:
        return {}
    if isinstance(value, Mapping) and len(value) <= MAX_EXTRA and _OWN.isdisjoint(value):
        pairs = {str(name): each for name, each in value.items() if isinstance(each, str)}
        if len(pairs) == len(value) and not any(map(flaw, (*pairs, *pairs.values()))):
            return pairs
    form.fail("extra", f"expected {MAX_EXTRA} texts by name at most, none of {_shown(_OWN)}")
    return {}


def _client(
    form: Form, body: Body, before: Mapping[str, Any], wish: Mapping[str, object]
) -> Client | None:
    """Return the client that is set, wholly or not at all: id and secret are of one source."""
    secret, key_file = form.secret("clientSecret"), form.secret("keyFile")
    if key_file is not None:
        try:
            client = from_file(key_file)
        except ValueError as error:
            form.fail("keyFile", str(error))
            return None
        if secret is not None or wish.get("clientId") not in {None, client.id}:
            form.fail("keyFile", "names the client itself; leave clientId and clientSecret out")
        body["clientId"] = client.id
        return client
    if not body["clientId"]:
        form.fail("clientId", "is missing: what the provider calls the app")
        return None
    if secret is not None:
        if "clientId" not in wish and before:
            form.fail("clientId", "is missing: client id and secret are given together")
        return Client(id=body["clientId"], secret=secret)
    if body["proof"] == Proof.NONE:
        return Client(id=body["clientId"])
    if before and (body["clientId"], body["proof"]) != (before["clientId"], before["proof"]):
        form.fail("clientSecret", "is missing: client id and secret are given together")
    return None


def _judge(form: Form, body: Body, id_: str, tenant: TenantId) -> None:
    """Note what does not go together."""
    app = from_json(id_, tenant, body)
    for name in (*_URLS, "issuer"):
        url = body[name]
        if url is None:
            continue
        if not body["private"] and not url.startswith("https://"):
            form.fail(name, "expected https://: a client secret goes there")
        why = reach.refusal(reach.host_of(url), private=body["private"])
        if why is not None:
            form.fail(name, why)
    if not app.addresses.token:
        form.fail("tokenUrl", "is missing: where the provider gives tokens")
    if app.flow is Flow.CODE and not app.addresses.authorize:
        form.fail("authorizeUrl", "is missing: where the provider asks for a consent")
    if any(" " in each for each in app.scopes):
        form.fail("scopes", "expected a list, each scope by itself")
    _judge_service(form, app)


def _judge_ports(form: Form, body: Body, before: Mapping[str, Any], ports: Collection[int]) -> None:
    """Note URLs with ports that are up to an admin; those that an admin set may stay."""
    for name in (*_URLS, "issuer"):
        url = body[name]
        if url is None or url == before.get(name):
            continue
        why = reach.url_refusal(url, ports)
        if why is not None:
            form.fail(name, why)


def _judge_service(form: Form, app: App) -> None:
    """Note what an app lacks that acts without the owners of mailboxes."""
    is_shared = app.directory in {"common", "organizations", "consumers"}
    is_service = app.flow is Flow.SERVICE
    if app.provider is Provider.MICROSOFT and is_service and is_shared:
        form.fail("directory", "is missing: an app-only client is of one directory")
    if not all(each.isalnum() or each in ".-" for each in app.directory):
        form.fail("directory", "expected an id or a domain")
    secret = form.secret("clientSecret")
    if app.provider is Provider.GOOGLE and is_service and secret is not None:
        try:
            private_key(secret)
        except ValueError as error:
            form.fail("clientSecret", str(error))


def _permit(caller: Caller, body: Body, before: Mapping[str, Any]) -> None:
    """Raise ForbiddenError where only an admin may want that."""
    if caller.is_admin:
        return
    if body["private"] and not before.get("private"):
        raise ForbiddenError("private: that inside addresses are asked is up to an admin")
    if before.get("private") and any(body[name] != before.get(name) for name in _URLS):
        raise ForbiddenError(
            "private: an admin let this app ask inside addresses, so only an admin may say which"
        )


def _shown(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
