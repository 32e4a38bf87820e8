"""A registered account as a record, both ways, and as a form that somebody filled in.

The body of the record, the form and what the API shows have the same flat members, so that there
is one reader for all of them. A member that this version does not know was written by a newer
one: it is kept as it is when the record is written. It must not know who may set what.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final, TypeGuard

from vedette.model.account import Account, Beginning, Canary, Cover, Credentials, Depth, Start
from vedette.model.ids import AccountId, TenantId
from vedette.ports.link import Encryption, Target, TlsPolicy
from vedette.ports.records import Kind, Record
from vedette.ports.registration import Auth, Grant, Pause, Registration, Resync
from vedette.service.accounts import fields
from vedette.service.accounts.pausing import has_place
from vedette.service.body import Body, members, readable, written
from vedette.service.form import Form

#: What is kept sealed beside a record, by the member that sets it.
SECRETS: Final[Mapping[str, str]] = {
    "password": "password",
    "token": "token",
    "refreshToken": "refresh_token",
    "proxyPassword": "proxy_password",
    "tokenUrlSecret": "token_url_secret",
}

#: The words of the API for ``Encryption``.
ENCRYPTIONS: Final[Mapping[str, Encryption]] = {
    "tls": Encryption.IMPLICIT,
    "starttls": Encryption.STARTTLS,
    "plain": Encryption.NONE,
}
#: Where a server listens (RFC 8314 section 3.2, RFC 9051 section 2.1).
PORTS: Final[Mapping[Encryption, int]] = {
    Encryption.IMPLICIT: 993,
    Encryption.STARTTLS: 143,
    Encryption.NONE: 143,
}

#: Octets of the largest message that can be asked for, and of the smallest such bound.
MAX_MESSAGE: Final = 150 * 1024 * 1024
MIN_MESSAGE: Final = 256 * 1024

#: A start further back than this many messages is an import, not a watch.
MAX_LAST: Final = 100_000

#: What a person may set; the rest of a body is ours.
SETTABLE: Final = frozenset(
    {
        "email", "title", "tags", "user", "auth", "app", "tokenCommand", "tokenUrl", "host", "port",
        "encryption", "verifyTls", "ca", "pin", "minimumTls", "securityLevel", "proxy", "private",
        "folders", "start", "depth", "cover", "authserv", "maxMessage", "mechanism", "active",
        "consent", "canary", "canaryInterval", "canaryFolder",
    }
)  # fmt: skip

_REASONS: Final[Mapping[str, Pause | None]] = {each.value: each for each in Pause}
_WORDS: Final = {encryption: word for word, encryption in ENCRYPTIONS.items()}


def members_of(registration: Registration) -> Body:
    """Return the members of a body: JSON values, and no secret."""
    account, target, grant = registration.account, registration.target, registration.grant
    policy = target.policy
    return {
        "email": account.email,
        "title": registration.title,
        "tags": list(registration.tags),
        "user": account.credentials.user,
        "auth": grant.auth.value,
        "app": grant.app,
        "tokenCommand": list(grant.command),
        "tokenUrl": grant.url,
        "host": target.host,
        "port": target.port,
        "encryption": _WORDS[target.encryption],
        "verifyTls": policy.verify,
        "ca": policy.ca,
        "pin": policy.pin,
        "minimumTls": policy.minimum,
        "securityLevel": policy.security_level,
        "proxy": None if target.proxy is None else fields.proxy_url(target.proxy),
        "private": target.private,
        "folders": list(account.folders),
        "start": _start_member(account.beginning),
        "depth": account.depth.value,
        "cover": account.cover.value,
        "authserv": list(account.trusted_authserv),
        "maxMessage": account.max_message,
        "mechanism": account.mechanism,
        "active": registration.active,
        "consent": registration.consent,
        **_canary_members(account.canary),
        "pause": _value(registration.pause),
        "beneath": _value(registration.beneath),
        "pausedAt": registration.paused_at,
        "reconnect": registration.reconnect,
        "resync": {"serial": registration.resync.serial, "since": registration.resync.since},
    }


def record_of(registration: Registration, *, over: Record | None = None) -> Record:
    """Return the record to write; ``over`` is what it replaces, whose unknown members stay."""
    account = registration.account
    return Record(
        kind=Kind.ACCOUNT,
        id=account.id,
        tenant=account.tenant,
        body=written(members_of(registration), over=over),
        label=label_of(registration),
        is_counted=has_place(registration),
    )


def label_of(registration: Registration) -> str:
    """Return what a search for an account looks into."""
    account = registration.account
    words = (account.email, account.credentials.user, registration.title, registration.target.host)
    return " ".join((*words, *registration.tags))


def registration_of(record: Record) -> Registration:
    """Read a record. Raises NewerError where it says what this version does not know."""
    form = Form(members(record))
    found = read(form, id_=AccountId(record.id), tenant=record.tenant, kept=record)
    readable(form, record)
    return found


def read(
    form: Form, *, id_: AccountId, tenant: TenantId, kept: Record | None = None
) -> Registration:
    """Read an account from a form; mistakes are in the form.

    What is ours, such as why it is paused, is read where the form is that of a record.
    """
    auth = form.choice("auth", Auth, Auth.PASSWORD)
    email = form.checked("email", fields.mail_address, "")
    account = Account(
        id=id_,
        tenant=tenant,
        email=email,
        credentials=Credentials(user=form.text("user") or email),
        folders=fields.folders(form),
        beginning=_beginning(form),
        depth=form.choice("depth", Depth, Depth.TEXT),
        cover=form.choice("cover", Cover, Cover.POLL),
        trusted_authserv=form.texts("authserv", most=20, longest=255),
        max_message=form.whole("maxMessage", 50 * 1024 * 1024, low=MIN_MESSAGE, high=MAX_MESSAGE),
        mechanism=form.checked("mechanism", fields.mechanism, None),
        canary=fields.canary(form),
    )
    grant = Grant(
        auth=auth,
        app=form.optional("app", longest=200),
        command=form.texts("tokenCommand", most=50),
        url=form.checked("tokenUrl", fields.token_url, None),
    )
    return Registration(
        account=account,
        target=_target(form),
        title=form.text("title", longest=200),
        tags=fields.tags(form),
        grant=grant,
        active=form.flag("active", default=True),
        consent=form.optional("consent", longest=100),
        **({} if kept is None else _ours(form, kept)),
    )


def _target(form: Form) -> Target:
    encryption = form.word("encryption", ENCRYPTIONS, Encryption.IMPLICIT)
    level = form.raw("securityLevel")
    return Target(
        host=form.checked("host", fields.host, ""),
        port=form.whole("port", PORTS[encryption], low=1, high=65_535),
        encryption=encryption,
        policy=TlsPolicy(
            verify=form.flag("verifyTls", default=True),
            ca=fields.certificates(form),
            pin=form.checked("pin", fields.pin, None),
            minimum=form.word("minimumTls", {"1.2": "1.2", "1.3": "1.3"}, "1.2"),
            security_level=None if level is None else form.whole("securityLevel", 2, low=0, high=5),
        ),
        proxy=form.checked("proxy", fields.proxy, None),
        private=form.flag("private", default=False),
    )


def _ours(form: Form, record: Record) -> dict[str, Any]:
    """Return what nobody sets by a form, by its name in a registration."""
    resync = form.raw("resync")
    wish = Form(resync if isinstance(resync, Mapping) else {})
    paused_at = form.number("pausedAt", 0.0, low=0.0, high=fields.LAST_INSTANT)
    return {
        "pause": form.word("pause", _REASONS, None),
        "beneath": form.word("beneath", _REASONS, None),
        "paused_at": paused_at if "pausedAt" in form else None,
        "reconnect": form.whole("reconnect", 0, low=0, high=fields.MOST),
        "resync": Resync(
            serial=wish.whole("serial", 0, low=0, high=fields.MOST),
            since=wish.number("since", 0.0, low=0.0, high=fields.LAST_INSTANT),
        ),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "version": record.version,
    }


def _canary_members(canary: Canary | None) -> Body:
    shown = canary or Canary()
    return {
        "canary": canary is not None,
        "canaryInterval": round(shown.interval),
        "canaryFolder": shown.folder,
    }


def _start_member(beginning: Beginning) -> object:
    if beginning.start is Start.NOW:
        return "now"
    if beginning.start is Start.LAST:
        return {"last": beginning.count}
    return {"since": beginning.instant}


def _beginning(form: Form) -> Beginning:
    """Read where a folder begins: ``now``, a date or instant, so many messages, or as stored."""
    value = form.raw("start")
    if isinstance(value, Mapping) and len(value) == 1:
        key, inner = next(iter(value.items()))
        if key == "last" or (key == "since" and isinstance(inner, str)):
            value = inner
        elif key == "since" and _is_instant(inner):
            return Beginning(start=Start.DATE, instant=float(inner))
    if value is None or value == "now":
        return Beginning()
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_LAST:
        return Beginning(start=Start.LAST, count=value)
    if isinstance(value, str) and (instant := instant_of(value)) is not None:
        return Beginning(start=Start.DATE, instant=instant)
    form.fail(
        "start",
        f'expected "now", a date such as 2026-11-01, or a number of messages up to {MAX_LAST}',
    )
    return Beginning()


def _is_instant(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= fields.LAST_INSTANT


def instant_of(text: str) -> float | None:
    """Read a date or an instant (RFC 3339); without a zone it is UTC. None where it is neither."""
    try:
        if len(text) == len("2026-11-01"):
            moment = datetime.combine(date.fromisoformat(text), time(), UTC)
        else:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        instant = moment.timestamp()
    except (ValueError, OverflowError):
        return None
    return instant if 0 <= instant <= fields.LAST_INSTANT else None


def _value(pause: Pause | None) -> str | None:
    return None if pause is None else pause.value
