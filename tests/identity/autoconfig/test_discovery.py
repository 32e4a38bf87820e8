"""Who is asked for a mailbox, who is believed, and what nobody gets us to do.

A name server and a web server on loopback are the internet here; the certificates are the tests' own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.authority import Authority, Certificate
from tests.support.names import NamedHosts, NameServer
from vedette.errors import UsageError
from vedette.identity.autoconfig.clientconfig import MOST
from vedette.identity.autoconfig.discovery import Inquiry, discover
from vedette.identity.autoconfig.names import DnsNames
from vedette.identity.autoconfig.pages import WebPages
from vedette.identity.autoconfig.proposal import Login, Outcome, Source
from vedette.net.address import AddressGuard
from vedette.ports.link import Encryption
from vedette.ports.registration import Auth

WELL_KNOWN = ("example.org", "/.well-known/autoconfig/mail/config-v1.1.xml")
AUTOCONFIG = ("autoconfig.example.org", "/mail/config-v1.1.xml")
ISPDB = ("ispdb.example.net", "/v1.1/example.org")
HERE = ["127.0.0.1"]


def config(host: str, *, kind: str = "SSL", port: int = 993, extra: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{extra}<clientConfig version="1.1"><emailProvider id="x">'
        f'<incomingServer type="imap"><hostname>{host}</hostname><port>{port}</port>'
        f"<socketType>{kind}</socketType><username>%EMAILADDRESS%</username>"
        "<authentication>password-cleartext</authentication></incomingServer>"
        "</emailProvider></clientConfig>"
    )


@dataclass
class Internet:
    """What there is to be asked. A page is a text, or what answers."""

    names: NameServer
    certificate: Certificate
    pages: dict[tuple[str, str], str | Callable[[web.Request], Awaitable[web.StreamResponse]]] = (
        field(default_factory=dict)
    )
    seen: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.host, request.path_qs))
        page = self.pages.get((request.host, request.path))
        if page is None:
            return web.Response(status=404)
        if isinstance(page, str):
            return web.Response(text=page, content_type="text/xml")
        return await page(request)

    def inquiry(self, *allowed: str) -> Inquiry:
        """Return whom to ask; loopback is allowed here, as it is the internet."""
        guard = AddressGuard(allow=[ip_network(each) for each in allowed or HERE])
        return Inquiry(
            names=DnsNames(self.names.resolver()),
            pages=WebPages(
                guard=guard,
                ca_file=self.certificate.ca_file,
                resolver=NamedHosts(self.names, self.port),
            ),
            ispdb="https://ispdb.example.net/v1.1",
        )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder: Path = tmp_path_factory.mktemp("authority")
    return Authority(folder).issue(
        "example.org",
        "autoconfig.example.org",
        "www.example.org",
        "ispdb.example.net",
        "inside.example.org",
        "xn--bcher-kva.example",
    )


@pytest.fixture
async def internet(certificate: Certificate) -> AsyncIterator[Internet]:
    async with NameServer() as names:
        made = Internet(names=names, certificate=certificate)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", made.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate.context()).start()
        made.port = runner.addresses[0][1]
        for host in ("example.org", "autoconfig.example.org", "ispdb.example.net"):
            names.rows[host, "A"] = list(HERE)
        yield made
        await runner.cleanup()


def everything(internet: Internet) -> None:
    """Have every source know another host."""
    internet.names.rows["example.org", "MX"] = ["10 aspmx.l.google.com."]
    internet.names.rows["_imaps._tcp.example.org", "SRV"] = ["0 1 993 srv.example.org."]
    internet.pages[WELL_KNOWN] = config("known.example.org")
    internet.pages[AUTOCONFIG] = config("auto.example.org")
    internet.pages[ISPDB] = config("ispdb.example.org")


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
    assert {each.outcome for each in nothing.tried} == {Outcome.NOTHING}
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
    assert [each.outcome for each in found.tried[1:]] == [Outcome.LEFT] * 6
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


@pytest.mark.parametrize(
    "target", ["localhost.", "127.0.0.1.", "2130706433.", "0x7f.1.", r"a\032b.example.org."]
)
async def test_a_service_at_no_host_of_the_dns_is_left_out(internet: Internet, target: str) -> None:
    """Addresses in disguise and names of this machine."""
    internet.names.rows["_imaps._tcp.example.org", "SRV"] = [f"0 1 993 {target}"]

    found = await discover("anna@example.org", internet.inquiry())

    assert found.proposals == ()


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


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("https://inside.example.org/x.xml", "10.0.0.7 is a private network"),
        ("https://169.254.169.254/latest", "169.254.169.254 is a cloud's metadata"),
        ("https://[::ffff:127.0.0.1]/", "may not be dialled"),
        ("https://2130706433/", "it leads to what is no URL"),
        ("http://example.org/x.xml", "elsewhere than to HTTPS"),
        ("https://example.org:8443/x.xml", "elsewhere than to HTTPS"),
        ("file:///etc/passwd", "elsewhere than to HTTPS"),
        ("", "more than 3 times"),
    ],
)
async def test_a_redirect_to_inside_is_refused(
    internet: Internet, target: str, reason: str
) -> None:
    """Nothing is dialled there, whatever it is called."""
    internet.names.rows["inside.example.org", "A"] = ["10.0.0.7"]

    async def lead(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target})

    internet.pages[WELL_KNOWN] = lead

    found = await discover("anna@example.org", internet.inquiry())

    tried = found.tried[list(Source).index(Source.WELL_KNOWN)]
    assert tried.outcome is Outcome.FAILED
    assert reason in tried.reason


async def test_a_name_that_changes_its_mind_is_judged_where_it_is_dialled(
    internet: Internet,
) -> None:
    """No earlier verdict counts: the address of this very socket does."""
    internet.names.turns["example.org", "A"] = [["127.0.0.1"]]
    internet.names.rows["example.org", "A"] = ["127.0.0.2"]
    internet.pages[WELL_KNOWN] = config("imap.example.org")

    first = await discover("anna@example.org", internet.inquiry())
    second = await discover("anna@example.org", internet.inquiry())

    assert (first.winner, second.winner) == (Source.WELL_KNOWN, None)
    assert "127.0.0.2 is loopback" in second.tried[3].reason


async def test_a_domain_of_inside_is_asked_nothing(internet: Internet) -> None:
    """Where nothing of inside is allowed, a domain that leads there gets no request at all."""
    everything(internet)
    del internet.names.rows["example.org", "MX"]
    del internet.names.rows["_imaps._tcp.example.org", "SRV"]

    found = await discover("anna@example.org", internet.inquiry("192.0.2.1"))

    assert found.winner is None
    assert internet.seen == []
    assert all("loopback" in each.reason for each in found.tried[3:6])


async def test_another_ones_certificate_is_refused(internet: Internet) -> None:
    """A document counts as the domain's word, so who gives it has to be the domain."""
    internet.names.rows["other.example", "A"] = list(HERE)
    internet.pages["other.example", WELL_KNOWN[1]] = config("imap.other.example")

    found = await discover("anna@other.example", internet.inquiry())

    assert found.winner is None
    assert "certificate is not trusted" in found.tried[3].reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<html><body>Welcome</body></html>", "no clientConfig"),
        ("not found", "no XML"),
        (config("x.example.org", extra="<!DOCTYPE a [<!ENTITY b 'c'>]>"), "document type"),
        (" " * (MOST + 1), "more than"),
        (config("x.example.org", kind="plain"), "no IMAP with encryption"),
    ],
    ids=["html", "text", "entities", "huge", "plain"],
)
async def test_a_document_that_is_none_is_told(internet: Internet, text: str, reason: str) -> None:
    """And the next source is asked."""
    internet.pages[WELL_KNOWN] = text
    internet.pages[ISPDB] = config("ispdb.example.org")

    found = await discover("anna@example.org", internet.inquiry())

    assert found.winner is Source.ISPDB
    assert reason in found.tried[3].reason


