"""From a row of the host's table to an account.

What is wrong with a row is told by its id and column, and is that row's alone: the account stands
as refused, with these words, and the others go on. It must not know where rows come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vedette.errors import VedetteError
from vedette.model.account import Account, Credentials, Depth
from vedette.model.ids import AccountId, TenantId
from vedette.ports.registration import Grant, Origin, Pause, Registration
from vedette.ports.source import Sourced
from vedette.sources import value
from vedette.sources.cipher import Cipher
from vedette.sources.handback import Place
from vedette.sources.login import Logins
from vedette.sources.row import FieldError, Row, fields_of, spoken
from vedette.sources.server import Servers
from vedette.sources.settings import Column, SourceSettings
from vedette.sources.value import UnfitError, Value

#: Reasons of a pause that others have other words for.
_REASONS: Final = {
    **{each.value: each for each in Pause},
    "auth": Pause.AUTH_FAILURE,
    "auth_revoked": Pause.AUTH_FAILURE,
    "plan": Pause.PLAN_LIMIT,
    "tenant_cancelled": Pause.TENANT,
}


class RowError(VedetteError):
    """A row can not be an account at all: nobody can tell whose it is."""

    code = "row"


class Reading:
    """Reads the rows of one query; made anew for each, as its columns may have changed."""

    __slots__ = ("_fields", "_logins", "_servers", "_settings")

    def __init__(
        self, settings: SourceSettings, given: Sequence[str], cipher: Cipher | None
    ) -> None:
        """``given`` are the columns that the query yields. Raises ColumnsError."""
        self._settings = settings
        self._fields = fields_of(settings, given)
        self._servers = Servers(settings, self._fields)
        self._logins = Logins(settings, self._fields, cipher)

    def told(self, row: Row) -> tuple[Value, ...]:
        """Return the values that an account is made of: equal ones make an equal account."""
        return tuple(row[each] for each in self._fields.used)

    def id(self, row: Row) -> AccountId:
        """Return whose row it is. Raises RowError."""
        try:
            found = self._fields.get(row, Column.ID, value.word)
        except FieldError as error:
            raise RowError(f"a row of {self._settings.name}: {error}") from None
        if found is None:
            raise RowError(f"a row of {self._settings.name}: id: is NULL")
        return AccountId(self._settings.prefix + found)

    def key(self, row: Row) -> Value:
        """Return the id as the database has it, for what is written back."""
        return self._fields.raw(row, Column.ID)

    def place(self, row: Row) -> Place | None:
        """Return where a new refresh token goes back to; None where none does."""
        if self._settings.write.refresh_token is None or Column.REFRESH_TOKEN not in self._fields:
            return None
        sealed = self._settings.cipher
        aad = "" if sealed is None else spoken(sealed.aad, row)
        return Place(self.key(row), aad, self._fields.raw(row, Column.REFRESH_TOKEN))

    def account(self, row: Row) -> Sourced:
        """Return the account of a row, refused where something is wrong. Raises RowError."""
        id_ = self.id(row)
        try:
            return self._made(id_, row)
        except FieldError as error:
            words = f"the row {value.shown(id_)} of {self._settings.name}: {error}"
            return Sourced(registration=self._bare(id_, row), refused=words)

    def _made(self, id_: AccountId, row: Row) -> Sourced:
        get, mail = self._fields.get, self._settings.mail
        email = get(row, Column.EMAIL, value.word) or ""
        user = get(row, Column.USER, value.word) or email
        if not user:
            raise FieldError(Column.USER, "is missing, and so is email: nobody to log in as")
        active, pause = self._active(row), self._pause(row)
        # Who gave no consent yet is connected all the same; other pauses need no login.
        is_connected = active and pause in {None, Pause.CONSENT}
        grant, secrets = self._logins.of(row) if is_connected else (Grant(), {})
        account = Account(
            id=id_,
            tenant=TenantId(get(row, Column.TENANT, value.word) or mail.tenant),
            email=email or user,
            credentials=Credentials(user=user),
            folders=get(row, Column.FOLDERS, value.texts) or mail.folders,
            beginning=mail.beginning,
            depth=get(row, Column.DEPTH, _depth) or mail.depth,
            cover=mail.cover,
            trusted_authserv=mail.authserv,
            max_message=mail.max_message,
        )
        registration = Registration(
            account=account,
            target=self._servers.target(row, email or user),
            title=get(row, Column.TITLE, value.text) or "",
            tags=get(row, Column.TAGS, value.texts) or (),
            grant=grant,
            active=active,
            pause=pause,
            paused_at=None if pause is None else get(row, Column.PAUSED_AT, value.instant),
            # What the row says of consent has the word; where it says none, the state may.
            consent=self._settings.consent if pause is Pause.CONSENT else None,
            origin=Origin.TABLE,
        )
        return Sourced(registration=registration, secrets=secrets)

    def _bare(self, id_: AccountId, row: Row) -> Registration:
        """Return as much as can be told of an account whose row is unfit."""
        user, email = self._known(row, Column.USER), self._known(row, Column.EMAIL)
        account = Account(
            id=id_,
            tenant=TenantId(self._known(row, Column.TENANT) or self._settings.mail.tenant),
            email=email or user,
            credentials=Credentials(user=user or email),
        )
        return Registration(
            account=account,
            target=self._servers.guess(row, account.email),
            title=self._known(row, Column.TITLE),
            origin=Origin.TABLE,
        )

    def _known(self, row: Row, column: Column) -> str:
        try:
            return self._fields.get(row, column, value.text) or ""
        except FieldError:
            return ""

    def _active(self, row: Row) -> bool:
        if Column.ACTIVE not in self._fields:
            return True
        found = self._fields.get(row, Column.ACTIVE, value.flag)
        if found is None:
            # To guess here would be to guess whether somebody's mail is read.
            raise FieldError(Column.ACTIVE, "is NULL, neither yes nor no")
        return found

    def _pause(self, row: Row) -> Pause | None:
        """Return why it is paused: as its row says, or for want of the owner's consent."""
        get = self._fields.get
        reason = (get(row, Column.PAUSE_REASON, value.text) or "").lower()
        if Column.PAUSED in self._fields:
            is_paused = get(row, Column.PAUSED, _is_set) or False
        else:
            is_paused = bool(reason) or get(row, Column.PAUSED_AT, value.instant) is not None
        if is_paused:
            return _REASONS.get(reason, Pause.MANUAL)
        if self._settings.consent is None:
            return None
        given = get(row, Column.CONSENT, value.text)
        return None if given == self._settings.consent else Pause.CONSENT


def _depth(given: Value) -> Depth:
    found = value.text(given).lower()
    try:
        return Depth(found)
    except ValueError:
        raise UnfitError(f"is {value.shown(found)}, none of {', '.join(Depth)}") from None


def _is_set(given: Value) -> bool:
    """Return whether a pause is noted: by a flag, or by the instant at which it began."""
    try:
        return value.flag(given)
    except UnfitError:
        value.instant(given)
        return True
