"""What a discovery is about, and what comes of it. Nouns alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from vedette.errors import UsageError
from vedette.guard.hosts import is_address, normalise
from vedette.ports.link import Encryption
from vedette.ports.registration import Auth

#: Characters of a mailbox's name and of a whole address (RFC 5321 section 4.5.3.1).
_MOST_LOCAL = 64
_MOST = 320

#: What a domain may be written with elsewhere, and not in an address: ports, escapes, literals.
_FOREIGN = frozenset("%:/\\[]?#<>()\"', ")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAddress:
    """An address that mail is sent to. ``domain`` has A-labels where it is international."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def mail_address(text: str) -> MailAddress:
    """Read an address. Raises UsageError for what is none, or is at no name of the DNS."""
    local, at, domain = text.strip().rpartition("@")
    host = None if _FOREIGN.intersection(domain) else normalise(domain)
    is_named = host is not None and not is_address(host) and "." in host
    is_spelled = 0 < len(local) <= _MOST_LOCAL and local.isprintable() and " " not in local
    if not at or host is None or not is_named or not is_spelled or len(text) > _MOST:
        raise UsageError(f"{text[:80]!r} is no mail address; give one such as anna@example.org")
    return MailAddress(local=local, domain=host)


@unique
class Login(StrEnum):
    """What a mailbox is called at its login."""

    ADDRESS = "address"
    LOCAL_PART = "local_part"
    OTHER = "other"
    """Something else that was said for this address."""


@unique
class Source(StrEnum):
    """Who may know, in the order in which they are believed."""

    PROVIDER = "provider"
    """Our table of providers, by the domain of the address."""
    MX = "mx"
    """Our table, by the hosts that take the domain's mail."""
    SRV = "srv"
    """The domain's own records (RFC 6186)."""
    WELL_KNOWN = "well_known"
    """``https://DOMAIN/.well-known/autoconfig/mail/config-v1.1.xml``."""
    AUTOCONFIG = "autoconfig"
    """``https://autoconfig.DOMAIN/mail/config-v1.1.xml``."""
    ISPDB = "ispdb"
    """Thunderbird's database, by the domain."""
    ISPDB_MX = "ispdb_mx"
    """Thunderbird's database, by the domain of the hosts that take the mail."""


@unique
class SourceOutcome(StrEnum):
    """What came of asking one source."""

    FOUND = "found"
    NOTHING = "nothing"
    FAILED = "failed"
    LEFT = "left"
    """Not waited for: a source before it knew, or the time was over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What a person has to do before the login works: in words, and where."""

    words: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Where a mailbox is and how one logs in, in the words of an account.

    ``auths`` are by preference; ``app`` is the preset of an OAuth 2.0 app that fits. ``user`` is what
    to log in with. ``quirks`` are entries of the catalogue that are known of the provider.
    ``is_vouched`` is False where nobody but an unsigned answer of the DNS says that a host outside
    the domain is the domain's: a person should look at it first (RFC 6186 section 6).
    """

    host: str
    port: int
    encryption: Encryption
    user: str
    login: Login = Login.ADDRESS
    auths: tuple[Auth, ...] = (Auth.PASSWORD,)
    provider: str = ""
    app: str | None = None
    hint: Hint | None = None
    quirks: tuple[str, ...] = ()
    is_vouched: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One source, and what came of it; ``reason`` is one line for a person, or empty."""

    source: Source
    outcome: SourceOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What was found: the proposals of the first source that had any, the best first.

    ``hint`` is there too where a provider is known and has no IMAP to propose. ``tried`` has every
    source, in the order in which they are believed.
    """

    address: MailAddress
    proposals: tuple[Proposal, ...] = ()
    winner: Source | None = None
    hint: Hint | None = None
    tried: tuple[Tried, ...] = ()


def user_of(login: Login, address: MailAddress) -> str:
    """Return what one logs in with; OTHER has no rule."""
    return address.local if login is Login.LOCAL_PART else str(address)