async def test_a_document_without_an_end_is_cut_off(internet: Internet) -> None:
    """It is not read for longer than a document may be."""
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b" " * 65_536)
            sent += 65_536

    internet.pages[WELL_KNOWN] = endless

    found = await discover("anna@example.org", internet.inquiry())

    assert "more than 65,536 octets" in found.tried[3].reason
    # What the kernel took before it was told to stop.
    assert sent < 16 * 1024 * 1024


async def test_a_source_that_says_nothing_costs_its_deadline(internet: Internet) -> None:
    """The others are asked meanwhile."""
    internet.names.silent |= {"example.org"}
    internet.pages[ISPDB] = config("ispdb.example.org")

    found = await discover("anna@example.org", replace(internet.inquiry(), seconds=1.0))

    assert found.winner is Source.ISPDB
    assert found.tried[1].reason == "no answer within 1 s"


async def test_all_of_it_has_one_deadline(internet: Internet) -> None:
    """Who waits before a form is told what there is by then."""
    internet.names.silent |= {"example.org"}
    internet.pages[ISPDB] = config("ispdb.example.org")

    found = await discover("anna@example.org", replace(internet.inquiry(), altogether=0.2))

    assert (found.winner, found.proposals) == (None, ())
    assert [each.outcome for each in found.tried] == [Outcome.NOTHING, *[Outcome.LEFT] * 6]
    assert found.tried[-1].reason == "no answer within 0.2 s"


async def test_a_broken_or_circular_zone_is_a_failure_of_its_source(internet: Internet) -> None:
    """Neither waits for ever, nor ends the search."""
    internet.names.broken |= {"_imaps._tcp.example.org"}
    internet.names.rows["example.org", "CNAME"] = ["loop.example.org."]
    internet.names.rows["loop.example.org", "CNAME"] = ["example.org."]
    internet.pages[ISPDB] = config("ispdb.example.org")

    found = await discover("anna@example.org", internet.inquiry())

    assert found.winner is Source.ISPDB
    assert found.tried[2].outcome is Outcome.FAILED


async def test_an_international_domain_is_asked_by_its_a_label(internet: Internet) -> None:
    """RFC 5890; and a login has it as well."""
    internet.names.rows["xn--bcher-kva.example", "A"] = list(HERE)
    internet.pages["xn--bcher-kva.example", WELL_KNOWN[1]] = config("imap.%EMAILDOMAIN%")

    found = await discover("anna@Bücher.example", internet.inquiry())

    assert found.proposals[0].host == "imap.xn--bcher-kva.example"
    assert found.proposals[0].user == "anna@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anna",
        "@example.org",
        "anna@",
        "anna@localhost",
        "anna@127.0.0.1",
        "anna@[127.0.0.1]",
        "anna@0x7f.1",
        "anna@2130706433",
        "anna@example.org:80",
        "anna@example.org/x",
        "anna@exa%6dple.org",
        "an na@example.org",
        "anna\n@example.org",
        "anna@a..b",
        f"{'a' * 65}@example.org",
        f"anna@{'a.' * 200}org",
    ],
)
async def test_what_is_no_address_is_refused(internet: Internet, text: str) -> None:
    """Before anybody is asked."""
    with pytest.raises(UsageError, match="is no mail address"):
        await discover(text, internet.inquiry())
    assert internet.names.asked == internet.seen == []
