"""What of an account's way to its server is up to an admin: odd ports, and TLS that proves nothing.

What an admin made so stays for who changes other fields, and only for the server that it was made
for. It must not know which hosts are public (``service.reach``), nor where credentials may be sent
(``redirection.py``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from vedette.ports.link import Encryption, Target, TlsPolicy
from vedette.ports.registration import Registration
from vedette.service import reach
from vedette.service.form import Form

#: The level of OpenSSL where none is set; a lower one takes keys that can be broken.
USUAL_LEVEL: Final = 2


def judge(form: Form, base: Registration, found: Registration, ports: Collection[int]) -> None:
    """Note what who is no admin may not want; ``base`` is what the account is, or of version 0."""
    old, new = base.target, found.target
    is_elsewhere = not base.version or new.host != old.host
    if is_elsewhere or new.port != old.port:
        _note(form, "port", reach.port_refusal(new.port, ports))
    _judge_safety(form, None if is_elsewhere else old, new)
    if new.proxy is not None and (not base.version or new.proxy != old.proxy):
        _note(form, "proxy", reach.proxy_refusal(new.proxy.port, ports))
    url = found.grant.url
    if url is not None and (not base.version or url != base.grant.url):
        _note(form, "tokenUrl", reach.url_refusal(url, ports))


def judge_server(form: Form, *, ports: Collection[int]) -> None:
    """Note what a stranger may not say of a server, whoever lets him say it."""
    port = form.raw("port")
    if isinstance(port, int):
        _note(form, "port", reach.port_refusal(port, ports))


def level(policy: TlsPolicy) -> int:
    """Return the level of OpenSSL that a policy comes to."""
    return USUAL_LEVEL if policy.security_level is None else policy.security_level


def is_checked(policy: TlsPolicy) -> bool:
    """Tell whether a server proves who it is: by its certificate's issuer, or by the one named."""
    return policy.verify or policy.pin is not None


def _judge_safety(form: Form, old: Target | None, new: Target) -> None:
    """Note what is less safe than usual, and was not so before: ``old`` is the same server."""
    is_plain = new.encryption is Encryption.NONE
    if is_plain and (old is None or old.encryption is not Encryption.NONE):
        form.fail("encryption", "that mail and password go in the clear is up to an admin")
    if not is_checked(new.policy) and (old is None or is_checked(old.policy)):
        form.fail(
            "verifyTls",
            "that a certificate is not checked is up to an admin; name its issuer as ca, or itself"
            " as pin",
        )
    least = USUAL_LEVEL if old is None else min(USUAL_LEVEL, level(old.policy))
    if level(new.policy) < least:
        form.fail("securityLevel", f"a level below {USUAL_LEVEL} is up to an admin")


def _note(form: Form, field: str, why: str | None) -> None:
    if why is not None:
        form.fail(field, why)
