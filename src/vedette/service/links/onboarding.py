"""The use cases of whoever follows a connect link: what is offered, a password, a provider.

An account is made after a login that worked, or after a consent of its owner, by whoever uses the
link up; what fails then leaves the link as it was, for another try. It must not know browsers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from vedette.errors import VedetteError
from vedette.identity.autoconfig.proposal import Hint, Proposal
from vedette.identity.autoconfig.providers import providers
from vedette.identity.oauth.apps import App, Provider
from vedette.model.ids import AccountId, TenantId
from vedette.ports.link import Encryption
from vedette.ports.registration import Auth
from vedette.secret import Secret
from vedette.service.accounts import allowance
from vedette.service.accounts.accounts import Accounts
from vedette.service.accounts.agreements import Agreements
from vedette.service.accounts.credentials import by_password
from vedette.service.accounts.discovering import Discovering
from vedette.service.accounts.registration import ENCRYPTIONS
from vedette.service.accounts.verifying import Verifying
from vedette.service.doctor.doctor import CheckOutcome, Finding
from vedette.service.form import Form
from vedette.service.links.link import Link
from vedette.service.links.links import Links
from vedette.service.oauth.authorizations import Authorizations, Begun
from vedette.service.oauth.connecting import AuthorizationError, Connected, Connecting
from vedette.service.refusals import NotFoundError, invalid
from vedette.service.whereabouts import CALLBACK

_WORDS: Final = {each: word for word, each in ENCRYPTIONS.items()}
#: Where a link says nothing: what a person may say about the server.
_SERVER: Final = ("host", "port", "encryption")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """By what a mailbox can be connected. ``proposal`` is where it is, where that is known.

    ``is_fixed`` says that the link names the server, and that nobody else does.
    """

    address: str
    proposal: Proposal | None = None
    hint: Hint | None = None
    apps: tuple[App, ...] = ()
    by_password: bool = False
    is_fixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """An account that is connected, and the page that its person is sent back to."""

    account: AccountId
    tenant: TenantId
    address: str
    return_to: str | None = None


class Onboarding:
    """What is done by a link; its tenant is the link's, whoever comes."""

    def __init__(
        self,
        links: Links,
        accounts: Accounts,
        agreements: Agreements,
        verifying: Verifying,
        connecting: Connecting,
        discovering: Discovering,
    ) -> None:
        self.links = links
        self._accounts = accounts
        self._agreements = agreements
        self._verifying = verifying
        self._connecting = connecting
        self._discovering = discovering

    async def offer(self, link: Link, address: str) -> Offer:
        """Find out how a mailbox can be connected. Raises UsageError, ThrottledError."""
        apps = await self.links.apps(link)
        if "host" in link.template:
            return Offer(
                address=address, apps=tuple(apps), by_password=link.by_password, is_fixed=True
            )
        found = await self._discovering.find(link.caller, address)
        first = found.proposals[0] if found.proposals else None
        known = None if first is None else first.app
        fitting = [
            app
            for app in apps
            if first is None or app.provider is Provider.GENERIC or app.provider.value == known
        ]
        takes = first is None or Auth.PASSWORD in first.auths
        return Offer(
            address=str(found.address),
            proposal=first,
            hint=found.hint or (None if first is None else first.hint),
            apps=tuple(fitting),
            by_password=link.by_password and takes,
        )

    async def by_password(
        self, link: Link, given: Mapping[str, object]
    ) -> Finished | list[Finding]:
        """Log in with a password, and keep the account where that worked.

        ``given`` has ``email``, ``password`` (as ``Secret``), ``user``, and where the link names no
        server ``host``, ``port`` and ``encryption``. Returns the findings of a login that failed.
        Raises InvalidError, PlanLimitError, GoneError, ThrottledError.
        """
        if not link.by_password:
            raise invalid("password", "is not asked for by this link")
        if not link.is_new:
            return await self._anew(link, given.get("password"))
        template = dict(link.template)
        server = {} if "host" in template else {name: given.get(name) for name in _SERVER}
        self._judge(server)
        wish = {
            **{name: value for name, value in server.items() if value is not None},
            "email": given.get("email"),
            "user": given.get("user"),
            **template,
            "password": given.get("password"),
            "consent": None if link.terms is None else link.terms.version,
        }
        findings = await self._verifying.wish(link.caller, wish, tenant=link.tenant)
        if not findings or findings[-1].outcome is CheckOutcome.FAILED:
            return findings
        async with self.links.used(link):
            await self._accounts.create(link.caller, wish, id_=link.account, tenant=link.tenant)
        return await self._done(link, str(wish["email"]))

    async def _anew(self, link: Link, password: object) -> Finished | list[Finding]:
        """Log in with another password to an account that is there; it keeps all else."""
        caller, wish = link.caller_within, by_password(password)
        findings = await self._verifying.renewed(caller, link.account, wish)
        if not findings or findings[-1].outcome is CheckOutcome.FAILED:
            return findings
        async with self.links.used(link):
            found = await self._accounts.update(caller, link.account, wish)
        # A consent that a password took the place of is nobody's.
        with suppress(NotFoundError):
            await self._connecting.forget(caller, link.account)
        return await self._done(link, found.account.email)

    async def by_provider(
        self, link: Link, app: str, session: Secret[str], *, address: str = ""
    ) -> Begun:
        """Begin a consent; ``session`` is what only this browser has. Raises NotFoundError."""
        if app not in link.providers:
            raise NotFoundError("app", app)
        return await (await self._authorizations()).begin(
            link.caller,
            session,
            app=app,
            account=link.account,
            tenant=link.tenant,
            hint=str(link.template.get("email", "")) or address,
            is_delegated=link.is_delegated,
            link=link.id,
        )

    async def finish(self, session: Secret[str], parameters: Mapping[str, str]) -> Finished:
        """Take what a browser brought back from a provider, and have the account.

        Raises UnknownStateError, GoneError, AuthorizationError, PlanLimitError.
        """
        authorizations = await self._authorizations()
        link = await self.links.of(await authorizations.link(session, parameters))
        async with self.links.used(link):
            connected = await authorizations.finish(session, parameters, tenant=link.tenant)
            if link.is_new:
                await self._registered(link, connected)
        return await self._done(link, connected.address)

    async def _registered(self, link: Link, connected: Connected) -> None:
        """Have the account of a consent that is kept, or neither of them."""
        try:
            await self._register(link, connected)
        except VedetteError:
            # Tokens of an account that is not to be are nobody's.
            with suppress(NotFoundError):
                await self._connecting.forget(link.caller, link.account)
            raise
        await self._connecting.stay(link.account, link.tenant)

    async def _authorizations(self) -> Authorizations:
        base = await self.links.whereabouts.url()
        return Authorizations(self._connecting, redirect_uri=f"{base}{CALLBACK}")

    async def _register(self, link: Link, connected: Connected) -> None:
        """Make the account of a consent. Raises AuthorizationError where it is another mailbox's."""
        address = connected.address
        wanted = str(link.template.get("email", "")) or address
        if not wanted:
            raise AuthorizationError("the provider does not say whose mailbox it is")
        if wanted.casefold() != address.casefold() and not link.is_delegated:
            raise AuthorizationError(
                f"the consent is of {address}, and this link is for {wanted}: log in there"
            )
        wish = {
            **(await self._server(link, connected.app, wanted)),
            "email": wanted,
            **link.template,
            "auth": Auth.OAUTH2.value,
            "app": connected.app,
            "consent": None if link.terms is None else link.terms.version,
        }
        await self._accounts.create(link.caller, wish, id_=link.account, tenant=link.tenant)

    async def _server(self, link: Link, app: str, address: str) -> Mapping[str, object]:
        """Return where the mailbox is: of the link, of the provider, or as it can be found."""
        if "host" in link.template:
            return {}
        chosen = next((each for each in await self.links.apps(link) if each.id == app), None)
        name = None if chosen is None else chosen.provider.value
        known = next((each for each in providers() if each.host and each.app == name), None)
        if known is not None:
            return _place(known.host, known.port, known.encryption)
        found = await self._discovering.find(link.caller, address)
        if not found.proposals:
            raise AuthorizationError(
                f"nobody says where the mailbox of {address} is; a link has to name its server"
            )
        first = found.proposals[0]
        server = _place(first.host, first.port, first.encryption)
        self._judge(server)
        return server

    def _judge(self, server: Mapping[str, object]) -> None:
        """Raise InvalidError for what a stranger, or the owner of a domain, may not say.

        A link acts as an admin, by what its maker may; of this its maker said nothing.
        """
        form = Form(server)
        allowance.judge_server(form, ports=self._accounts.ports())
        form.done()

    async def _done(self, link: Link, address: str) -> Finished:
        """Keep what was agreed to. Until then nothing of the account's mail is read."""
        if link.terms is not None:
            await self._agreements.give(
                link.caller, [link.account], version=link.terms.version, by=address
            )
        return Finished(
            account=link.account,
            tenant=link.tenant,
            address=address,
            return_to=link.return_to,
        )


def _place(host: str, port: int, encryption: Encryption) -> Mapping[str, object]:
    return {"host": host, "port": port, "encryption": _WORDS[encryption]}


def failure(findings: Sequence[Finding]) -> tuple[str, str]:
    """Return what a login failed of, in the server's own words, and what to do about it."""
    if not findings:
        return "the server could not be asked", "try again"
    last = findings[-1]
    return last.detail, last.remedy
