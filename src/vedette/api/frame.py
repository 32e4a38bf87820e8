"""The app: routes, and around them who asks, what was asked before, and what every answer has.

From the outside in: the gate (``gate.py``), the doorkeeper (``caller.py``), idempotency, FastAPI.
It must not know how it is served.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends, FastAPI

from vedette import __version__
from vedette.api import document, problems, query, strict
from vedette.api.caller import Doorkeeper, Doors
from vedette.api.gate import Gate
from vedette.api.idempotency import Once
from vedette.api.routes import (
    accounts,
    audit,
    autoconfig,
    chronicle,
    completeness,
    connect,
    consents,
    deliveries,
    endpoints,
    events,
    folders,
    guards,
    imports,
    keys,
    links,
    logs,
    messages,
    oauth,
    probes,
    rehearsals,
    settings,
    tenants,
)
from vedette.api.services import Services

#: Every resource.
ROUTERS: Final[tuple[APIRouter, ...]] = (
    tenants.router,
    accounts.router,
    imports.router,
    logs.router,
    folders.router,
    messages.router,
    consents.router,
    events.router,
    endpoints.router,
    deliveries.router,
    chronicle.router,
    rehearsals.router,
    guards.router,
    completeness.router,
    oauth.router,
    links.router,
    connect.router,
    autoconfig.router,
    keys.router,
    settings.router,
    audit.router,
    probes.router,
)

ABOUT: Final = """\
Mailboxes that are watched, and what is done with what is found in them.

Send an API key as `Authorization: Bearer vdt_…`. Bodies are JSON. A list has `items` and `next`, and
goes on with `?after=`. A write takes `If-Match` with the `ETag` that was read. A POST takes an
`Idempotency-Key`. Everything that goes wrong is a problem (RFC 9457) with a stable `code`."""


def build(services: Services) -> FastAPI:
    """Return the app of some services; there may be many of them in one process."""
    app = routed(docs=services.rules.settings.docs)
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


def routed(*, docs: bool = True) -> FastAPI:
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
    for router in ROUTERS:
        app.include_router(router)
    return app
