"""What probes answer, as JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vedette.api.shapes.model import Shown


class Alive(Shown):
    """The process answers."""

    status: Literal["alive"] = "alive"
    lag: float = Field(description="Seconds by which the loop is late.")


class Ready(Shown):
    """Requests can be served."""

    status: Literal["ready"] = "ready"


class Owned(Shown):
    """What this instance carries."""

    instance: str
    is_running: bool
    shards: dict[str, int] = Field(description="The epoch of each shard that it owns.")
    sessions: int
    oldest_age: float | None = Field(
        description="Seconds for which the oldest undelivered event waits."
    )
