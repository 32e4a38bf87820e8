"""A clientConfig is read for its IMAP servers, and anybody may have written it."""

from __future__ import annotations

import contextlib
import time
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import ProtocolError
from vedette.identity.autoconfig.clientconfig import MOST, read_client_config
from vedette.identity.autoconfig.proposal import Login, MailAddress, Proposal
from vedette.ports.link import Encryption
from vedette.ports.registration import Auth

ANNA = MailAddress(local="anna.vo", domain="example.org")

#: As Thunderbird's database has them, cut to what matters.
DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <!-- servers by preference -->
  <emailProvider id="example.org">
    <domain>example.org</domain>
    <displayName>Example</displayName>
    <incomingServer type="pop3">
      <hostname>pop.example.org</hostname><port>995</port><socketType>SSL</socketType>
      <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
    </incomingServer>
    <incomingServer type="imap">
      <hostname>mail.%EMAILDOMAIN%</hostname><port>143</port><socketType>STARTTLS</socketType>
      <username>%EMAILLOCALPART%</username>
      <authentication>password-encrypted</authentication>
      <authentication>password-cleartext</authentication>
    </incomingServer>
    <incomingServer type="imap">
      <hostname>imap.example.org</hostname><port>993</port><socketType>SSL</socketType>
      <username>%EMAILADDRESS%</username>
      <authentication>OAuth2</authentication>
      <authentication>GSSAPI</authentication>
      <authentication>password-cleartext</authentication>
      <pop3><leaveMessagesOnServer>true</leaveMessagesOnServer></pop3>
    </incomingServer>
    <incomingServer type="imap">
      <hostname>clear.example.org</hostname><port>143</port><socketType>plain</socketType>
      <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
    </incomingServer>
    <outgoingServer type="smtp"><hostname>smtp.example.org</hostname></outgoingServer>
    <documentation url="https://evil.example/login"><descr>Log in here first</descr></documentation>
  </emailProvider>
