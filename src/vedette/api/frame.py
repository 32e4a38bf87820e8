"""The app: routes, and around them who asks, what was asked before, and what every answer has.

From the outside in: the gate (``gate.py``), the doorkeeper (``caller.py``), idempotency, FastAPI.
It must not know how it is served.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final

from fastapi import Depends, FastAPI

from vedette import __version__
from vedette.api import document, problems, query, strict
from vedette.api.caller import Doorkeeper, Doors
from vedette.api.gate import Gate
from vedette.api.idempotency import Once
from vedette.api.services import Services

#: Every resource: its file in ``routes``, and how its paths begin. A command asks for few of them,
#: and each takes some 15 ms to import.
ROUTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tenants": "/v1/tenants",
        "accounts": "/v1/accounts",
        "imports": "/v1/accounts",
        "logs": "/v1/accounts",
        "folders": "/v1/accounts",
        "messages": "/v1/accounts",
        "consents": "/v1/consents",
        "events": "/v1/events",
        "endpoints": "/v1/endpoints",
        "deliveries": "/v1/deliveries",
        "chronicle": "/v1/guards",
        "rehearsals": "/v1/guards",
        "guards": "/v1/guards",
        "completeness": "/v1/accounts",
        "diagnosis": "/v1/accounts",
        "oauth": "/v1/oauth",
        "links": "/v1/links",
        "connect": "/",
        "autoconfig": "/v1/autoconfig",
        "keys": "/v1/keys",
        "settings": "/v1/settings",
        "audit": "/v1/audit",
        "probes": "/",
    }
)

ABOUT: Final = """\
Mailboxes that are watched, and what is done with what is found in them.

Send an API key as `Authorization: Bearer vdt_…`. Bodies are JSON. A list has `items` and `next`, and
goes on with `?after=`. A write takes `If-Match` with the `ETag` that was read. A POST takes an
`Idempotency-Key`. Everything that goes wrong is a problem (RFC 9457) with a stable `code`."""


def build(services: Services, names: Iterable[str] = ROUTERS) -> FastAPI:
    """Return the app of some services; there may be many of them in one process.

    ``names`` are those of ``ROUTERS`` that it has.
    """
    app = routed(names, docs=services.rules.settings.docs)
    app.state.services = services
    # The last one is the outermost.
    app.add_middleware(
        Once,
        records=services.records,
        safe=services.safe,
        clock=services.clock,
        is_sole=services.is_sole,
    )
    app.add_middleware(Doorkeeper, doors=Doors(keys=services.keys, rules=services.rules))
    app.add_middleware(Gate, clock=services.clock)
    return app


def below(path: str) -> tuple[str, ...]:
    """Return the names of those in ``ROUTERS`` that may answer to a path."""
    return tuple(name for name, begin in ROUTERS.items() if path.startswith(begin))


def routed(names: Iterable[str] = ROUTERS, *, docs: bool = True) -> FastAPI:
    """Return the routes alone: what the document of the API is made of."""
    app = FastAPI(
        title="Vedette",
        version=__version__,
        description=ABOUT,
        openapi_url="/openapi.json" if docs else None,
        # They load their scripts from elsewhere, and show what openapi.json says.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(query.known), Depends(strict.read)],
    )
    problems.install(app)
    document.install(app)
    for name in names:
        app.include_router(import_module(f"vedette.api.routes.{name}").router)
    return app
