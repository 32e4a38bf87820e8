"""The use cases of connect links: an address by which a person connects a mailbox, once.

A link is a record until it is used: whoever uses it takes the record away by its version, so of all
tabs and all replays one alone goes on. Its address has the id, the end and our signature
(``signet.py``): what was made up is refused before anything is read.

It must not know how a page looks, nor how a person proves that a mailbox is theirs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from vedette.identity.oauth.apps import App, Flow, read
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Drop, Kind, Record, RecordQuery
from vedette.secret import Secret
from vedette.service.accounts.accounts import READ, WRITE, Accounts, blank
from vedette.service.accounts.tenant import DEFAULT
from vedette.service.cabinet import Cabinet, Page, Writing, noted
from vedette.service.caller import Caller
from vedette.service.form import Form
from vedette.service.links import anew
from vedette.service.links.link import GoneError, Link, link_of, record_of, terms_of
from vedette.service.oauth.apps import WRITE as CONNECT
from vedette.service.preferences import PreferenceBook
from vedette.service.refusals import (
    ConflictError,
    InvalidError,
    Mistake,
    NotFoundError,
    invalid,
)
from vedette.service.signet import Signet
from vedette.service.whereabouts import Whereabouts

#: Seconds of the longest life of a link, and of the shortest.
LONGEST: Final = 86_400
SHORTEST: Final = 60
#: Seconds for a consent that a host application begins itself: its person is before a browser.
STRAIGHT: Final = 600
#: Apps that one link offers.
MAX_PROVIDERS: Final = 10

#: What of an account a link decides; credentials are the person's to give.
TEMPLATE: Final = frozenset(
    {
        "email", "title", "tags", "host", "port", "encryption", "verifyTls", "ca", "pin",
        "minimumTls", "securityLevel", "private", "user", "folders", "start", "depth", "cover",
        "authserv", "maxMessage", "mechanism",
    }
)  # fmt: skip
#: The purpose of the signature, and how the parts of a token are told apart.
_PURPOSE: Final = "connect"
_DOT: Final = "."
#: Characters of a token: an id, an end and a signature.
_LONGEST: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A link and its address, which nobody is told again."""

    link: Link
    url: str


