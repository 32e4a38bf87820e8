"""What the API is made of: the use cases, and what serves them. Nothing of it is global.

It must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from vedette.api.hall import Hall
from vedette.api.idempotency import Safe
from vedette.api.rules import Rules
from vedette.config.api import ApiSettings
from vedette.identity.autoconfig.discovery import ISPDB
from vedette.ports.clock import Clock
from vedette.ports.records import Records
from vedette.service.accounts.accounts import Accounts
from vedette.service.accounts.agreements import Agreements
from vedette.service.accounts.batches import Batches
from vedette.service.accounts.counting import Counts
from vedette.service.accounts.importing import Importing
from vedette.service.accounts.listening import Listening
from vedette.service.accounts.orders import Orders
from vedette.service.accounts.overview import Overview
from vedette.service.accounts.tenants import Tenants
from vedette.service.accounts.verifying import Verifying
from vedette.service.diagnosis.casebook import Casebook
from vedette.service.endpoints.endpoints import Endpoints
from vedette.service.endpoints.outgoing import Outgoing
from vedette.service.events.feed import Feed
from vedette.service.guards.chronicle import Chronicle
from vedette.service.guards.guards import Guards
from vedette.service.guards.rehearsing import Rehearsing
from vedette.service.guards.warding import Warding
from vedette.service.history import History
from vedette.service.keys import Keys
from vedette.service.mailbox.mailboxes import Mailboxes
from vedette.service.preferences import PreferenceBook
from vedette.service.running import Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardroom:
    """All that is about guards: which there are, what people do with them, what they did, a try."""

    guards: Guards
    warding: Warding
    chronicle: Chronicle
    rehearsing: Rehearsing


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What routes call."""

    rules: Rules
    records: Records
    is_sole: bool
    """Whether no other instance has the state."""
    safe: Safe
    clock: Clock
    keys: Keys
    tenants: Tenants
    accounts: Accounts
    orders: Orders
    agreements: Agreements
    batches: Batches
    importing: Importing
    listening: Listening
    overview: Overview
    verifying: Verifying
    mailboxes: Mailboxes
    history: History
    preferences: PreferenceBook
    hall: Hall
    feed: Feed
    endpoints: Endpoints
    outgoing: Outgoing
    guardroom: Guardroom
    counts: Counts
    casebook: Casebook
    running: Running
    ready: Callable[[], Awaitable[None]]
    """Raises VedetteError where the state can not be served: away, of another version, no key."""

    def go_over(self, settings: ApiSettings) -> None:
        """Serve by other settings from now on; where, and what routes there are, stays."""
        before = self.rules.settings
        self.rules.go_over(settings)
        self.hall.whereabouts.move(settings.public_url, settings.return_to)
        if settings.ispdb is not before.ispdb:
            self.hall.discovering.believe(ISPDB if settings.ispdb else None)


def _given(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


#: The services of the app that is asked.
Given = Annotated[Services, Depends(_given)]
