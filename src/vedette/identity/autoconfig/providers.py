"""The table of providers: what is known of those that most people have their mail with.

It is data, ``providers.toml`` beside this module. A provider is known by the domains of its own
addresses, or by the hosts that take mail for the domains of others (MX).
It must not ask anybody.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from vedette.identity.autoconfig.proposal import (
    Hint,
    Login,
    MailAddress,
    Proposal,
    user_of,
)
from vedette.ports.link import Encryption
from vedette.ports.registration import Auth

_FILE: Final = "providers.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider. Without a ``host`` it has no IMAP, and ``hint`` says what there is.

    ``domains`` are those of its own addresses, ``mx`` the ends of names of hosts that take mail.
    """

    name: str
    title: str
    domains: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    host: str = ""
    port: int = 993
    encryption: Encryption = Encryption.IMPLICIT
    auths: tuple[Auth, ...] = (Auth.PASSWORD,)
    login: Login = Login.ADDRESS
    app: str | None = None
    hint: Hint | None = None
    quirks: tuple[str, ...] = ()

    def proposals(self, address: MailAddress) -> tuple[Proposal, ...]:
        """Return what it proposes for an address."""
        if not self.host:
            return ()
        own = address.domain in self.domains
        # At a domain of their own people log in with the whole address, whatever it is else.
        login = self.login if own else Login.ADDRESS
        return (
            Proposal(
                host=self.host,
                port=self.port,
                encryption=self.encryption,
                user=user_of(login, address),
                login=login,
                auths=self.auths,
                provider=self.title,
                app=self.app,
                hint=self.hint,
                quirks=self.quirks,
            ),
        )


@cache
def providers() -> tuple[Provider, ...]:
    """Return the table, in the order of its file."""
    text = (files(__package__) / _FILE).read_text(encoding="utf-8")
    return tuple(_provider(name, row) for name, row in tomllib.loads(text).items())


def of_domain(domain: str) -> Provider | None:
    """Return the provider whose own domain it is."""
    return _by_domain().get(domain)


def of_exchangers(hosts: Sequence[str]) -> Provider | None:
    """Return the provider of the first host that is known, taking the longest end of its name."""
    for host in hosts:
        for end in _ends(host):
            found = _by_exchanger().get(end)
            if found is not None:
                return found
    return None


def of_host(host: str) -> Provider | None:
    """Return the provider that has its mailboxes on a host."""
    return next((each for each in providers() if each.host and each.host == host), None)


@cache
def _by_domain() -> Mapping[str, Provider]:
    return {domain: each for each in providers() for domain in each.domains}


@cache
def _by_exchanger() -> Mapping[str, Provider]:
    return {end: each for each in providers() for end in each.mx}


def _ends(host: str) -> Iterator[str]:
    """Yield a name and what is left of it without its first labels."""
    while host:
        yield host
        host = host.partition(".")[2]


def _provider(name: str, row: dict[str, Any]) -> Provider:
    hint = row.get("hint")
    return Provider(
        name=name,
        title=row["title"],
        domains=tuple(row.get("domains", ())),
        mx=tuple(row.get("mx", ())),
        host=row.get("host", ""),
        port=row.get("port", 993),
        encryption=Encryption(row.get("encryption", Encryption.IMPLICIT)),
        auths=tuple(Auth(each) for each in row.get("auths", (Auth.PASSWORD,))),
        login=Login(row.get("login", Login.ADDRESS)),
        app=row.get("app"),
        hint=None if hint is None else Hint(words=hint, url=row["url"]),
        quirks=tuple(row.get("quirks", ())),
    )
