"""What serves those who connect mailboxes: OAuth 2.0, connect links, and the search for a server.

It must not know HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass

from vedette.api.visitor import Visits
from vedette.config.api import ApiSettings
from vedette.identity.autoconfig.asking import LaterNames
from vedette.identity.autoconfig.discovery import ISPDB, Inquiry
from vedette.identity.autoconfig.pages import WebPages
from vedette.identity.oauth.transport import Transport
from vedette.identity.vault import Vault
from vedette.net.address import AddressGuard
from vedette.service.accounts.accounts import Accounts
from vedette.service.accounts.agreements import Agreements
from vedette.service.accounts.discovering import Discovering
from vedette.service.accounts.verifying import Verifying
from vedette.service.cabinet import Cabinet
from vedette.service.links.links import Links
from vedette.service.links.onboarding import Onboarding
from vedette.service.oauth.apps import OAuthApps
from vedette.service.oauth.connecting import Connecting
from vedette.service.oauth.devices import Devices
from vedette.service.preferences import PreferenceBook
from vedette.service.signet import Signet
from vedette.service.whereabouts import Whereabouts


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """What routes call."""

    apps: OAuthApps
    connecting: Connecting
    devices: Devices
    links: Links
    onboarding: Onboarding
    discovering: Discovering
    signet: Signet
    whereabouts: Whereabouts
    visits: Visits


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What it stands on: use cases, and the ways out to other services."""

    cabinet: Cabinet
    vault: Vault
    accounts: Accounts
    agreements: Agreements
    verifying: Verifying
    preferences: PreferenceBook
    transport: Transport
    inquiry: Inquiry


def hall(around: Around, settings: ApiSettings) -> Hall:
    """Return the use cases of those who connect mailboxes."""
    cabinet, accounts = around.cabinet, around.accounts
    connecting = Connecting(cabinet, around.vault, around.transport, accounts.elsewhere)
    signet = Signet(cabinet)
    whereabouts = Whereabouts(settings.public_url, around.preferences, settings.return_to)
    links = Links(cabinet, accounts, signet, whereabouts, around.preferences)
    discovering = Discovering(around.inquiry)
    return Hall(
        apps=OAuthApps(cabinet, accounts.tenants, accounts.ports),
        connecting=connecting,
        devices=Devices(connecting),
        links=links,
        onboarding=Onboarding(
            links, accounts, around.agreements, around.verifying, connecting, discovering
        ),
        discovering=discovering,
        signet=signet,
        whereabouts=whereabouts,
        visits=Visits(),
    )


def usual(settings: ApiSettings) -> Inquiry:
    """Return whom to ask for mailboxes: the DNS of this machine, and the web by public addresses."""
    return Inquiry(
        names=LaterNames(),
        pages=WebPages(guard=AddressGuard()),
        ispdb=ISPDB if settings.ispdb else None,
    )
