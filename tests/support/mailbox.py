"""Mailboxes that are read on demand: the way to a real server, without an engine that watches.

Must not know: any route.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vedette.app.visit import passing
from vedette.engine.assignment import Assignment
from vedette.engine.world import World
from vedette.model.account import Account, Credentials
from vedette.model.ids import AccountId, TenantId
from vedette.ports.link import Encryption, Target
from vedette.reader import MessageReader
from vedette.secret import Secret


class Doorway:
    """An entrance (``service.mailbox.entrance``) to the accounts that a test lets in."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.known: dict[AccountId, Assignment] = {}

    def live_in(self, scratch: Path) -> None:
        """Have the real network; large messages go through files in a folder."""
        self.world = passing(scratch, MessageReader())

    def assignment(self, account: AccountId) -> Assignment | None:
        return self.known.get(account)

    def let(
        self,
        id_: str,
        port: int,
        *,
        user: str,
        password: str = "pass",
        tenant: str = "acme",
        **account: object,
    ) -> Assignment:
        """Let an account in, on a server on loopback; ``account`` are members of it."""
        made = Account(
            id=AccountId(id_),
            tenant=TenantId(tenant),
            email=f"{user}@example.org",
            credentials=Credentials(user=user, password=Secret(password)),
        )
        target = Target(host="127.0.0.1", port=port, encryption=Encryption.NONE, private=True)
        found = Assignment(account=replace(made, **account), target=target)  # type: ignore[arg-type]
        self.known[made.id] = found
        return found
