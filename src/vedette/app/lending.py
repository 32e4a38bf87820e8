"""What the engine lends to those who read a mailbox on demand (``service.mailbox.entrance``).

It must not know what they ask.
"""

from __future__ import annotations

from vedette.app.engine import Engine
from vedette.engine.assignment import Assignment
from vedette.engine.world import World
from vedette.model.ids import AccountId


class Lending:
    """The way of an engine to mail servers, also for accounts that another instance watches."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def world(self) -> World | None:
        """Return what the watch itself lives in; None where nothing is watched."""
        supervisor = self._engine.supervisor
        return None if supervisor is None or not self._engine.started else supervisor.world

    def assignment(self, account: AccountId) -> Assignment | None:
        """Return an account as it is set now."""
        found = self._engine.registered.account(account)
        return None if found is None else Assignment(account=found.account, target=found.target)
