"""The table of providers is consistent, and finds a provider by domains and exchangers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from vedette.guard.hosts import is_address, normalise
from vedette.identity.autoconfig.proposal import Login, mail_address
from vedette.identity.autoconfig.providers import (
    Provider,
    of_domain,
    of_exchangers,
    of_host,
    providers,
)
from vedette.identity.oauth.apps import Provider as App
from vedette.ports.registration import Auth


@pytest.mark.parametrize("provider", providers(), ids=[each.name for each in providers()])
def test_a_provider_is_complete(provider: Provider) -> None:
    """It is known by something, has a host or says why not, and what it names exists."""
    quirks = (Path(ROOT) / "docs/reference/quirks.toml").read_text()

    assert provider.domains or provider.mx
    assert provider.host or provider.hint
    for host in (*provider.domains, *provider.mx, *([provider.host] if provider.host else [])):
        assert normalise(host) == host
        assert not is_address(host)
    if provider.hint is not None:
        assert provider.hint.words.endswith(".")
        assert provider.hint.url.startswith("https://")
    assert {each for each in provider.quirks if f"\n{each} = " not in quirks} == set()
    assert (Auth.OAUTH2 in provider.auths) == (provider.app is not None)
    assert provider.app is None or provider.app in {each.value for each in App}


def test_nothing_is_of_two_providers() -> None:
    """Neither a domain nor an end of exchangers' names."""
    counted = Counter(("domain", each) for row in providers() for each in row.domains)
    counted += Counter(("mx", each) for row in providers() for each in row.mx)

    assert [each for each, times in counted.items() if times > 1] == []


@pytest.mark.parametrize(
    ("exchanger", "host"),
    [
        ("aspmx.l.google.com", "imap.gmail.com"),
        ("example-org.mail.protection.outlook.com", "outlook.office365.com"),
        ("example-org.a-v1.mx.microsoft", "outlook.office365.com"),
        ("mx-eu.mail.am0.yahoodns.net", "imap.mail.yahoo.com"),
        ("mx-aol.mail.gm0.yahoodns.net", "imap.aol.com"),
        ("mx01.mail.icloud.com", "imap.mail.me.com"),
        ("mx00.ionos.de", "imap.ionos.de"),
        ("mx00.kundenserver.de", "imap.ionos.de"),
        ("mx1.mail.ovh.net", "ssl0.ovh.net"),
        ("smtpin.rzone.de", "imap.strato.de"),
        ("in1-smtp.messagingengine.com", "imap.fastmail.com"),
        ("mx.zoho.eu", "imappro.zoho.eu"),
        ("aspmx1.migadu.com", "imap.migadu.com"),
        ("mxext1.mailbox.org", "imap.mailbox.org"),
        ("mxbiz1.qq.com", "imap.exmail.qq.com"),
        ("mx.yandex.net", "imap.yandex.com"),
        ("emx.mail.ru", "imap.mail.ru"),
    ],
)
def test_the_exchangers_of_domains_lead_to_the_mailboxes(exchanger: str, host: str) -> None:
    """As these providers tell their customers to set them."""
    found = of_exchangers([exchanger])

    assert found is not None
    assert found.host == host


@pytest.mark.parametrize("exchanger", ["notgoogle.com", "google.com.evil.example", "com", ""])
def test_a_name_that_only_looks_like_a_providers_is_not(exchanger: str) -> None:
    """The end of a name counts from a dot on."""
    assert of_exchangers([exchanger]) is None


def test_a_login_may_be_the_first_part_of_the_address() -> None:
    """At the provider's own domains; at one of their own people have no other name than the whole."""
    icloud = of_domain("icloud.com")
    assert icloud is not None
    (own,) = icloud.proposals(mail_address("anna@icloud.com"))
    (other,) = icloud.proposals(mail_address("anna@example.org"))

    assert (own.login, own.user) == (Login.LOCAL_PART, "anna")
    assert (other.login, other.user) == (Login.ADDRESS, "anna@example.org")


def test_a_host_leads_to_its_provider() -> None:
    """And none that is not in the table."""
    found = of_host("imap.gmail.com")

    assert found is not None
    assert found.name == "google"
    assert of_host("") is None
    assert of_host("imap.example.org") is None
