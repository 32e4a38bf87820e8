"""What is written when a consent ends here, so that its provider is told of it as well.

It goes into the same transaction as the end: an account is never deleted without it, and no provider
is told of what was not deleted. Who asks the provider reads it from the state (``app.revoking``).
It must not know why a consent ends.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from vedette.errors import VedetteError
from vedette.identity.datakeys import NOBODY
from vedette.identity.oauth.apps import CLIENT, SHARED, App, Client, client_of
from vedette.identity.oauth.apps import read as read_app
from vedette.identity.oauth.consent import TOKENS, Consent, consent_of
from vedette.identity.oauth.revocation import (
    ASKED,
    Revocation,
    asked_of,
    record_of,
    revocation,
    revocation_of,
)
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Put, Record
from vedette.service.cabinet import Cabinet

_log = structlog.stdlib.get_logger(__name__)


class Parting:
    """Each method returns what is to be written beside the end of a consent: one thing, or nothing.

    What can not be read is told of in the log and left out: it is no reason to keep a consent.
    """

    __slots__ = ("_cabinet",)

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet

    async def of(self, record: Record) -> list[Put]:
        """Return it for a record that goes; for one that is no grant it is nothing."""
        return await self._kept(record, None)

    async def of_tenant(self, record: Record) -> list[Put]:
        """Return it for a record that goes with its tenant, whose keys go too: it is nobody's."""
        return await self._kept(record, NOBODY)

    async def of_consent(self, consent: Consent, app: App, client: Client) -> list[Put]:
        """Return it for a consent that was given and is not kept at all."""
        now = self._cabinet.now()
        found = revocation(consent, app, client, id_=self._cabinet.new_id(), now=now)
        return [] if found is None else [await self._put(found)]

    async def _kept(self, record: Record, keeper: TenantId | None) -> list[Put]:
        try:
            found = await self._found(record)
            if found is None:
                return []
            return [await self._put(found if keeper is None else replace(found, tenant=keeper))]
        except (VedetteError, KeyError) as error:
            _log.warning("oauth.revocation_lost", account=record.id, error=str(error))
            return []

    async def _found(self, record: Record) -> Revocation | None:
        id_ = self._cabinet.new_id()
        if record.kind is Kind.REVOCATION:
            asked = (await self._cabinet.opened(record))[ASKED]
            return replace(revocation_of(record, asked), id=id_)
        if record.kind is not Kind.GRANT:
            return None
        consent = consent_of(record, (await self._cabinet.opened(record))[TOKENS])
        known = await self._app(consent)
        if known is None:
            return None
        return revocation(consent, *known, id_=id_, now=self._cabinet.now())

    async def _app(self, consent: Consent) -> tuple[App, Client] | None:
        for tenant in (consent.tenant, SHARED):
            record = await self._cabinet.records.record(Kind.APP, consent.app, tenant=tenant)
            if record is not None:
                app, sealed = read_app(record), await self._cabinet.opened(record)
                known = sealed.get(CLIENT)
                return app, Client(id=app.client_id) if known is None else client_of(known)
        return None

    async def _put(self, found: Revocation) -> Put:
        sealed = await self._cabinet.sealer.seal(
            Kind.REVOCATION, found.tenant, found.id, ASKED, asked_of(found)
        )
        return Put(record=record_of(found), expected=0, secrets={ASKED: sealed})
