"""The ``[endpoints.NAME]`` tables: what all endpoints share."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from vedette.config.document import Table
from vedette.config.settings import EndpointSettings
from vedette.config.sinks import EndpointKind, read_sink, urls
from vedette.model.delivery import Endpoint, Selection
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.secret import Secret


def read_endpoint(table: Table) -> EndpointSettings:
    """Read one endpoint. Raises ConfigError with file, line and key."""
    if "type" not in table:
        table.missing("type", f"one of {', '.join(EndpointKind)}")
    kind = table.choice("type", EndpointKind, EndpointKind.WEBHOOK)
    endpoint = Endpoint(
        id=EndpointId(table.name),
        selection=Selection(
            types=table.texts("events"),
            tenants=tuple(TenantId(each) for each in table.texts("tenants")),
            accounts=tuple(AccountId(each) for each in table.texts("accounts")),
        ),
        ordered=table.flag("ordered", default=kind in {EndpointKind.FILE, EndpointKind.STDOUT}),
        concurrency=table.whole("concurrency", 8, low=1, high=256),
    )
    sink = read_sink(table, kind)
    private = False
    if targets := urls(sink):
        inside = all(names_inside(each) for each in targets)
        private = table.flag("private", default=inside)
    table.done()
    return EndpointSettings(endpoint=endpoint, sink=sink, private=private)


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
