"""All use cases over a state in memory with a real vault, and the callers that ask them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from tests.support.memory_records import MemoryRecords
from tests.support.memory_trust import MemoryTrust, TrustRows
from vedette.config.guards import parsed
from vedette.config.settings import EndpointSettings, GuardSettings
from vedette.identity.vault import Vault
from vedette.identity.wrapping import Keyring, WrappingKey
from vedette.model.delivery import Endpoint, Selection
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.ports.clock import Clock
from vedette.ports.consent import Consents
from vedette.ports.records import Kind, Records
from vedette.ports.registration import Registration
from vedette.secret import Secret
from vedette.service.accounts.accounts import Accounts
from vedette.service.accounts.agreements import Agreements
from vedette.service.accounts.batches import Batches
from vedette.service.accounts.elsewhere import Elsewhere
from vedette.service.accounts.importing import Importing
from vedette.service.accounts.orders import Orders
from vedette.service.accounts.roll import AccountQuery
from vedette.service.accounts.tenants import Tenants
from vedette.service.cabinet import Cabinet
from vedette.service.caller import Caller, admin
from vedette.service.endpoints.endpoints import Endpoints
from vedette.service.endpoints.filed import FiledEndpoints
from vedette.service.guards.filed import FiledGuards
from vedette.service.guards.guards import Guards
from vedette.sinks.lines import LinesSettings
from vedette.sinks.webhook import WebhookSettings

ADMIN = admin("root")
ACME = TenantId("acme")
OTHER = TenantId("other")
SCOPES = frozenset({"accounts:read", "accounts:write", "endpoints:*", "guards:*", "tenants:read"})
ANNA = Caller(name="anna", tenant=ACME, scopes=SCOPES)
OSCAR = Caller(name="oscar", tenant=OTHER, scopes=SCOPES)
#: The key of the installation, in every state of a desk.
KEY = bytes(range(32))


#: The smallest pack.
PACK = """guard: {name}
symbols:
  A: {{where: [from], exists: true, score: 1}}
verdicts:
  - {{do: mark, at: 1}}
actions:
  mark: {{flag: Seen-by-Guard}}
"""


def filed_endpoint(name: str, *tenants: TenantId, url: str = "") -> EndpointSettings:
    """Return an endpoint of the file: a webhook where there is a URL, else it prints."""
    endpoint = Endpoint(id=EndpointId(name), selection=Selection(tenants=tenants))
    sink = WebhookSettings(url=Secret(url)) if url else LinesSettings()
    return EndpointSettings(endpoint=endpoint, sink=sink)


def filed_guard(name: str, *tenants: TenantId) -> GuardSettings:
    """Return a guard of the file."""
    text = PACK.format(name=name)
    pack = parsed(text, file=f"{name}.yaml")
    return GuardSettings(pack=pack, text=text, base=Path("/packs"), tenants=tenants)


class HandClock:
    """A wall clock that goes on by a second each time it is read."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def now(self) -> float:
        self.at += 1.0
        return self.at


class Trust(MemoryTrust):
    """The consents and the audit of a state in memory."""

    def __init__(self) -> None:
        self.rows = TrustRows()

    def _trust(self, *, writes: bool = False) -> TrustRows:
        return self.rows


class Desk:
    """All use cases over any store of records, and its consents."""

    def __init__(self, records: Records, consents: Consents, clock: Clock) -> None:
        self.consents = consents
        self.vault = Vault(records, Keyring(WrappingKey(Secret(KEY))), clock)
        numbers = count(1)
        #: What the configuration file has.
        self.file_endpoints: tuple[EndpointSettings, ...] = ()
        self.file_guards: tuple[GuardSettings, ...] = ()
        #: The endpoints by which held guards tell their partners.
        self.partners: set[str] = set()
        self.cabinet = Cabinet(records, self.vault, clock, lambda: f"a{next(numbers):04}")
        self.tenants = Tenants(self.cabinet, consents)
        self.elsewhere = Elsewhere()
        self.accounts = Accounts(self.cabinet, self.tenants, consents, self.elsewhere)
        self.orders = Orders(self.cabinet, self.accounts)
        self.agreements = Agreements(self.cabinet, self.accounts, consents)
        self.batches = Batches(self.cabinet, self.accounts)
        self.endpoints = Endpoints(
            self.cabinet,
            self.tenants,
            filed=FiledEndpoints(lambda: self.file_endpoints),
            partners=self._partners,
            dice=lambda count: b"d" * count,
        )
        self.guards = Guards(
            self.cabinet, self.tenants, filed=FiledGuards(lambda: self.file_guards)
        )
        self.importing = Importing(self.cabinet, self.accounts)

    async def _partners(self) -> frozenset[str]:
        return frozenset(self.partners)

    async def account(self, caller: Caller = ANNA, **members: object) -> Registration:
        """Register an account."""
        return await self.accounts.create(caller, wish(**members))

    async def accounts_of(self, caller: Caller = ANNA) -> dict[str, Registration]:
        """Return all accounts that a caller sees."""
        page = await self.accounts.page(caller, AccountQuery(limit=1_000))
        return {each.account.id: each for each in page.items}

    async def secrets(self, id_: AccountId, kind: Kind = Kind.ACCOUNT) -> Mapping[str, str]:
        """Return the secrets beside a record, opened."""
        found = await self.cabinet.records.secrets(kind, [id_])
        opened = await self.vault.open_all(found)
        return {name: each.reveal() for name, each in opened.secrets.get(id_, {}).items()}


class Office(Desk):
    """What a service has, in memory, where a test can look into it."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.trust = Trust()
        self.records = MemoryRecords(self.clock, note=self.trust.rows.keep)
        super().__init__(self.records, self.trust, self.clock)

    def audit(self, what: str) -> list[dict[str, object]]:
        """Return the details of what the audit says of a kind of deed."""
        return [
            {"actor": each.actor, **json.loads(each.detail)}
            for each in self.trust.rows.audit
            if each.what == what
        ]


async def office() -> Office:
    """Return one with two tenants."""
    made = Office()
    await made.tenants.create(ADMIN, {"name": "Acme"}, id_=ACME)
    await made.tenants.create(ADMIN, {"name": "Other"}, id_=OTHER)
    return made


def wish(**members: object) -> dict[str, object]:
    """Return the form of an account; a member that is ``...`` is left out."""
    whole: dict[str, object] = {
        "email": "jane@example.org",
        "host": "mail.example.org",
        "password": Secret("hunter2"),
        **members,
    }
    return {name: each for name, each in whole.items() if each is not ...}
