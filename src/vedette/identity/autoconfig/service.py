"""What a domain's SRV records say of its mailboxes (RFC 6186, RFC 8314 section 5.1).

It must not ask for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vedette.guard.hosts import is_address, normalise
from vedette.identity.autoconfig.proposal import MailAddress, Proposal
from vedette.ports.link import Encryption

#: Records of one service that are looked at.
_MOST: Final = 8

IMAPS: Final = "_imaps._tcp"
IMAP: Final = "_imap._tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One SRV record (RFC 2782). A target of "." or nothing says that there is no such service."""

    priority: int
    weight: int
    port: int
    target: str


def of_services(
    imaps: Sequence[Service], imap: Sequence[Service], address: MailAddress
) -> tuple[Proposal, ...]:
    """Return what the records propose: TLS from the first octet on before STARTTLS."""
    return (
        *_of(imaps, Encryption.IMPLICIT, address),
        *_of(imap, Encryption.STARTTLS, address),
    )


def _of(
    services: Sequence[Service], encryption: Encryption, address: MailAddress
) -> Iterator[Proposal]:
    # RFC 2782 draws lots among records of one priority; the same question has the same answer here.
    ordered = sorted(services, key=lambda each: (each.priority, -each.weight, each.target))
    for service in ordered[:_MOST]:
        host = normalise(service.target)
        if host is None or is_address(host) or "." not in host or not 0 < service.port < 2**16:
            continue
        yield Proposal(
            host=host,
            port=service.port,
            encryption=encryption,
            user=str(address),
            is_vouched=host == address.domain or host.endswith(f".{address.domain}"),
        )
