"""Who is asked for a mailbox, and who is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from aiohttp import web

from tests.identity.autoconfig.internet import (
    AUTOCONFIG,
    HERE,
    ISPDB,
    WELL_KNOWN,
    Internet,
    config,
    everything,
)
from vedette.identity.autoconfig.discovery import discover
from vedette.identity.autoconfig.proposal import Login, Source, SourceOutcome
from vedette.ports.link import Encryption
from vedette.ports.registration import Auth


async def test_sources_are_believed_in_their_order(internet: Internet) -> None:
    """Each wins as soon as all before it know nothing; the domain goes before the database."""
    everything(internet)
    won: list[tuple[Source | None, str]] = []
    forget: list[Callable[[], object]] = [
        lambda: internet.names.rows.pop(("example.org", "MX")),
        lambda: internet.names.rows.pop(("_imaps._tcp.example.org", "SRV")),
        lambda: internet.pages.pop(WELL_KNOWN),
        lambda: internet.pages.pop(AUTOCONFIG),
        lambda: internet.pages.pop(ISPDB),
    ]
    for each in forget:
        found = await discover("anna@example.org", internet.inquiry())
        won.append((found.winner, found.proposals[0].host))
        each()

    assert won == [
        (Source.MX, "imap.gmail.com"),
        (Source.SRV, "srv.example.org"),
        (Source.WELL_KNOWN, "known.example.org"),
        (Source.AUTOCONFIG, "auto.example.org"),
        (Source.ISPDB, "ispdb.example.org"),
    ]
    nothing = await discover("anna@example.org", internet.inquiry())
    assert (nothing.winner, nothing.proposals) == (None, ())
    assert {each.outcome for each in nothing.tried} == {SourceOutcome.NOTHING}
    assert all(each.reason for each in nothing.tried)


async def test_a_slow_truth_goes_before_a_fast_lie(internet: Internet) -> None:
    """Whoever answers first does not win for that."""
    asked = asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        await asked.wait()
        return web.Response(text=config("slow.example.org"))

    async def fast(_request: web.Request) -> web.Response:
        asked.set()
        return web.Response(text=config("fast.example.org"))

    internet.pages[WELL_KNOWN] = slow
    internet.pages[ISPDB] = fast

    found = await discover("anna@example.org", internet.inquiry())

    assert (found.winner, found.proposals[0].host) == (Source.WELL_KNOWN, "slow.example.org")


async def test_a_known_domain_is_answered_without_a_question(internet: Internet) -> None:
    """And with what a person has to do there."""
    found = await discover("Anna.Vo@GoogleMail.com", internet.inquiry())

    (proposal,) = found.proposals
    assert (found.winner, proposal.host, proposal.port) == (Source.PROVIDER, "imap.gmail.com", 993)
    assert proposal.auths == (Auth.OAUTH2, Auth.PASSWORD)
    assert proposal.user == "Anna.Vo@googlemail.com"
    assert proposal.app == "google"
    assert proposal.hint is not None
    assert "app password" in proposal.hint.words
    assert [each.outcome for each in found.tried[1:]] == [SourceOutcome.LEFT] * 6
    assert internet.names.asked == internet.seen == []


async def test_a_provider_without_imap_is_told_with_what_to_do(internet: Internet) -> None:
    """It ends the search: there is nothing to propose."""
    internet.names.rows["example.org", "MX"] = ["10 mail.protonmail.ch."]

    found = await discover("anna@example.org", internet.inquiry())

    assert (found.winner, found.proposals) == (Source.MX, ())
    assert found.hint is not None
    assert "Bridge" in found.hint.words


async def test_the_most_wanted_exchanger_counts(internet: Internet) -> None:
    """By preference, whatever the order of the answer; the whole name of a label counts."""
    internet.names.rows["example.org", "MX"] = [
        "20 mx1.mail.icloud.com.",
        "10 mx.notgoogle.com.",
        "5 in1-smtp.messagingengine.com.",
    ]

    found = await discover("anna@example.org", internet.inquiry())

    assert found.proposals[0].host == "imap.fastmail.com"
    assert found.proposals[0].login is Login.ADDRESS


async def test_a_domain_that_takes_no_mail_is_told(internet: Internet) -> None:
    """RFC 7505."""
    internet.names.rows["example.org", "MX"] = ["0 ."]

    found = await discover("anna@example.org", internet.inquiry())

    assert found.tried[1].reason == "the domain takes no mail"


async def test_services_are_ordered_and_tls_goes_first(internet: Internet) -> None:
    """RFC 6186 by priority, RFC 8314 before; outside of the domain a person should look first."""
    internet.names.rows["_imaps._tcp.example.org", "SRV"] = [
        "10 5 993 a.example.org.",
        "10 50 1993 b.elsewhere.example.",
        "5 0 993 c.example.org.",
        "0 0 993 .",
    ]
    internet.names.rows["_imap._tcp.example.org", "SRV"] = ["0 1 143 mail.example.org."]

    found = await discover("anna@example.org", internet.inquiry())

    assert [(each.host, each.port, each.encryption) for each in found.proposals] == [
        ("c.example.org", 993, Encryption.IMPLICIT),
        ("b.elsewhere.example", 1993, Encryption.IMPLICIT),
        ("a.example.org", 993, Encryption.IMPLICIT),
        ("mail.example.org", 143, Encryption.STARTTLS),
    ]
    assert [each.is_vouched for each in found.proposals] == [True, False, True, True]


async def test_a_service_that_is_not_offered_is_nothing(internet: Internet) -> None:
    """RFC 6186 section 3.4: the target is a dot."""
    internet.names.rows["_imaps._tcp.example.org", "SRV"] = ["0 0 0 ."]
    internet.names.rows["_imap._tcp.example.org", "SRV"] = ["0 0 0 ."]

    found = await discover("anna@example.org", internet.inquiry())

    assert found.winner is None
    assert found.tried[2].reason == "the domain says that it has no IMAP"


async def test_a_service_at_a_provider_has_its_hint(internet: Internet) -> None:
    """What the table knows of a host is told whoever named it."""
    internet.names.rows["_imaps._tcp.example.org", "SRV"] = ["0 1 993 imap.fastmail.com."]

    found = await discover("anna@example.org", internet.inquiry())

    assert found.proposals[0].provider == "Fastmail"
    assert found.proposals[0].hint is not None
    assert found.proposals[0].is_vouched


async def test_the_database_is_asked_for_the_exchangers_domain(internet: Internet) -> None:
    """For a domain that is hosted by somebody it knows."""
    internet.names.rows["example.org", "MX"] = ["10 mx.host.co.uk."]
    internet.pages["ispdb.example.net", "/v1.1/host.co.uk"] = config("imap.host.co.uk")

    found = await discover("anna@example.org", internet.inquiry())

    assert (found.winner, found.proposals[0].host) == (Source.ISPDB_MX, "imap.host.co.uk")


async def test_the_database_may_be_left_out(internet: Internet) -> None:
    """Then nobody learns whose mail is to be watched but the domain's own servers."""
    internet.pages[ISPDB] = config("ispdb.example.org")

    found = await discover("anna@example.org", replace(internet.inquiry(), ispdb=None))

    assert found.winner is None
    assert "ispdb.example.net" not in {host for host, _ in internet.seen}


