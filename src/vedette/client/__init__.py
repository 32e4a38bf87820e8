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
    Outcome,
    Removal,
    Verified,
)
from vedette.client.audit import Entry, Trail, TrailVerified
from vedette.client.client import Client
from vedette.client.consents import Consent
from vedette.client.keys import Key, KeyWish, NewKey
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
    "Alive",
    "Alteration",
    "Batch",
    "BatchDone",
    "Client",
    "Consent",
    "Entry",
    "Finding",
    "Key",
    "KeyWish",
    "Mistake",
    "NewKey",
    "Outcome",
    "Owned",
    "Page",
    "Preferences",
    "PreferencesChange",
    "Preview",
    "Problem",
    "ProblemError",
    "Ready",
    "Removal",
    "Tenant",
    "TenantChange",
    "TenantWish",
    "Trail",
    "TrailVerified",
    "Unset",
    "Verified",
]
