"""HTTP clients for addresses that users give: endpoints, lists of domains, token services."""

from __future__ import annotations

from vedette.web.client import client
from vedette.web.failure import explained
from vedette.web.trust import trust

__all__ = ["client", "explained", "trust"]
