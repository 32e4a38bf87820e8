"""Asks the DNS for what the system's resolver does not give: MX and SRV records.

It must not know what a record means for a mailbox.
"""

from __future__ import annotations

from typing import Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.IN.SRV import SRV

from vedette.errors import NetworkError
from vedette.identity.autoconfig.service import Service

#: Seconds for one question, its repetitions and other name servers included.
SECONDS: Final = 3.0
#: Records of one answer that are looked at: a large provider has five.
_MOST: Final = 16


class DnsNames:
    """Asks the name servers of this machine, or those of ``resolver``."""

    def __init__(self, resolver: dns.asyncresolver.Resolver | None = None) -> None:
        self._resolver = resolver

    async def exchangers(self, domain: str) -> list[str]:
        """Return the hosts that take mail for a domain, best first (RFC 5321 section 5.1)."""
        found = await self._ask(domain, "MX")
        rows = [(each.preference, _text(each.exchange)) for each in found if isinstance(each, MX)]
        return [host for _, host in sorted(rows)]

    async def services(self, name: str) -> list[Service]:
        """Return the SRV records of a name (RFC 2782)."""
        return [
            Service(
                priority=each.priority,
                weight=each.weight,
                port=each.port,
                target=_text(each.target),
            )
            for each in await self._ask(name, "SRV")
            if isinstance(each, SRV)
        ]

    async def _ask(self, name: str, kind: str) -> list[object]:
        try:
            resolver = self._resolver
            if resolver is None:
                # Read anew each time: a laptop changes its network, and the file is small.
                resolver = dns.asyncresolver.Resolver()
            # With a dot at its end: no domain of this machine's own is tried behind it.
            answer = await resolver.resolve(
                dns.name.from_text(f"{name}."),
                kind,
                lifetime=SECONDS,
                raise_on_no_answer=False,
                search=False,
            )
        except dns.resolver.NXDOMAIN:
            return []
        except dns.exception.Timeout as error:
            raise NetworkError(f"no name server answered within {SECONDS:g} s") from error
        except dns.exception.DNSException as error:
            raise NetworkError(f"the DNS could not be asked: {_words(error)}") from error
        except (OSError, ValueError) as error:
            raise NetworkError(f"the DNS could not be asked: {error}") from error
        return [] if answer.rrset is None else list(answer.rrset)[:_MOST]


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower().removesuffix(".")


def _words(error: dns.exception.DNSException) -> str:
    """Say what went wrong in one short line: the library's own may quote a whole answer."""
    return " ".join(str(error).split())[:120]
