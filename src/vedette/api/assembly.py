"""Puts the use cases together over a state: for a service that runs, and for a command without one.

It must not know how the API is served.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, Protocol

from vedette.api.claims import marking
from vedette.api.hall import Around, hall, usual
from vedette.api.rules import Rules
from vedette.api.services import Guardroom, Services
from vedette.app.guards.protection import told_by
from vedette.config.api import ApiSettings
from vedette.errors import StoreError
from vedette.identity.autoconfig.discovery import Inquiry
from vedette.identity.oauth.transport import Transport
from vedette.identity.vault import Vault
from vedette.ports.audit import Audit
from vedette.ports.clock import Clock
from vedette.ports.completeness import Counted
from vedette.ports.consent import Consents
from vedette.ports.journal import Journal
from vedette.ports.override import Overrides
from vedette.ports.ratchet import Ratchet
from vedette.ports.records import Kind, Recorded
from vedette.ports.store import Store
from vedette.ports.tail import Tail
from vedette.service.accounts.accounts import Accounts
from vedette.service.accounts.agreements import Agreements
from vedette.service.accounts.batches import Batches
from vedette.service.accounts.counting import Counts
from vedette.service.accounts.elsewhere import Elsewhere
from vedette.service.accounts.importing import Importing
from vedette.service.accounts.listening import Listening
from vedette.service.accounts.orders import Orders
from vedette.service.accounts.overview import Overview
from vedette.service.accounts.tenants import Tenants
from vedette.service.accounts.verifying import Verifying
from vedette.service.cabinet import Cabinet
from vedette.service.diagnosis.casebook import Casebook
from vedette.service.endpoints.endpoints import Endpoints
from vedette.service.endpoints.filed import FiledEndpoints
from vedette.service.endpoints.outgoing import Outgoing, Ways
from vedette.service.events.feed import Feed
from vedette.service.guards.chronicle import Chronicle
from vedette.service.guards.filed import FiledGuards
from vedette.service.guards.guards import Guards
from vedette.service.guards.rehearsing import Rehearsing
from vedette.service.guards.warding import Warding, Wards
from vedette.service.history import History
from vedette.service.keys import Keys
from vedette.service.mailbox.entrance import Entrance
from vedette.service.mailbox.mailboxes import Mailboxes
from vedette.service.preferences import PreferenceBook
from vedette.service.running import Examine, Running

#: Octets of an id that is made: 96 bits, in 24 letters.
_OCTETS: Final = 12
#: Seconds within which a store answers that is ready: those who ask wait as long.
READY: Final = 2.0


class State(Store, Recorded, Counted, Consents, Audit, Journal, Overrides, Ratchet, Tail, Protocol):
    """What of a store the use cases need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What the configuration file has."""

    endpoints: FiledEndpoints = field(default_factory=FiledEndpoints)
    guards: FiledGuards = field(default_factory=FiledGuards)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What everything stands on. ``elsewhere`` has the accounts that others keep.

    ``transport`` asks token services; whoever gives it stops it. ``inquiry`` says whom to ask for
    mailboxes, where it is not the whole internet. ``entrance`` is the way to mail servers of an
    engine that runs in this process, as are ``ways`` out and ``wards`` over guards.
    ``filed`` are the settings of the configuration file, as they are by now. ``is_sole`` says that
    no other instance has the state.
    """

    state: State
    vault: Vault
    clock: Clock
    running: Running
    examine: Examine
    elsewhere: Elsewhere
    transport: Transport
    inquiry: Inquiry | None = None
    entrance: Entrance | None = None
    ways: Ways = field(default_factory=Ways)
    wards: Wards = field(default_factory=Wards)
    filed: Filed = field(default_factory=Filed)
    is_sole: bool = False


def assembled(ground: Ground, settings: ApiSettings) -> Services:
    """Return the use cases."""
    state, clock, vault, rules = ground.state, ground.clock, ground.vault, Rules(settings)
    records = marking(state.records)
    cabinet = Cabinet(records, vault, clock, new_id)
    tenants = Tenants(cabinet, state)
    accounts = Accounts(cabinet, tenants, state, ground.elsewhere, rules.ports)
    agreements = Agreements(cabinet, accounts, state)
    verifying = Verifying(accounts, state.records, vault, ground.examine, clock, ground.transport)
    mailboxes = Mailboxes(accounts, state, state, clock, ground.entrance)
    around = Around(
        cabinet=cabinet,
        vault=vault,
        accounts=accounts,
        agreements=agreements,
        verifying=verifying,
        preferences=(preferences := PreferenceBook(cabinet)),
        transport=ground.transport,
        inquiry=ground.inquiry or usual(settings),
    )
    overview = Overview(accounts, ground.running, clock)
    return Services(
        rules=rules,
        records=state.records,
        is_sole=ground.is_sole,
        safe=vault,
        clock=clock,
        keys=Keys(cabinet),
        tenants=tenants,
        accounts=accounts,
        orders=Orders(cabinet, accounts),
        agreements=agreements,
        batches=Batches(cabinet, accounts),
        importing=Importing(cabinet, accounts),
        listening=Listening(accounts, ground.running),
        overview=overview,
        verifying=verifying,
        mailboxes=mailboxes,
        history=History(state),
        preferences=preferences,
        hall=hall(around, settings),
        feed=Feed(state, state, records, clock),
        endpoints=(endpoints := _endpoints(ground, cabinet, tenants, rules)),
        outgoing=Outgoing(endpoints, cabinet, state, state, ground.ways),
        guardroom=_guardroom(ground, cabinet, accounts, tenants, mailboxes),
        counts=Counts(accounts, state),
        casebook=Casebook(overview, state, ground.running, clock),
        running=ground.running,
        ready=_Readiness(state, vault),
    )


def _endpoints(ground: Ground, cabinet: Cabinet, tenants: Tenants, rules: Rules) -> Endpoints:
    return Endpoints(
        cabinet,
        tenants,
        filed=ground.filed.endpoints,
        partners=_Partners(ground.state),
        ports=rules.ports,
    )


def _guardroom(
    ground: Ground, cabinet: Cabinet, accounts: Accounts, tenants: Tenants, mailboxes: Mailboxes
) -> Guardroom:
    state, wards = ground.state, ground.wards
    guards = Guards(cabinet, tenants, filed=ground.filed.guards)
    return Guardroom(
        guards=guards,
        warding=Warding(accounts, guards, cabinet, state, wards),
        chronicle=Chronicle(accounts, guards, state),
        rehearsing=Rehearsing(cabinet, guards, mailboxes, state, wards.state),
    )


def new_id() -> str:
    """Return an id that nobody has."""
    return secrets.token_hex(_OCTETS)


class _Partners:
    """Reads by which endpoints held guards tell their partners. Raises StoreError."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def __call__(self) -> Collection[str]:
        return told_by(await self._state.protections())


class _Readiness:
    """Asks the state, whether it takes writes by what became of the last ones, and for its key."""

    def __init__(self, state: State, vault: Vault) -> None:
        self._state = state
        self._vault = vault

    async def __call__(self) -> None:
        """Raise StoreError, or SecretError, where requests can not be served."""
        try:
            async with asyncio.timeout(READY):
                # A store answers only where its tables are those of this version.
                await self._state.records.record(Kind.SETTING, "ready")
                await self._vault.prove()
        except TimeoutError:
            raise StoreError(f"the store did not answer within {READY:.0f} s") from None
        if (fault := self._state.fault()) is not None:
            raise fault