async def test_the_address_is_told_to_its_own_domain_alone(internet: Internet) -> None:
    """The database learns the domain, and not whose it is."""
    await discover("anna+x&y@example.org", internet.inquiry())

    asked = dict(internet.seen)
    assert asked["autoconfig.example.org"].endswith("?emailaddress=anna%2Bx%26y@example.org")
    assert all("anna" not in path for host, path in internet.seen if "autoconfig" not in host)


async def test_a_redirect_is_followed_to_https(internet: Internet) -> None:
    """As many domains lead to www."""
    internet.names.rows["www.example.org", "A"] = list(HERE)
    internet.pages["www.example.org", "/x.xml"] = config("www-imap.example.org")

    async def lead(_request: web.Request) -> web.Response:
        raise web.HTTPFound("https://www.example.org/x.xml")

    internet.pages[WELL_KNOWN] = lead

    found = await discover("anna@example.org", internet.inquiry())

    assert (found.winner, found.proposals[0].host) == (Source.WELL_KNOWN, "www-imap.example.org")


async def test_an_international_domain_is_asked_by_its_a_label(internet: Internet) -> None:
    """RFC 5890; and a login has it as well."""
    internet.names.rows["xn--bcher-kva.example", "A"] = list(HERE)
    internet.pages["xn--bcher-kva.example", WELL_KNOWN[1]] = config("imap.%EMAILDOMAIN%")

    found = await discover("anna@Bücher.example", internet.inquiry())

    assert found.proposals[0].host == "imap.xn--bcher-kva.example"
    assert found.proposals[0].user == "anna@xn--bcher-kva.example"
