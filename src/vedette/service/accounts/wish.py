"""What a caller wants of an account: a form checked as a whole, against what the caller may.

It says everything that is wrong at once. It must not know how it is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from vedette.ports.registration import Auth, Grant, Pause, Registration
from vedette.secret import Secret
from vedette.service import reach
from vedette.service.accounts import allowance, fields, redirection
from vedette.service.accounts.pausing import is_for, started
from vedette.service.accounts.registration import SECRETS, SETTABLE, members_of, read
from vedette.service.caller import Caller
from vedette.service.form import Form
from vedette.service.refusals import ForbiddenError

#: Which secrets each way to log in uses; those of another way go when the way is changed.
_OF: Final[Mapping[Auth, frozenset[str]]] = {
    Auth.PASSWORD: frozenset({"password", "token"}),
    Auth.OAUTH2: frozenset({"refresh_token"}),
    Auth.TOKEN_COMMAND: frozenset(),
    Auth.TOKEN_URL: frozenset({"token_url_secret"}),
}
_CREDENTIALS: Final = frozenset().union(*_OF.values())

#: Where a session goes: with ``private``, only an admin changes it.
_PLACE: Final = ("host", "port", "proxy", "tokenUrl")
#: What a login is refused for, beside the secrets.
_LOGIN: Final = ("user", "auth", "app", "tokenCommand", "tokenUrl", "mechanism", "host", "port")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """An account as somebody wants it, and the secrets to seal beside it (None: take it away).

    ``changed`` are the names of the members that are other than before, for the audit.
    """

    registration: Registration
    secrets: Mapping[str, Secret[str] | None]
    changed: tuple[str, ...]


def wished(
    caller: Caller,
    wish: Mapping[str, object],
    base: Registration,
    *,
    now: float,
    ports: Collection[int],
) -> Wished:
    """Return what becomes of an account by a form; ``base`` is what it is, or one of version 0.

    A member that is null goes back to its default; a secret that is blank, null or absent stays.
    ``ports`` are those of servers that who is no admin may name. Raises InvalidError with every
    mistake, ForbiddenError.
    """
    before = members_of(base)
    form = Form(_filled(before, wish, is_new=base.version == 0))
    account = base.account
    found = read(form, id_=account.id, tenant=account.tenant)
    secrets = {
        name: secret
        for member, name in SECRETS.items()
        if (secret := form.secret(member)) is not None
    }
    form.refuse_unknown()
    _judge(form, found, secrets, is_new=base.version == 0, was=base.grant.auth)
    form.done()
    after = members_of(found)
    changed = [name for name in sorted(SETTABLE) if after[name] != before[name]]
    _permit(caller, base, found, changed)
    if not caller.is_admin:
        allowance.judge(form, base, found, ports)
        if base.version:
            redirection.judge(form, base, found, secrets)
        form.done()
    registration = _over(base, found)
    is_another_try = not _CREDENTIALS.isdisjoint(secrets) or not set(_LOGIN).isdisjoint(changed)
    if is_another_try and is_for(registration, Pause.AUTH_FAILURE):
        # Other credentials are another try (incident: a saved password that nothing ever used),
        # and so are the same ones, given again.
        registration = started(registration, Pause.AUTH_FAILURE, now=now)
        registration = replace(registration, reconnect=min(registration.reconnect + 1, fields.MOST))
    given = [member for member, name in SECRETS.items() if name in secrets]
    return Wished(
        registration=registration,
        secrets={**_outdated(base, found), **secrets},
        changed=tuple(sorted({*changed, *given})),
    )


def _over(base: Registration, found: Registration) -> Registration:
    """Return an account with what its form says, and the rest as it is."""
    return replace(
        base,
        account=found.account,
        target=found.target,
        title=found.title,
        tags=found.tags,
        grant=found.grant,
        active=found.active,
        consent=found.consent,
    )


def _filled(
    before: Mapping[str, object], wish: Mapping[str, object], *, is_new: bool
) -> dict[str, object]:
    """Return the whole form: what is there, and over it what is wanted."""
    if is_new:
        return dict(wish)
    kept = {name: value for name, value in before.items() if name in SETTABLE}
    if "encryption" in wish and "port" not in wish and wish["encryption"] != kept["encryption"]:
        # A port that was said for the one way is hardly right for the other.
        del kept["port"]
    if "email" in wish and "user" not in wish and kept["user"] == kept["email"]:
        del kept["user"]
    return {**kept, **wish}


def _judge(
    form: Form,
    found: Registration,
    secrets: Mapping[str, Secret[str]],
    *,
    is_new: bool,
    was: Auth,
) -> None:
    """Note what is missing, and what does not go together."""
    if not found.account.email:
        _missing(form, "email", "the address of the mailbox")
    if not found.target.host:
        _missing(form, "host", "the server to watch")
    _judge_hosts(form, found)
    if "proxy_password" in secrets and found.target.proxy is None:
        form.fail("proxyPassword", "there is no proxy that it could be for")
    begins = is_new or was is not found.grant.auth
    _judge_grant(form, found.grant, begins=begins, secrets=secrets)


def _judge_grant(
    form: Form, grant: Grant, *, begins: bool, secrets: Mapping[str, Secret[str]]
) -> None:
    """Note what a way to log in lacks; a password that is there already may stay."""
    match grant.auth:
        case Auth.PASSWORD:
            if begins and _OF[Auth.PASSWORD].isdisjoint(secrets):
                _missing(form, "password", "what opens the mailbox")
        case Auth.OAUTH2:
            if grant.app is None:
                _missing(form, "app", "the OAuth 2.0 app that the account is connected by")
        case Auth.TOKEN_COMMAND:
            if not grant.command:
                _missing(form, "tokenCommand", "the command that prints an access token")
        case Auth.TOKEN_URL:
            if grant.url is None:
                _missing(form, "tokenUrl", "the URL that answers with an access token")


def _missing(form: Form, field: str, what: str) -> None:
    """Note that a field is missing, unless what is wrong with it is told already."""
    if field not in {each.field for each in form.mistakes}:
        form.fail(field, f"is missing: {what}")


def _judge_hosts(form: Form, found: Registration) -> None:
    target, url = found.target, found.grant.url
    places = {
        "host": target.host,
        "proxy": "" if target.proxy is None else target.proxy.host,
        "tokenUrl": "" if url is None else reach.host_of(url),
    }
    for field, host in places.items():
        if host and (why := reach.refusal(host, private=target.private)) is not None:
            form.fail(field, why)


def _permit(caller: Caller, base: Registration, found: Registration, changed: list[str]) -> None:
    """Raise ForbiddenError where only an admin may want that."""
    if caller.is_admin:
        return
    if found.target.private and "private" in changed:
        raise ForbiddenError("private: that inside addresses are dialled is up to an admin")
    if base.target.private and not set(_PLACE).isdisjoint(changed):
        raise ForbiddenError(
            "private: an admin let this account dial inside addresses, so only an admin may say "
            "where to"
        )
    if found.grant.command and "tokenCommand" in changed:
        raise ForbiddenError("tokenCommand: a command of this machine is up to an admin")


def _outdated(base: Registration, found: Registration) -> dict[str, Secret[str] | None]:
    """Return the secrets that nothing uses any more, to be taken away."""
    if base.version == 0:
        return {}
    gone: set[str] = set()
    if found.grant.auth is not base.grant.auth:
        gone |= _CREDENTIALS - _OF[found.grant.auth]
    if redirection.is_other_proxy(base, found):
        # It was given for the proxy that was.
        gone.add("proxy_password")
    return dict.fromkeys(gone)