</clientConfig>
"""


def servers(*texts: str) -> bytes:
    inner = "".join(f'<incomingServer type="imap">{each}</incomingServer>' for each in texts)
    return f"<clientConfig><emailProvider>{inner}</emailProvider></clientConfig>".encode()


def server(**values: str) -> str:
    said = {
        "hostname": "imap.example.org",
        "port": "993",
        "socketType": "SSL",
        "username": "%EMAILADDRESS%",
        "authentication": "password-cleartext",
        **values,
    }
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in said.items())


def test_the_servers_of_imap_are_read_with_tls_first() -> None:
    """Those without encryption, of POP3 and for sending are not; nor is a word for people."""
    assert read_client_config(DOCUMENT.encode(), ANNA) == (
        Proposal(
            host="imap.example.org",
            port=993,
            encryption=Encryption.IMPLICIT,
            user="anna.vo@example.org",
            login=Login.ADDRESS,
            auths=(Auth.OAUTH2, Auth.PASSWORD),
        ),
        Proposal(
            host="mail.example.org",
            port=143,
            encryption=Encryption.STARTTLS,
            user="anna.vo",
            login=Login.LOCAL_PART,
            auths=(Auth.PASSWORD,),
        ),
    )


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8-sig"])
def test_a_document_may_be_in_another_encoding(encoding: str) -> None:
    """Where it says so."""
    said = "UTF-8" if encoding == "utf-8-sig" else encoding
    text = DOCUMENT.replace('encoding="UTF-8"', f'encoding="{said}"')

    assert len(read_client_config(text.encode(encoding), ANNA)) == 2


@pytest.mark.parametrize(
    ("template", "login", "user"),
    [
        ("%EMAILADDRESS%", Login.ADDRESS, "anna.vo@example.org"),
        ("%EMAILLOCALPART%@%EMAILDOMAIN%", Login.ADDRESS, "anna.vo@example.org"),
        ("%EMAILLOCALPART%", Login.LOCAL_PART, "anna.vo"),
        ("%EMAILDOMAIN%\\%EMAILLOCALPART%", Login.OTHER, "example.org\\anna.vo"),
        ("fixed", Login.OTHER, "fixed"),
    ],
)
def test_the_login_is_filled_in(template: str, login: Login, user: str) -> None:
    """The whole address, its first part, or as it is said."""
    (found,) = read_client_config(servers(server(username=template)), ANNA)

    assert (found.login, found.user) == (login, user)


@pytest.mark.parametrize(
    "values",
    [
        {"hostname": ""},
        {"hostname": "localhost"},
        {"hostname": "127.0.0.1"},
        {"hostname": "[::1]"},
        {"hostname": "0x7f.1"},
        {"hostname": "a@imap.example.org"},
        {"hostname": "imap.example.org:143"},
        {"hostname": "imap.example.org/x"},
        {"hostname": "imap%2eexample.org"},
        {"hostname": "a" * 300 + ".example.org"},
        {"port": ""},
        {"port": "0"},
        {"port": "65536"},
        {"port": "-1"},
        {"port": "٩٩٣"},
        {"port": "9" * 400},
        {"socketType": "plain"},
        {"socketType": ""},
        {"authentication": "GSSAPI"},
        {"authentication": "none"},
        {"username": ""},
        {"username": "%EMAILUNKNOWN%"},
        {"username": "a\u0085b"},
    ],
)
def test_a_server_that_can_not_be_is_left_out(values: dict[str, str]) -> None:
    """And the one beside it is not."""
    document = servers(server(**values), server(hostname="other.example.org"))

    found = read_client_config(document, ANNA)

    assert [each.host for each in found] == ["other.example.org"]


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><clientConfig/>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><clientConfig/>',
        b'<!DOCTYPE a PUBLIC "x" "https://evil.example/x.dtd"><clientConfig/>',
        b'<!DOCTYPE a [<!ENTITY % b SYSTEM "https://evil.example/">%b;]><clientConfig/>',
        b"<clientConfig>&b;</clientConfig>",
    ],
)
def test_there_are_no_entities(document: bytes) -> None:
    """No document type at all: nothing to unfold, and nothing outside to fetch."""
    with pytest.raises(ProtocolError, match=r"document type|no XML"):
        read_client_config(document, ANNA)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"", "no XML"),
        (b"\xff\xfe\x00", "no XML"),
        (b"<clientConfig>", "no XML"),
        (b'<?xml version="1.0" encoding="nonsense"?><clientConfig/>', "no XML"),
        (b'<?xml version="1.0" encoding="rot13"?><clientConfig/>', "no XML"),
        (b"<html></html>", "no clientConfig"),
        (b"<a><clientConfig/></a>", "no clientConfig"),
        (b"<clientConfig>" + b"<a>" * 20, "deeper than 16"),
        (b"<clientConfig>" + b"<a>" * 20_000, "deeper than 16"),
        (b" " * (MOST + 1), "more than 65536 octets"),
        (servers(*[server()] * 33), "more than 32 servers"),
    ],
)
def test_what_is_no_such_document_is_told(document: bytes, words: str) -> None:
    """In words for whoever looks why nothing was found."""
    with pytest.raises(ProtocolError, match=words):
        read_client_config(document, ANNA)


def test_the_first_of_two_values_counts() -> None:
    """Nobody hides a second host behind the one that is read by people."""
    (found,) = read_client_config(servers(server() + "<hostname>evil.example</hostname>"), ANNA)

    assert found.host == "imap.example.org"


def test_the_largest_document_takes_no_time() -> None:
    """Whatever it is full of."""
    head, tail = b"<clientConfig><emailProvider>", b"</emailProvider></clientConfig>"
    room = MOST - len(head) - len(tail)
    fills = [
        b"<a/>" * (room // 4),
        b"x" * room,
        b"&#65;" * (room // 5),
        b"<a " + b"b" * (room - 5) + b"=''/>",
    ]

    for fill in fills:
        start = time.process_time()
        with contextlib.suppress(ProtocolError):
            read_client_config(head + fill + tail, ANNA)
        assert time.process_time() - start < 0.5


@given(document=st.binary(max_size=300))
def test_any_octets_are_read_or_refused(document: bytes) -> None:
    """Nothing else is raised."""
    with pytest.raises(ProtocolError):
        read_client_config(document, ANNA)


NAMES = st.sampled_from(
    ["clientConfig", "emailProvider", "incomingServer", "hostname", "port", "username", "a"]
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 4) -> str:
    name = draw(NAMES)
    count = draw(st.integers(0, 3)) if depth else 0
    inner = [draw(elements(depth=depth - 1)) for _ in range(count)]
    text = escape(draw(st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=8)))
    kind = draw(st.sampled_from(["", ' type="imap"', ' type="pop3"']))
    return f"<{name}{kind}>{text}{''.join(inner)}</{name}>"


@given(inner=elements(), host=st.sampled_from(["imap.example.org", "10.0.0.1", "x"]))
def test_what_is_proposed_can_be_dialled(inner: str, host: str) -> None:
    """Whatever stands around it: a name of the DNS, a port, encryption, and a way to log in."""
    document = servers(server(hostname=host) + inner)
    try:
        found = read_client_config(document, ANNA)
    except ProtocolError:
        return

    for each in found:
        assert each.host == "imap.example.org"
        assert 0 < each.port < 65_536
        assert each.encryption is not Encryption.NONE
        assert each.auths
        assert each.user
