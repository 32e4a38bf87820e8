"""Finds the mailbox of an address: asks all who may know at once, and believes them in an order.

The order is fixed (``proposal.Source``), and what the domain itself says goes before what others say
of it: the first in the order who knows wins, however late it answers. So the same answers lead to the
same result, and a fast liar is not faster than the truth. Each source has a deadline, and all of them
one together (docs/decisions/0043-autoconfig.md).
It must not know how names are looked up, nor how documents are fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from vedette.errors import LinkError
from vedette.guard.hosts import registrable
from vedette.identity.autoconfig.asking import Names, Pages
from vedette.identity.autoconfig.clientconfig import MOST, read_client_config
from vedette.identity.autoconfig.proposal import (
    Discovery,
    Hint,
    MailAddress,
    Proposal,
    Source,
    SourceOutcome,
    Tried,
    mail_address,
)
from vedette.identity.autoconfig.providers import Provider, of_domain, of_exchangers, of_host
from vedette.identity.autoconfig.service import IMAP, IMAPS, of_services

#: Thunderbird's database of providers, which anybody may ask.
ISPDB: Final = "https://autoconfig.thunderbird.net/v1.1"

#: Seconds for one source: two names, a handshake and an answer from the other side of the world.
SECONDS: Final = 5.0
#: Seconds for all of them: somebody is waiting before a form.
ALTOGETHER: Final = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """Whom to ask, and for how long.

    ``ispdb`` is the address of the database, or None: then nobody learns of a domain but its own
    servers and the DNS.
    """

    names: Names
    pages: Pages
    ispdb: str | None = ISPDB
    seconds: float = SECONDS
    altogether: float = ALTOGETHER


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """What one source said; ``reason`` is why it is nothing."""

    proposals: tuple[Proposal, ...] = ()
    hint: Hint | None = None
    reason: str = ""

    @property
    def is_something(self) -> bool:
        return bool(self.proposals) or self.hint is not None


async def discover(address: str, inquiry: Inquiry) -> Discovery:
    """Find out where the mailbox of an address is. Raises UsageError for what is no address."""
    wanted = mail_address(address)
    known = of_domain(wanted.domain)
    if known is not None:
        first = Tried(source=Source.PROVIDER, outcome=SourceOutcome.FOUND)
        left = tuple(Tried(source=each, outcome=SourceOutcome.LEFT) for each in list(Source)[1:])
        return Discovery(
            address=wanted,
            proposals=known.proposals(wanted),
            winner=Source.PROVIDER,
            hint=known.hint,
            tried=(first, *left),
        )
    return await _Asking(wanted, inquiry).result()


class _Asking:
    """All questions about one address."""

    def __init__(self, address: MailAddress, inquiry: Inquiry) -> None:
        self._address = address
        self._inquiry = inquiry
        domain = address.domain
        # Two sources need them; they are asked for once.
        self._exchangers = asyncio.ensure_future(inquiry.names.exchangers(domain))
        self._ways: Mapping[Source, Callable[[], Awaitable[_Finding]]] = {
            Source.PROVIDER: self._of_domain,
            Source.MX: self._of_exchangers,
            Source.SRV: self._of_services,
            Source.WELL_KNOWN: lambda: self._of_page(
                f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml"
            ),
            Source.AUTOCONFIG: lambda: self._of_page(
                f"https://autoconfig.{domain}/mail/config-v1.1.xml"
                f"?emailaddress={quote(str(address), safe='')}"
            ),
            Source.ISPDB: lambda: self._of_database(domain),
            Source.ISPDB_MX: self._of_exchangers_database,
        }

    async def result(self) -> Discovery:
        """Wait for the sources in their order, until one knows."""
        tasks = {
            source: asyncio.create_task(self._asked(source, way), name=f"autoconfig {source}")
            for source, way in self._ways.items()
        }
        tried: list[Tried] = []
        found = _Finding()
        try:
            async with asyncio.timeout(self._inquiry.altogether):
                for task in tasks.values():
                    outcome, found = await task
                    tried.append(outcome)
                    if found.is_something:
                        break
        except TimeoutError:
            found = _Finding()
        finally:
            for each in (*tasks.values(), self._exchangers):
                each.cancel()
            await asyncio.gather(*tasks.values(), self._exchangers, return_exceptions=True)
        winner = tried[-1].source if found.is_something else None
        reason = "" if winner else f"no answer within {self._inquiry.altogether:g} s"
        tried += [
            Tried(source=source, outcome=SourceOutcome.LEFT, reason=reason)
            for source in list(tasks)[len(tried) :]
        ]
        return Discovery(
            address=self._address,
            proposals=tuple(_known(each) for each in found.proposals),
            winner=winner,
            hint=found.hint,
            tried=tuple(tried),
        )

    async def _asked(
        self, source: Source, way: Callable[[], Awaitable[_Finding]]
    ) -> tuple[Tried, _Finding]:
        """Ask one source within its deadline."""
        try:
            async with asyncio.timeout(self._inquiry.seconds):
                found = await way()
        except TimeoutError:
            reason = f"no answer within {self._inquiry.seconds:g} s"
            return Tried(source=source, outcome=SourceOutcome.FAILED, reason=reason), _Finding()
        except LinkError as error:
            return Tried(source=source, outcome=SourceOutcome.FAILED, reason=str(error)), _Finding()
        outcome = SourceOutcome.FOUND if found.is_something else SourceOutcome.NOTHING
        return Tried(source=source, outcome=outcome, reason=found.reason), found

    async def _of_domain(self) -> _Finding:
        """Tell that the domain is no provider's own: those were answered without a question."""
        return _Finding(reason=f"{self._address.domain} is not in the table")

    async def _of_exchangers(self) -> _Finding:
        hosts = await asyncio.shield(self._exchangers)
        if not hosts:
            return _Finding(reason="the domain names no host that takes its mail")
        if hosts == [""]:
            # RFC 7505.
            return _Finding(reason="the domain takes no mail")
        found = of_exchangers(hosts)
        if found is None:
            return _Finding(reason=f"{hosts[0]} is not in the table")
        return self._of_provider(found)

    def _of_provider(self, provider: Provider) -> _Finding:
        return _Finding(proposals=provider.proposals(self._address), hint=provider.hint)

    async def _of_services(self) -> _Finding:
        domain = self._address.domain
        # Half of the answer would be another result the next time: a failure of one is of both.
        imaps = await self._inquiry.names.services(f"{IMAPS}.{domain}")
        imap = await self._inquiry.names.services(f"{IMAP}.{domain}")
        found = of_services(imaps, imap, self._address)
        if not found and (imaps or imap):
            return _Finding(reason="the domain says that it has no IMAP")
        return _Finding(proposals=found, reason="" if found else "there are no such records")

    async def _of_page(self, url: str) -> _Finding:
        document = await self._inquiry.pages.page(url, most=MOST)
        if document is None:
            return _Finding(reason="there is no such document")
        found = read_client_config(document, self._address)
        return _Finding(
            proposals=found, reason="" if found else "the document has no IMAP with encryption"
        )

    async def _of_database(self, domain: str) -> _Finding:
        if self._inquiry.ispdb is None:
            return _Finding(reason="it is not to be asked")
        return await self._of_page(f"{self._inquiry.ispdb}/{quote(domain, safe='')}")

    async def _of_exchangers_database(self) -> _Finding:
        hosts = await asyncio.shield(self._exchangers)
        domain = registrable(hosts[0]) if hosts else None
        if domain is None or domain == self._address.domain:
            return _Finding(reason="the mail is taken by nobody else")
        return await self._of_database(domain)


def _known(proposal: Proposal) -> Proposal:
    """Add what the table knows of a host that another source named."""
    provider = of_host(proposal.host)
    if provider is None or proposal.provider:
        return proposal
    return replace(
        proposal,
        provider=provider.title,
        app=provider.app,
        hint=provider.hint,
        quirks=provider.quirks,
        is_vouched=True,
    )
