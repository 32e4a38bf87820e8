"""What a trusted server found of a message's sender (RFC 8601): what is proved, and by whom.

It must not know what follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable

from vedette import mime
from vedette.guard import hosts
from vedette.guard.pack import Auth

_OF_SIGNER = frozenset({"header.d", "header.i", "smtp.mailfrom"})


def signers(message: mime.Message, *methods: str) -> Iterable[str]:
    """Yield the domains that passed ``dkim`` or ``spf``, by the word of a trusted server."""
    found = message.authentication
    for result in found.results if found is not None else ():
        if result.result == "pass" and result.method in methods:
            for name, value in result.properties:
                if name in _OF_SIGNER and (host := hosts.normalise(value)):
                    yield host


def proved(message: mime.Message) -> frozenset[Auth]:
    """Return what is proved; nothing where no trusted server spoke."""
    found = message.authentication
    if found is None:
        return frozenset()
    holds = {Auth.DMARC: found.dmarc == "pass", Auth.FAIL: found.dmarc == "fail"}
    named = [host for each in message.from_ if (host := hosts.of_address(each.address))]
    senders = {hosts.registrable(host) for host in named}
    # More than one sender is no sender that anything was proved of.
    if len(senders) == 1 and None not in senders:
        passed = {hosts.registrable(host) for host in signers(message, "dkim", "spf")}
        holds[Auth.ALIGNED] = senders <= passed
    return frozenset(auth for auth, does in holds.items() if does)
