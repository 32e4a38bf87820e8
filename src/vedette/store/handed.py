"""What one commit claims for those who have room, while it queues it; see ``ports.store.Taker``.

It knows parcels and takers, and nothing of the rows that they come from.
"""

from __future__ import annotations

from collections.abc import Iterable

from vedette.crashpoint import Crashpoint, crashpoint
from vedette.model.delivery import Parcel, Posting
from vedette.model.ids import EndpointId
from vedette.ports.store import Taker


class Handed:
    """What one commit claims for its takers while it queues it."""

    __slots__ = ("_by_endpoint",)

    def __init__(self, takers: Iterable[Taker] = ()) -> None:
        self._by_endpoint: dict[EndpointId, tuple[Taker, list[Parcel]]] = {
            taker.endpoint: (taker, []) for taker in takers
        }

    def taker(self, endpoint: EndpointId) -> Taker | None:
        """Return who takes the next delivery of an endpoint, if anybody does."""
        taker, parcels = self._by_endpoint.get(endpoint, (None, ()))
        return taker if taker is not None and len(parcels) < taker.limit else None

    def put(self, posting: Posting, endpoint: EndpointId, delivery: int, body: bytes) -> None:
        """Note one delivery that was claimed."""
        self._by_endpoint[endpoint][1].append(
            Parcel(
                delivery=delivery,
                endpoint=endpoint,
                event=posting.event,
                type=posting.type,
                lane=posting.lane,
                body=body,
                attempt=1,
                queued_at=posting.time,
            )
        )

    def tell(self) -> None:
        """Hand it over; on the loop, once it is on disk."""
        handed = [each for each in self._by_endpoint.values() if each[1]]
        if handed:
            crashpoint(Crashpoint.UNWOKEN)
        for taker, parcels in handed:
            taker.take(parcels)