class Links:
    """What is done with links. Methods of those who make them take who asks first."""

    def __init__(
        self,
        cabinet: Cabinet,
        accounts: Accounts,
        signet: Signet,
        whereabouts: Whereabouts,
        preferences: PreferenceBook,
    ) -> None:
        self._cabinet = cabinet
        self._accounts = accounts
        self._signet = signet
        self._preferences = preferences
        self.whereabouts = whereabouts

    async def create(
        self, caller: Caller, wish: Mapping[str, object], *, tenant: TenantId | None = None
    ) -> Issued:
        """Make a link for a mailbox that is not here yet, or to connect an ``existing`` one anew.

        Raises InvalidError, ForbiddenError, NotFoundError, ReadOnlyError, ConflictError without a
        public URL.
        """
        caller.needs(WRITE)
        form = Form(wish)
        existing = form.optional("existing", longest=255)
        providers = form.texts("providers", most=MAX_PROVIDERS, longest=200)
        usual = (await self._preferences.current()).link_seconds
        seconds = form.whole("expiresIn", usual, low=SHORTEST, high=LONGEST)
        by_password = form.flag("password", default=True) if "password" in form else None
        terms = terms_of(form)
        page = form.optional("returnTo", longest=2_000)
        template = form.raw("account")
        if existing is not None and template:
            form.fail("account", "is not for a link to say of one that is there")
        form.refuse_unknown()
        form.done()
        if existing is None:
            whose = await self._new(caller, tenant, template, providers, by_password=by_password)
        else:
            whose = await self._there(caller, tenant, existing, providers, by_password=by_password)
        expires_at = self._cabinet.now() + seconds
        return await self._issued(
            caller, replace(whose, expires_at=expires_at, return_to=page, terms=terms)
        )

    async def _new(
        self,
        caller: Caller,
        tenant: TenantId | None,
        template: object,
        providers: tuple[str, ...],
        *,
        by_password: bool | None,
    ) -> Link:
        """Return a link for an account that is not there yet."""
        owner = (await self._accounts.owner(caller, tenant)).id
        if not providers and by_password is False:
            raise invalid("providers", "without a password there has to be an app to connect by")
        return Link(
            id=self._cabinet.new_id(),
            tenant=owner,
            account=AccountId(self._cabinet.new_id()),
            expires_at=0.0,
            template=self._template(caller, owner, template),
            providers=providers,
            by_password=by_password is not False,
        )

    async def _there(
        self,
        caller: Caller,
        tenant: TenantId | None,
        account: str,
        providers: tuple[str, ...],
        *,
        by_password: bool | None,
    ) -> Link:
        """Return a link for an account that is there."""
        found = await self._accounts.find(caller, AccountId(account))
        if tenant not in {None, found.account.tenant}:
            raise NotFoundError("account", account)
        offered = anew.ways(found, providers, by_password=by_password)
        return Link(
            id=self._cabinet.new_id(),
            tenant=found.account.tenant,
            account=found.account.id,
            expires_at=0.0,
            template=anew.template(found),
            providers=offered.providers,
            by_password=offered.by_password,
            is_new=False,
        )

    async def straight(
        self, caller: Caller, wish: Mapping[str, object], *, tenant: TenantId | None = None
    ) -> Issued:
        """Make the address at which a browser begins a consent: of an account, or for a new one.

        Raises InvalidError, ForbiddenError, NotFoundError, ConflictError without a public URL.
        """
        caller.needs(CONNECT)
        form = Form(wish)
        app = form.text("app", longest=200)
        account = form.optional("account", longest=255)
        template = form.raw("new")
        page = form.optional("returnTo", longest=2_000)
        is_delegated = form.flag("delegated", default=False)
        if not app:
            form.fail("app", "is missing: the OAuth 2.0 app to connect by")
        if (account is None) == (template is None):
            form.fail("account", "expected the id of an account, or else what is new: of a new one")
        form.refuse_unknown()
        form.done()
        if account is None:
            caller.needs(WRITE)
            owner = (await self._accounts.owner(caller, tenant)).id
            id_ = AccountId(self._cabinet.new_id())
            data = self._template(caller, owner, template)
        else:
            found = await self._accounts.find(caller, AccountId(account))
            owner, id_, data = found.account.tenant, found.account.id, {}
            if tenant not in {None, owner}:
                raise NotFoundError("account", account)
        return await self._issued(
            caller,
            Link(
                id=self._cabinet.new_id(),
                tenant=owner,
                account=id_,
                expires_at=self._cabinet.now() + STRAIGHT,
                template=data,
                providers=(app,),
                by_password=False,
                return_to=page,
                is_new=account is None,
                is_straight=True,
                is_delegated=is_delegated,
            ),
        )

    async def get(self, caller: Caller, id_: str) -> Link:
        """Return a link that was not used yet. Raises NotFoundError."""
        caller.needs(READ)
        return link_of(await self._cabinet.record(caller, Kind.LINK, id_))

    async def page(
        self, caller: Caller, *, after: str = "", tenant: TenantId | None = None, limit: int = 100
    ) -> Page[Link]:
        """Return links that were not used yet, in the order of their ids."""
        caller.needs(READ)
        query = RecordQuery(kind=Kind.LINK, tenant=tenant, after=after, limit=limit)
        return await self._cabinet.page(caller, query, link_of)

    async def revoke(self, caller: Caller, id_: str) -> None:
        """Take a link back: nobody connects anything by it any more. Raises NotFoundError."""
        caller.needs(WRITE)
        record = await self._cabinet.record(caller, Kind.LINK, id_)
        await self._cabinet.drop(caller, record, "link.revoked", {})

    async def open(self, token: str) -> Link:
        """Return the link of a token that came with a browser. Raises GoneError."""
        id_, _, rest = token.partition(_DOT)
        end, _, signature = rest.partition(_DOT)
        is_shaped = len(token) <= _LONGEST and end.isascii() and end.isdigit()
        if not is_shaped or int(end) <= self._cabinet.now():
            raise GoneError
        if not await self._signet.is_good(_PURPOSE, f"{id_}{_DOT}{end}", signature):
            raise GoneError
        return await self.of(id_)

    async def of(self, id_: str) -> Link:
        """Return a link by its id, that came from us; of an account that is gone it is gone too.

        Raises GoneError.
        """
        record = await self._cabinet.records.record(Kind.LINK, id_)
        if record is None:
            raise GoneError
        link = link_of(record)
        if not link.is_new:
            try:
                found = await self._accounts.find(link.caller_within, link.account)
            except NotFoundError as error:
                raise GoneError from error
            if not anew.is_still(link, found):
                raise GoneError
        return link

    async def url(self, link: Link) -> str:
        """Return the address of a link. Raises ConflictError without a public URL."""
        from_us = await self.whereabouts.url()
        head = f"{link.id}{_DOT}{int(link.expires_at)}"
        return f"{from_us}/connect/{head}{_DOT}{await self._signet.sign(_PURPOSE, head)}"

    @asynccontextmanager
    async def used(self, link: Link) -> AsyncIterator[None]:
        """Use a link, as the only one who does; where that fails it can be used again.

        A crash in between loses the link, and no more than that. Raises GoneError.
        """
        drop = Drop(kind=Kind.LINK, id=link.id, tenant=link.tenant, expected=link.version)
        note = noted(link.caller, "link.used", record_of(link), {"account": link.account})
        records, now = self._cabinet.records, self._cabinet.now()
        written = await records.write([drop], now=now, notes=[note], tenant=link.tenant)
        if written.refusal is not None:
            raise GoneError
        try:
            yield
        except Exception:
            back = Writing(record=record_of(link), what="link.unused")
            await self._cabinet.write(link.caller, [(back, 0)])
            raise

    async def apps(self, link: Link) -> list[App]:
        """Return the apps of a link that are there still."""
        found = []
        for id_ in link.providers:
            record = await self._app(id_, link.tenant)
            if record is not None:
                found.append(read(record))
        return found

    async def _issued(self, caller: Caller, link: Link) -> Issued:
        """Write a link, after all that can be wrong with it was looked at."""
        if link.return_to is not None:
            self.whereabouts.checked(link.return_to)
        if link.providers:
            caller.needs(CONNECT)
        for id_ in link.providers:
            record = await self._app(id_, link.tenant)
            field_ = "app" if link.is_straight else "providers"
            if record is None:
                raise invalid(field_, "there is no such OAuth 2.0 app")
            if read(record).flow is not Flow.CODE:
                raise ConflictError(
                    f"the OAuth app {id_} acts without the owners of mailboxes; nobody has to"
                    " consent"
                )
        url = await self.url(link)
        what = "oauth.asked" if link.is_straight else "link.created"
        detail = {"account": link.account, "providers": list(link.providers)}
        record = await self._cabinet.add(
            caller, Writing(record=record_of(link), what=what, detail=detail)
        )
        return Issued(link=link_of(record), url=url)

    async def _app(self, id_: str, tenant: TenantId) -> Record | None:
        records = self._cabinet.records
        found = await records.record(Kind.APP, id_, tenant=tenant)
        return found or await records.record(Kind.APP, id_, tenant=DEFAULT)

    def _template(self, caller: Caller, tenant: TenantId, value: object) -> dict[str, Any]:
        """Return what is known of the account, judged as a whole account of its maker would be."""
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise invalid("account", "expected members of an account")
        given = {str(name): each for name, each in value.items() if each is not None}
        strange = [
            Mistake(field=f"account.{name[:60]}", why="is not for a link to say")
            for name in given
            if name not in TEMPLATE
        ]
        if strange:
            raise InvalidError(strange)
        if given.get("private") and "host" not in given:
            # Else a stranger could name a host that only we can reach.
            raise invalid("account.host", "is missing: with private the link has to say where")
        whole = {
            "email": "somebody@example.org",
            "host": "imap.example.org",
            **given,
            "password": Secret("x"),
        }
        try:
            self._accounts.judged(caller, whole, blank(AccountId("new"), tenant))
        except InvalidError as error:
            raise InvalidError(
                Mistake(field=f"account.{each.field}", why=each.why) for each in error.mistakes
            ) from None
        return given
