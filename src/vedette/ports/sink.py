"""A sink: one endpoint's way out."""

from __future__ import annotations

from typing import Protocol

from vedette.model.delivery import Outcome, Parcel


class Sink(Protocol):
    """Sends parcels to one endpoint. An expected failure is an outcome, never an exception."""

    async def start(self) -> None:
        """Acquire what sending needs. Raises SinkError when the settings can not work."""

    async def stop(self) -> None:
        """Release it. Idempotent."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Send one parcel; the caller sets the deadline of last resort."""
