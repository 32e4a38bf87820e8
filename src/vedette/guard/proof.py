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


def sender(message: mime.Message) -> str | None:
    """Return the host that a message is from, if it is from one and that is proved.

    A server that judged another From field than the one that is read here proved nothing of this
    one: a message may have two (RFC 7489 section 6.6.1).
    """
    named = {hosts.of_address(each.address) for each in message.from_}
    host = named.pop() if len(named) == 1 else None
    if host is None or message.authentication is None:
        return None
    found = proved(message)
    if Auth.ALIGNED in found:
        return host
    of = {
        hosts.normalise(value)
        for each in message.authentication.results
        if each.method == "dmarc"
        for name, value in each.properties
        if name == "header.from"
    }
    return host if Auth.DMARC in found and of <= {host} else None


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
