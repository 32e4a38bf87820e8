"""What nobody gets a discovery to do: dial inside, wait for ever, read without an end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiohttp import web

from tests.identity.autoconfig.internet import (
    HERE,
    ISPDB,
    WELL_KNOWN,
    Internet,
    config,
    everything,
)
from vedette.errors import UsageError
from vedette.identity.autoconfig.clientconfig import MOST
from vedette.identity.autoconfig.discovery import discover
from vedette.identity.autoconfig.proposal import Source, SourceOutcome


@pytest.mark.parametrize(
    "target", ["localhost.", "127.0.0.1.", "2130706433.", "0x7f.1.", r"a\032b.example.org."]
)
async def test_a_service_at_no_host_of_the_dns_is_left_out(internet: Internet, target: str) -> None:
    """Addresses in disguise and names of this machine."""
    internet.names.rows["_imaps._tcp.example.org", "SRV"] = [f"0 1 993 {target}"]

    found = await discover("anna@example.org", internet.inquiry())

    assert found.proposals == ()


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
    assert tried.outcome is SourceOutcome.FAILED
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
    assert [each.outcome for each in found.tried] == [
        SourceOutcome.NOTHING,
        *[SourceOutcome.LEFT] * 6,
    ]
    assert found.tried[-1].reason == "no answer within 0.2 s"


async def test_a_broken_or_circular_zone_is_a_failure_of_its_source(internet: Internet) -> None:
    """Neither waits for ever, nor ends the search."""
    internet.names.broken |= {"_imaps._tcp.example.org"}
    internet.names.rows["example.org", "CNAME"] = ["loop.example.org."]
    internet.names.rows["loop.example.org", "CNAME"] = ["example.org."]
    internet.pages[ISPDB] = config("ispdb.example.org")

    found = await discover("anna@example.org", internet.inquiry())

    assert found.winner is Source.ISPDB
    assert found.tried[2].outcome is SourceOutcome.FAILED


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
