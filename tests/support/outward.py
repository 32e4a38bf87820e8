"""What an engine lends the API for endpoints and guards, and what it was asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from vedette.config.settings import EndpointSettings
from vedette.model.delivery import Delivered, Outcome, Parcel
from vedette.model.ids import EndpointId
from vedette.ports.store import EventQuery
from vedette.service.endpoints.replay import Bookmark, Replayed


class Post:
    """A way out that queues nothing. It knows every endpoint until a test says otherwise."""

    def __init__(self) -> None:
        self.replayed: list[tuple[EventQuery, EndpointId, Bookmark | None]] = []
        self.redriven: list[tuple[EventQuery, EndpointId]] = []
        self.enabled: list[EndpointId] = []
        self.known = True
        self.rest: Bookmark | None = None
        #: What was tried, and what comes of it.
        self.tried: list[tuple[EndpointSettings, Parcel]] = []
        self.outcome: Outcome = Delivered(detail="200")

    def knows(self, endpoint: EndpointId) -> bool:
        return self.known and bool(endpoint)

    def enable(self, endpoint: EndpointId) -> bool:
        self.enabled.append(endpoint)
        return True

    async def replay(
        self,
        query: EventQuery,
        names: Sequence[EndpointId],
        asked: float | None = None,
        rest: Bookmark | None = None,
    ) -> Replayed:
        assert asked is not None
        self.replayed += [(query, name, rest) for name in names]
        return Replayed(queued=1, rest=self.rest)

    async def redrive(self, query: EventQuery, names: Sequence[EndpointId]) -> tuple[int, bool]:
        self.redriven += [(query, name) for name in names]
        return 1, False

    async def attempt(self, settings: EndpointSettings, parcel: Parcel) -> Outcome:
        self.tried.append((settings, parcel))
        return self.outcome


class GuardDesk:
    """A desk that does all that it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    @property
    def handlers(self) -> dict[str, Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]]:
        words = ("undo", "pause", "resume", "allow", "withdraw", "grant", "sweep")
        return {f"guard.{word}": self._handler(f"guard.{word}") for word in words}

    def _handler(self, command: str) -> Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]:
        async def handle(request: Mapping[str, Any]) -> dict[str, Any]:
            self.asked.append((command, request))
            if command == "guard.undo":
                return {"asked": len(request["actions"]), "held": []}
            if command == "guard.sweep":
                return {"accounts": 1}
            return {"done": "it is done", "waiting": []}

        return handle
