"""Where the state is: ``[store]``, for the Postgres that several instances share."""

from __future__ import annotations

from urllib.parse import urlsplit

from vedette.config.accounts import secret_of
from vedette.config.document import Table
from vedette.config.environment import STORE, WORKER, host_name, secret, variable
from vedette.config.settings import StoreSettings
from vedette.errors import UsageError
from vedette.ownership.shard import InstanceId
from vedette.ownership.wish import FULL_WEIGHT
from vedette.secret import Secret

#: What a Postgres is called in URLs.
SCHEMES = ("postgres", "postgresql")

#: Bounds of a weight: a hundredth, or ten times of what another carries.
_LIGHTEST, _HEAVIEST = 1, 10 * FULL_WEIGHT


def read_store(table: Table, *, given: Secret[str] | None = None) -> StoreSettings | None:
    """Read where the state is; None for SQLite in the state folder. Raises ConfigError.

    What is ``given`` goes before the environment, and that before the file.
    """
    named = secret_of(table, "url")
    url = given or secret(STORE) or named
    instance = table.text("instance") or host_name()
    weight = table.whole("weight", FULL_WEIGHT, low=_LIGHTEST, high=_HEAVIEST)
    migrates = table.flag("migrate", default=True)
    table.done()
    if url is None:
        return None
    try:
        checked(url)
    except UsageError as error:
        table.fail("url", str(error))
    worker = variable(WORKER)
    name = instance if worker is None else f"{instance}/{worker}"
    return StoreSettings(url=url, instance=InstanceId(name), weight=weight, migrates=migrates)


def checked(url: Secret[str]) -> Secret[str]:
    """Return the URL of a Postgres. Raises UsageError for another, without the URL in it."""
    try:
        scheme = urlsplit(url.reveal()).scheme
    except ValueError:
        scheme = ""
    if scheme not in SCHEMES:
        raise UsageError("the store is no postgres://user:password@host:port/database")
    return url
