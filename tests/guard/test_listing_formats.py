"""Lists of domains in the formats in which they are published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.guard.listing.domain import domain
from vedette.guard.listing.formats import MAX_LINE, Entry, Format, detected, entries


def _read(text: str, form: Format) -> list[Entry]:
    return list(entries(text.splitlines(), form))


def _domains(text: str, form: Format) -> list[str]:
    return [entry.domain for entry in _read(text, form) if not entry.allow]


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (Format.PLAIN, "# a list\nlucky.example.com\nLUCKY.example.net  # shout", ["lucky.example.com", "lucky.example.net"]),
        (Format.PLAIN, "\ufefflucky.example.com\r\n", ["lucky.example.com"]),
        (Format.PLAIN, "glück.example.com", ["xn--glck-1ra.example.com"]),
        (Format.WILDCARD, "*.lucky.example.com\n.lucky.example.net", ["lucky.example.com", "lucky.example.net"]),
        (Format.HOSTS, "0.0.0.0 lucky.example.com www.lucky.example.com # ads", ["lucky.example.com", "www.lucky.example.com"]),
        (Format.HOSTS, "# a title\n#\n\n0.0.0.0 lucky.example.com\n#0.0.0.0 quiet.example.com", ["lucky.example.com"]),
        (Format.WILDCARD, "# a title\n#\n*.lucky.example.com", ["lucky.example.com"]),
        (Format.DNSMASQ, "# a title\n#\nlocal=/lucky.example.com/", ["lucky.example.com"]),
        (Format.UNBOUND, "# a title\n#\nserver:\nlocal-zone: lucky.example.com refuse", ["lucky.example.com"]),
        (Format.RPZ, "; a title\n;\nlucky.example.com CNAME .", ["lucky.example.com"]),
        (Format.HOSTS, "127.0.0.1 localhost\n::1 lucky.example.com", ["lucky.example.com"]),
        (Format.HOSTS, "192.168.1.7 printer.home.arpa", []),
        (Format.ADBLOCK, "[Adblock Plus]\n! title\n||lucky.example.com^\n||lucky.example.net", ["lucky.example.com", "lucky.example.net"]),
        (Format.DNSMASQ, "address=/lucky.example.com/0.0.0.0\nserver=/lucky.example.net/\nlocal=/lucky.example.org/", ["lucky.example.com", "lucky.example.net", "lucky.example.org"]),
        (Format.DNSMASQ, "address=/a.example.com/b.example.com/0.0.0.0", ["a.example.com", "b.example.com"]),
        (Format.UNBOUND, 'local-zone: "lucky.example.com." always_nxdomain\nlocal-zone: lucky.example.net. refuse', ["lucky.example.com", "lucky.example.net"]),
        (Format.RPZ, "$TTL 300\n@ SOA localhost. root. 1 2 3 4 5\nlucky.example.com CNAME .\n*.lucky.example.com CNAME .", ["lucky.example.com", "lucky.example.com"]),
        (Format.RPZ, "lucky.example.com 300 IN CNAME rpz-drop. ; why", ["lucky.example.com"]),
    ],
)  # fmt: skip
def test_a_format_gives_its_domains(form: Format, text: str, expected: list[str]) -> None:
    """Comments, case, marks of byte order and what is no domain go away."""
    assert _domains(text, form) == expected


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (Format.ADBLOCK, "@@||shop.example.com^"),
        (Format.RPZ, "shop.example.com CNAME rpz-passthru."),
        (Format.UNBOUND, 'local-zone: "shop.example.com" transparent'),
    ],
)
def test_an_exception_is_told_as_one(form: Format, text: str) -> None:
    """It takes the domain off the list."""
    assert _read(text, form) == [Entry("shop.example.com", allow=True)]


@pytest.mark.parametrize(
    "rule",
    [
        "||lucky.example.com/banner^",
        "||lucky.example.com^$third-party",
        "||lucky.*^",
        "/casino-[0-9]+/",
        "example.com##.ad",
        "|https://lucky.example.com|",
    ],
)
def test_a_rule_about_less_than_a_domain_is_passed_over(rule: str) -> None:
    """A path or an option is no reason to distrust all mail of a domain."""
    assert _read(rule, Format.ADBLOCK) == []


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "1.2.3.4", "::1", "localhost", "com", "a..b.com", "-a.com", "a b.com", "x" * 64 + ".com",
     ".".join(["a" * 60] * 5) + ".com", "", ".", "a.b1", "exa mple.com", "http://example.com"],
)  # fmt: skip
def test_what_is_no_domain_is_dropped(text: str) -> None:
    """Addresses, single labels and spellings that no registry has."""
    assert domain(text) is None


def test_a_line_without_end_is_passed_over() -> None:
    """A list is data of strangers."""
    lines = ["a" * MAX_LINE + ".example.com", "lucky.example.com"]

    assert list(entries(lines, Format.PLAIN)) == [Entry("lucky.example.com")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# hosts\n127.0.0.1 localhost\n0.0.0.0 a.example.com", Format.HOSTS),
        ("! title\n||a.example.com^\n@@||b.example.com^", Format.ADBLOCK),
        ("address=/a.example.com/", Format.DNSMASQ),
        ('server:\nlocal-zone: "a.example.com" refuse', Format.UNBOUND),
        ("$TTL 1\na.example.com CNAME .", Format.RPZ),
        ("*.a.example.com\n*.b.example.com", Format.WILDCARD),
        ("a.example.com\nb.example.com", Format.PLAIN),
        ("", Format.PLAIN),
    ],
)
def test_the_format_is_found_out(text: str, expected: Format) -> None:
    """Most lists do not say it."""
    assert detected(text.splitlines()) is expected


@given(st.lists(st.text(), max_size=20), st.sampled_from(Format))
def test_any_lines_give_domains_or_nothing(lines: list[str], form: Format) -> None:
    """No line raises, and what comes out is a domain of one spelling."""
    for entry in entries(lines, form):
        assert domain(entry.domain) == entry.domain


@given(st.lists(st.text(), max_size=20))
def test_any_lines_have_a_format(lines: list[str]) -> None:
    """To find out never raises."""
    assert detected(lines) in Format
