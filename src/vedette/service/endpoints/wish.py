"""What a caller wants of an endpoint: a form checked as a whole, against what the caller may.

What an endpoint of its kind may say is judged by the settings that are made of it
(``endpoint.settings_of``). It must not know how it is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from vedette.config.settings import EndpointSettings
from vedette.config.sinks import EndpointKind, urls
from vedette.errors import ConfigError
from vedette.secret import Secret
from vedette.service import reach
from vedette.service.caller import Caller
from vedette.service.endpoints.endpoint import (
    HEADERS,
    LOCAL,
    SEALED,
    FieldError,
    RegisteredEndpoint,
    members_in,
    place_of,
    secrets_in,
    settings_of,
)
from vedette.service.form import Form
from vedette.service.refusals import ForbiddenError, invalid

#: Members that an admin alone may set, and why they are not for a tenant.
_ADMINS: Final[Mapping[str, str]] = {
    "private": "that inside addresses are dialled",
    "caFile": "to name a file of this machine",
    "tenants": "to say whose events an endpoint takes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WishedEndpoint:
    """An endpoint as somebody wants it, and the secrets to seal beside it."""

    endpoint: RegisteredEndpoint
    secrets: Mapping[str, Secret[str]]
    changed: tuple[str, ...]


def wished(
    caller: Caller,
    wish: Mapping[str, object],
    base: RegisteredEndpoint,
    held: Mapping[str, Secret[str]],
    *,
    ports: Collection[int],
) -> WishedEndpoint:
    """Return what becomes of an endpoint by a form; ``held`` are the secrets that it has, opened.

    ``ports`` are those that who is no admin may name, beside what is usual. Raises InvalidError, ForbiddenError.
    """
    before = {**base.members, "title": base.title, "active": base.active}
    form = Form({**before, **({"type": base.kind.value} if base.version else {}), **wish})
    kind = form.choice("type", EndpointKind, base.kind)
    if base.version and kind is not base.kind:
        form.fail("type", "can not be changed; make another endpoint")
    found = replace(
        base,
        kind=kind,
        members=members_in(form, kind),
        title=form.text("title", longest=200),
        active=form.flag("active", default=True),
    )
    given = secrets_in(form)
    form.refuse_unknown()
    form.done()
    after = {**found.members, "title": found.title, "active": found.active}
    changed = [each for each in sorted({*after, *before}) if after.get(each) != before.get(each)]
    secrets = {**held, **given}
    # What a tenant may not name is not looked at either: an answer would tell what is there.
    _permit(caller, base, found, [*changed, *given])
    _judge(_settings(found, secrets))
    if not caller.is_admin:
        _judge_way(base, found, held, given, ports)
    if base.version and not caller.is_admin:
        _keep_to_place(base, found, held, given)
    changed += [member for member, name in {**SEALED, HEADERS: HEADERS}.items() if name in given]
    found = replace(found, place=place_of(secrets), sealed=tuple(sorted(secrets)))
    return WishedEndpoint(endpoint=found, secrets=given, changed=tuple(changed))


def _settings(found: RegisteredEndpoint, secrets: Mapping[str, Secret[str]]) -> EndpointSettings:
    try:
        return settings_of(found, secrets)
    except FieldError as error:
        raise invalid(error.field, error.why) from None
    except ConfigError as error:
        raise invalid("type", str(error)) from None


def _permit(
    caller: Caller, base: RegisteredEndpoint, found: RegisteredEndpoint, changed: list[str]
) -> None:
    """Raise ForbiddenError where only an admin may want that."""
    if caller.is_admin:
        return
    if found.kind in LOCAL:
        raise ForbiddenError(f"type: an endpoint of type {found.kind.value} is up to an admin")
    for name, what in _ADMINS.items():
        # To take one's own way inside away is nobody's harm.
        if name in changed and found.members.get(name):
            raise ForbiddenError(f"{name}: {what} is up to an admin")
    if base.members.get("private") is True and not {"url", "proxy"}.isdisjoint(changed):
        raise ForbiddenError(
            "private: an admin let this endpoint go to inside addresses, so only an admin may say "
            "where to"
        )


def _keep_to_place(
    base: RegisteredEndpoint,
    found: RegisteredEndpoint,
    held: Mapping[str, Secret[str]],
    given: Mapping[str, Secret[str]],
) -> None:
    """Raise InvalidError where stored secrets would go to another place than they were given for.

    The headers of a webhook are sent as they are, and its URL may be all that it takes to post
    there. The signing secret is asked for too: who gets to verify what is signed should have it
    from whoever set it, and a place of his own choice gets no signature of the old one.
    """

    def is_new(name: str) -> bool:
        return name in given and (name not in held or given[name].reveal() != held[name].reveal())

    unchecked = base.members.get("verifyTls", True) and not found.members.get("verifyTls", True)
    by = "proxy" if is_new("proxy") else "verifyTls" if unchecked else ""
    if by and "url" in held and "url" not in given:
        raise invalid("url", f"is to be given anew with another {by}: it would be sent that way")
    by = "url" if is_new("url") else by
    for name in (HEADERS, "secret"):
        if by and name in held and name not in given:
            raise invalid(
                name,
                f"is to be given anew with another {by}: it would be used elsewhere than it was"
                " given for",
            )


def _judge_way(
    base: RegisteredEndpoint,
    found: RegisteredEndpoint,
    held: Mapping[str, Secret[str]],
    given: Mapping[str, Secret[str]],
    ports: Collection[int],
) -> None:
    """Raise InvalidError for odd ports, and for TLS that proves nothing: that is up to an admin.

    What an admin set may stay, certificates that nobody checks at the URL that they are of. Brokers
    are where their operators have them, and say nothing to anybody else.
    """

    def changed(name: str) -> str | None:
        old, new = held.get(name), given.get(name)
        is_same = new is None or (old is not None and old.reveal() == new.reveal())
        return None if is_same else given[name].reveal().strip()

    url, proxy = changed("url"), changed("proxy")
    if url is not None and (why := reach.url_refusal(url, ports)) is not None:
        raise invalid("url", why)
    if proxy is not None and (why := reach.proxy_refusal(reach.port_of(proxy), ports)) is not None:
        raise invalid("proxy", why)
    was_checked = base.members.get("verifyTls", True) or not base.version or url is not None
    if was_checked and not found.members.get("verifyTls", True):
        raise invalid("verifyTls", "that a certificate is not checked is up to an admin")


def _judge(settings: EndpointSettings) -> None:
    """Refuse a host that is never dialled; where names lead to is judged when it is."""
    for url in urls(settings.sink):
        host = reach.host_of(url.reveal().strip())
        if (why := reach.refusal(host, private=settings.private)) is not None:
            raise invalid("url", why)
