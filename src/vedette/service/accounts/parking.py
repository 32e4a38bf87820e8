"""That the logins of an account are refused, as its record says it: decided, for many at once.

An account is parked for the credentials that were refused. Where it has others by now, or somebody
wished for another try, the refusal is about what is gone, and nothing is written. It must not know how
a refusal is learned, nor keep anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vedette.errors import VedetteError
from vedette.model.account import Account
from vedette.ports.records import Note, Put, Record
from vedette.ports.registration import Auth, Pause, Registration
from vedette.secret import Secret
from vedette.service.accounts.pausing import is_for, stopped
from vedette.service.accounts.registration import record_of, registration_of
from vedette.service.cabinet import noted
from vedette.service.caller import admin

#: Who says so in the audit.
_SERVICE: Final = admin("service")


def parking(
    record: Record, secrets: Mapping[str, Secret[str]], refused: Account, *, now: float
) -> tuple[Put, Note] | None:
    """Return what parks an account in its record, or None where that is not to be.

    ``secrets`` are those beside the record, and ``refused`` is the account as it was watched. The
    write holds for this version of the record alone.
    """
    try:
        found = registration_of(record)
    except VedetteError:
        # A newer version wrote it; an instance of that watches it.
        return None
    if not _is_it(found, secrets, refused) or is_for(found, Pause.AUTH_FAILURE):
        return None
    then = stopped(found, Pause.AUTH_FAILURE, now=now)
    if then is found:
        return None
    detail = {"reason": Pause.AUTH_FAILURE.value}
    note = noted(_SERVICE, "account.paused", record, detail)
    return Put(record=record_of(then, over=record), expected=record.version), note


def _is_it(found: Registration, secrets: Mapping[str, Secret[str]], refused: Account) -> bool:
    """Tell whether an account still logs in as it was refused to."""
    watched = refused.credentials
    if found.reconnect != refused.demand.reconnect:
        return False
    if found.account.credentials.user != watched.user:
        return False
    if found.grant.auth is Auth.PASSWORD:
        own = secrets.get("password"), secrets.get("token")
        return watched.grant is None and own == (watched.password, watched.token)
    return watched.grant is not None
