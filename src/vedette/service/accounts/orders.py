"""What people tell an account beside what it is: pause, resume, connect anew, follow anew.

Which reason gives way to which is in ``pausing.py``. It must not know how a session is ended: who
watches follows the records.
"""

from __future__ import annotations

from dataclasses import replace

from vedette.model.ids import AccountId
from vedette.ports.records import Record
from vedette.ports.registration import Pause, Registration, Resync
from vedette.service.accounts import fields
from vedette.service.accounts.accounts import Accounts
from vedette.service.accounts.pausing import is_for, started, stopped
from vedette.service.accounts.registration import record_of, registration_of
from vedette.service.accounts.tenant import Tenant
from vedette.service.cabinet import Cabinet, Decide, Versions, Writing
from vedette.service.caller import Caller
from vedette.service.refusals import ConflictError, PlanLimitError, invalid


class Orders:
    """Every method returns the account as it is then, and raises NotFoundError, ReadOnlyError."""

    __slots__ = ("_accounts", "_cabinet")

    def __init__(self, cabinet: Cabinet, accounts: Accounts) -> None:
        self._cabinet = cabinet
        self._accounts = accounts

    async def pause(
        self, caller: Caller, id_: AccountId, *, expected: Versions = None
    ) -> Registration:
        """Stop watching until a person resumes it. What pauses it already stands over that."""
        return await self._stop(caller, id_, Pause.MANUAL, expected)

    async def park(self, caller: Caller, id_: AccountId) -> Registration:
        """Stop watching because the login was refused: for the service itself to say."""
        caller.needs_admin("to say that a login was refused")
        return await self._stop(caller, id_, Pause.AUTH_FAILURE, None)

    async def resume(
        self, caller: Caller, id_: AccountId, *, expected: Versions = None
    ) -> Registration:
        """End a person's pause. Raises ConflictError, PlanLimitError where that is not enough."""

        async def decide(record: Record) -> Writing | None:
            before = registration_of(record)
            tenant = await self._accounts.tenants.of(record.tenant)
            if not is_for(before, Pause.MANUAL):
                await self._explain(before, tenant)
                return None
            then = started(before, Pause.MANUAL, now=self._cabinet.now())
            return Writing(
                record=record_of(then, over=record),
                what="account.resumed",
                detail={"reason": Pause.MANUAL.value},
            )

        return await self._accounts.change(caller, id_, decide, expected=expected)

    async def reconnect(
        self, caller: Caller, id_: AccountId, *, expected: Versions = None
    ) -> Registration:
        """Connect anew, with the same credentials even where they were refused before."""

        async def decide(record: Record) -> Writing | None:
            before = registration_of(record)
            tenant = await self._accounts.tenants.of(record.tenant)
            then = started(before, Pause.AUTH_FAILURE, now=self._cabinet.now())
            await self._explain(then, tenant)
            if not then.active:
                raise ConflictError("the account is not active, so nothing connects; activate it")
            if then.pause is Pause.MANUAL:
                raise ConflictError("the account is paused by hand, so nothing connects; resume it")
            then = replace(then, reconnect=min(then.reconnect + 1, fields.MOST))
            return Writing(record=record_of(then, over=record), what="account.reconnected")

        return await self._accounts.change(caller, id_, decide, expected=expected)

    async def resync(
        self, caller: Caller, id_: AccountId, since: float, *, expected: Versions = None
    ) -> Registration:
        """Follow the account anew from an instant, in seconds since 1970; events may come again."""
        if not 0 <= since <= self._cabinet.now():
            raise invalid("since", "expected an instant that is past")

        async def decide(record: Record) -> Writing | None:
            before = registration_of(record)
            serial = min(before.resync.serial + 1, fields.MOST)
            then = replace(before, resync=Resync(serial=serial, since=since))
            return Writing(
                record=record_of(then, over=record),
                what="account.resynced",
                detail={"since": since},
            )

        return await self._accounts.change(caller, id_, decide, expected=expected)

    async def _stop(
        self, caller: Caller, id_: AccountId, reason: Pause, expected: Versions
    ) -> Registration:
        decide = self._stopping(reason)
        return await self._accounts.change(caller, id_, decide, expected=expected)

    def _stopping(self, reason: Pause) -> Decide:
        async def decide(record: Record) -> Writing | None:
            before = registration_of(record)
            then = stopped(before, reason, now=self._cabinet.now())
            if then is before:
                return None
            return Writing(
                record=record_of(then, over=record),
                what="account.paused",
                detail={"reason": reason.value},
            )

        return decide

    async def _explain(self, registration: Registration, tenant: Tenant) -> None:
        """Raise why an account stays paused although nobody paused it by hand."""
        if tenant.stopped_at is not None:
            raise ConflictError("the tenant is paused, and all its accounts with it; resume that")
        match registration.pause:
            case Pause.PLAN_LIMIT:
                limit = tenant.max_accounts or 0
                current = (await self._accounts.tenants.quota.preview(tenant.id, limit)).current
                raise PlanLimitError("accounts", current=current, limit=limit)
            case Pause.AUTH_FAILURE:
                raise ConflictError(
                    "the server refused the login: give new credentials, or reconnect to try the "
                    "same ones again"
                )
            case Pause.MANUAL | Pause.TENANT | Pause.CONSENT | None:
                return
