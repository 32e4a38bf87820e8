"""A typed client of the HTTP API: ``async with Client.at(url, key=key) as vedette: …``.

It knows nothing of the service but its contract, and a test holds it to the published document.
"""

from __future__ import annotations

from vedette.client.accounts import (
    Account,
    AccountChange,
    AccountStatus,
    AccountWish,
    Alteration,
    Batch,
    BatchDone,
    Finding,
    Imported,
    Outcome,
    Removal,
    Verified,
)
from vedette.client.audit import Entry, Trail, TrailVerified
from vedette.client.autoconfig import Discovery, Hint, Proposal, Tried
from vedette.client.client import Client
from vedette.client.consents import Consent
from vedette.client.events import Event, Pulled, Reader, Standing, Told
from vedette.client.keys import Key, KeyWish, NewKey
from vedette.client.links import Link, LinkAccount, LinkWish, NewLink, Terms
from vedette.client.logs import Line, Log
from vedette.client.mailbox import (
    Address,
    Attachment,
    Authentication,
    Body,
    Envelope,
    Folder,
    FolderName,
    Mailbox,
    Marked,
    Message,
    Moved,
    Pointer,
    Search,
)
from vedette.client.oauth import (
    App,
    AppChange,
    AppWish,
    Authorization,
    AuthorizeWish,
    Device,
    DeviceWish,
    Grant,
    Poll,
)
from vedette.client.operation import Page
from vedette.client.probes import Alive, Owned, Ready
from vedette.client.problem import Mistake, Problem, ProblemError
from vedette.client.settings import Preferences, PreferencesChange
from vedette.client.shape import UNSET, Unset
from vedette.client.tenants import Preview, Tenant, TenantChange, TenantWish

__all__ = [
    "UNSET",
    "Account",
    "AccountChange",
    "AccountStatus",
    "AccountWish",
    "Address",
    "Alive",
    "Alteration",
    "App",
    "AppChange",
    "AppWish",
    "Attachment",
    "Authentication",
    "Authorization",
    "AuthorizeWish",
    "Batch",
    "BatchDone",
    "Body",
    "Client",
    "Consent",
    "Device",
    "DeviceWish",
    "Discovery",
    "Entry",
    "Envelope",
    "Event",
    "Finding",
    "Folder",
    "FolderName",
    "Grant",
    "Hint",
    "Imported",
    "Key",
    "KeyWish",
    "Line",
    "Link",
    "LinkAccount",
    "LinkWish",
    "Log",
    "Mailbox",
    "Marked",
    "Message",
    "Mistake",
    "Moved",
    "NewKey",
    "NewLink",
    "Outcome",
    "Owned",
    "Page",
    "Pointer",
    "Poll",
    "Preferences",
    "PreferencesChange",
    "Preview",
    "Problem",
    "ProblemError",
    "Proposal",
    "Pulled",
    "Reader",
    "Ready",
    "Removal",
    "Search",
    "Standing",
    "Tenant",
    "TenantChange",
    "TenantWish",
    "Terms",
    "Told",
    "Trail",
    "TrailVerified",
    "Tried",
    "Unset",
    "Verified",
]
