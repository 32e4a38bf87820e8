"""``/livez``, ``/readyz``, ``/ownerz``, ``/metrics``: for machines that watch this one.

The first touches nothing but the loop: a database that is away for a moment must not have the whole
fleet started anew. It must not know what is counted.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Request, Response, Security

from vedette.api.caller import allowed
from vedette.api.problems import refuse
from vedette.api.services import Given
from vedette.api.shapes.probes import Alive, Owned, Ready
from vedette.service.caller import Caller
from vedette.telemetry.exposition import Dialect, dialect_for, render

router = APIRouter(tags=["probes"])

Measurer = Annotated[Caller, Security(allowed, scopes=["metrics:read"])]

#: Seconds by which a loop may be late and still be called alive: a start anew costs more.
LATE: Final = 5.0


@router.get("/livez")
async def get_alive(services: Given) -> Alive:
    """Say that the process is alive."""
    if services.running.lag > LATE:
        raise refuse("overloaded", f"the loop is {services.running.lag:.1f} s late")
    return Alive(lag=round(services.running.lag, 3))


@router.get("/readyz")
async def get_ready(services: Given) -> Ready:
    """Say whether requests can be served: the store is there, of this version, and so is the key."""
    if (reason := services.running.is_ready) is not None:
        raise refuse("overloaded", reason)
    await services.ready()
    return Ready()


@router.get("/ownerz")
async def get_owned(_caller: Measurer, services: Given) -> Owned:
    """Say what this instance carries."""
    found = services.running.ownership()
    return Owned(
        instance=found.instance,
        is_running=services.running.is_running,
        shards={str(shard): epoch for shard, epoch in sorted(found.shards.items())},
        sessions=found.sessions,
        oldest_age=found.oldest_age,
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {each.value: {"schema": {"type": "string"}} for each in Dialect}}},
)
async def get_metrics(_caller: Measurer, request: Request) -> Response:
    """Return the numbers of this instance, as Prometheus or as OpenMetrics reads them."""
    dialect = dialect_for(request.headers.get("accept", ""))
    return Response(render(dialect), headers={"content-type": dialect.value})
