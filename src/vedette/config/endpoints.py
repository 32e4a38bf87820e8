"""The ``[endpoints.NAME]`` tables: what all endpoints share."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from vedette.config.document import Table
from vedette.config.settings import EndpointSettings
from vedette.config.sinks import EndpointKind, read_sink, urls
from vedette.model.account import Depth
from vedette.model.delivery import Endpoint, Profile, Selection
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.outbox.shape import narrowed_to, types_of
from vedette.secret import Secret
from vedette.sinks.webhook import WebhookSettings

#: The media type of a body that is no CloudEvent.
JSON: Final = "application/json; charset=utf-8"


def read_endpoint(table: Table) -> EndpointSettings:
    """Read one endpoint. Raises ConfigError with file, line and key."""
    if "type" not in table:
        table.missing("type", f"one of {', '.join(EndpointKind)}")
    kind = table.choice("type", EndpointKind, EndpointKind.WEBHOOK)
    profile = table.choice("profile", Profile, Profile.VEDETTE)
    endpoint = Endpoint(
        id=EndpointId(table.name),
        selection=_selection(table, profile),
        profile=profile,
        depth=table.choice("depth", Depth, Depth.FULL),
        ordered=table.flag("ordered", default=kind in {EndpointKind.FILE, EndpointKind.STDOUT}),
        concurrency=table.whole("concurrency", 8, low=1, high=256),
        rate=table.number("rate", 0.0, low=0.0, high=10_000.0) or None,
    )
    sink = read_sink(table, kind)
    if isinstance(sink, WebhookSettings) and profile is not Profile.VEDETTE:
        sink = replace(sink, content_type=JSON)
    private = False
    if targets := urls(sink):
        inside = all(names_inside(each) for each in targets)
        private = table.flag("private", default=inside)
    table.done()
    return EndpointSettings(endpoint=endpoint, sink=sink, private=private)


def _selection(table: Table, profile: Profile) -> Selection:
    """Read the filters. A profile takes what it has words for, and refuses to be asked for else."""
    types = table.texts("events")
    taken = narrowed_to(profile, types)
    for each in types:
        if not narrowed_to(profile, [each]):
            known = ", ".join(types_of(profile))
            table.fail("events", f"the profile {profile} has no {each}; it has {known}")
    return Selection(
        types=taken,
        tenants=tuple(TenantId(each) for each in table.texts("tenants")),
        accounts=tuple(AccountId(each) for each in table.texts("accounts")),
        folders=table.texts("folders"),
        tags=table.texts("tags"),
    )


def names_inside(url: Secret[str]) -> bool:
    """Tell whether a URL spells out an inside address, which is then what its author means.

    A *name* that resolves to an inside address is what an attack looks like; it
    needs ``private = true``.
    """
    host = urlsplit(url.reveal()).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return False
