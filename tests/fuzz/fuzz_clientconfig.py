"""A fuzz target for documents of Mozilla's clientConfig, which anybody may serve for a domain.

What is proposed can be dialled and logged in at: a name of the DNS, a port, encryption, a way to log
in; and no document takes long. Run it as a module::

    python -m tests.fuzz.fuzz_clientconfig --seconds 60
"""

from __future__ import annotations

import sys
from time import thread_time

from tests.fuzz.campaign import BrokenLawError, Campaign
from vedette.errors import ProtocolError
from vedette.guard.hosts import is_address, normalise
from vedette.identity.autoconfig import clientconfig
from vedette.identity.autoconfig.proposal import MailAddress, Proposal
from vedette.ports.link import Encryption

LONGEST = 4_000
#: 4,000 octets are read in a millisecond of processor time; this is a thousand times that.
SLOW = 1.0
ANNA = MailAddress(local="anna", domain="example.org")
WORDS = (
    b"<clientConfig>",
    b"</clientConfig>",
    b"<emailProvider>",
    b'<incomingServer type="imap">',
    b"</incomingServer>",
    b"<hostname>",
    b"</hostname>",
    b"<port>993</port>",
    b"<socketType>SSL</socketType>",
    b"<authentication>OAuth2</authentication>",
    b"<username>",
    b"%EMAILADDRESS%",
    b"%EMAILDOMAIN%",
    b"%EMAIL",
    b"<!DOCTYPE a [",
    b'<!ENTITY b "c">',
    b"]>",
    b"&b;",
    b"&#0;",
    b"<![CDATA[",
    b"]]>",
    b"<?xml",
    b' encoding="utf-16"?>',
    b"\xff\xfe",
    b"127.0.0.1",
    b"[::1]",
    b"xn--",
    b"\xc3\xa9",
)


def check(data: bytes) -> None:
    """Read one document. Raises BrokenLawError, or what is no ProtocolError."""
    started = thread_time()
    try:
        found = clientconfig.read_client_config(data, ANNA)
    except ProtocolError as error:
        if "\n" in str(error):
            raise BrokenLawError(f"{str(error)!r} is not one line") from error
        found = ()
    for each in found:
        _judge(each)
    if thread_time() - started > SLOW:
        raise BrokenLawError(f"{len(data)} octets took more than {SLOW} s")


def _judge(proposal: Proposal) -> None:
    host = proposal.host
    if is_address(host) or "." not in host or normalise(host) != host:
        raise BrokenLawError(f"{host!r} is no name of the DNS")
    if not 0 < proposal.port < 2**16 or proposal.encryption is Encryption.NONE:
        raise BrokenLawError(f"{proposal} can not be dialled")
    if not proposal.auths or not proposal.user or not proposal.user.isprintable():
        raise BrokenLawError(f"{proposal} has no way to log in")


CAMPAIGN = Campaign(name="clientconfig", check=check, words=WORDS, longest=LONGEST)

if __name__ == "__main__":
    sys.exit(CAMPAIGN.main())
