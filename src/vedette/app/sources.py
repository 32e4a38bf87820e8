"""From the settings of a host table to the source that reads it."""

from __future__ import annotations

from vedette.net.address import PRIVATE, AddressGuard
from vedette.ports.clock import Clock, Dice
from vedette.sources.database import open_database
from vedette.sources.settings import SourceSettings
from vedette.sources.table import TableSource


def build_source(settings: SourceSettings, *, clock: Clock, dice: Dice) -> TableSource:
    """Return the source, which nobody has run yet.

    Raises ConfigError, with what to install, where the library of its database is not there.
    """
    guard = AddressGuard(allow=PRIVATE if settings.location.private else ())
    return TableSource(settings, open_database(settings, guard), clock=clock, dice=dice)
