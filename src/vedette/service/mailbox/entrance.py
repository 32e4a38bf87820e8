"""The way to mail servers, as the engine of this process has it: a port.

It must not know the engine.
"""

from __future__ import annotations

from typing import Protocol

from vedette.engine.assignment import Assignment
from vedette.engine.world import World
from vedette.model.ids import AccountId


class Entrance(Protocol):
    """What is lent to those who read a mailbox on demand."""

    @property
    def world(self) -> World | None:
        """Return network, clock, reader and tokens; None before the engine runs, and after."""

    def assignment(self, account: AccountId) -> Assignment | None:
        """Return an account as it is to be logged in to now, wherever it is kept; None: unknown."""
