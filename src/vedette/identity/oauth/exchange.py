"""What is asked of a token endpoint, and what its answers mean (RFC 6749 sections 4 to 6).

=========================================================  =====================================
what it says                                               what it is
=========================================================  =====================================
``invalid_grant`` and kin, ``invalid_client``,             withdrawn: a person has to act
``unauthorized_client``, with a status below 500
429, ``slow_down``, ``temporarily_unavailable``, and 503   throttled, with its own time
with a time
anything else: 5xx, another error, HTML, nothing at all    passing: it is tried again
=========================================================  =====================================

Nothing of it is ever a refused password (catalogue A9). It must not know what tokens are for.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import quote_plus

from vedette.errors import LinkError, NetworkError, RevokedError, ThrottledError
from vedette.identity.oauth.apps import App, Client, Proof
from vedette.identity.oauth.transport import Answer, Transport
from vedette.secret import Secret
from vedette.telemetry.counters import Counter

_REFRESHES = Counter(
    "vedette_token_refreshes_total",
    "Requests for a new access token, by what came of them: granted, or the class of the failure.",
    label="outcome",
    values=("granted", "revoked", "throttled", "network", "auth"),
)

#: RFC 6749 section 5.2, and what OpenID Connect Core section 3.1.2.6 adds to it.
_CONSENT: Final = frozenset(
    {
        "invalid_grant",
        "interaction_required",
        "login_required",
        "consent_required",
        "account_selection_required",
        "access_denied",
    }
)
_CLIENT: Final = frozenset({"invalid_client", "unauthorized_client"})
_PATIENCE: Final = frozenset({"slow_down", "temporarily_unavailable"})
_THROTTLED: Final = 429
_UNAVAILABLE: Final = 503
_FAILED: Final = 500
_OK: Final = 200
#: Seconds that a token is taken to live where nothing is said: the shortest of the large providers.
UNSAID: Final = 3600.0
#: The longest life that is believed, in seconds; 0 is the shortest.
LONGEST: Final = 365 * 86_400.0
#: Characters of a service's words in a line for a person, and of a code.
MAX_WORDS: Final = 200
MAX_CODE: Final = 60
#: Characters of a token: more is no answer to a login.
MAX_TOKEN: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Tokens. ``lifetime`` is in seconds; ``refresh`` is None where the old one goes on."""

    access: Secret[str]
    lifetime: float
    refresh: Secret[str] | None = None
    id_token: Secret[str] | None = None
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """That there are none. ``code`` is that of the service, ``words`` are its own, cleaned."""

    host: str
    status: int
    code: str = ""
    words: str = ""
    retry_after: float | None = None

    @property
    def is_final(self) -> bool:
        """Whether asking again can not help."""
        return (
            self.status < _FAILED and self.status != _THROTTLED and self.code in _CONSENT | _CLIENT
        )

    @property
    def is_busy(self) -> bool:
        """Whether the service asks for patience."""
        if self.status == _THROTTLED or self.code in _PATIENCE:
            return True
        return self.status == _UNAVAILABLE and self.retry_after is not None

    @property
    def is_of_app(self) -> bool:
        """Whether it is the app that is refused, and not one consent."""
        return self.code in _CLIENT

    @property
    def said(self) -> str:
        """What was said, in one line."""
        text = ": ".join(filter(None, (self.code, self.words)))
        return text or f"HTTP {self.status}"


Outcome: TypeAlias = Granted | Denied


async def ask(transport: Transport, app: App, client: Client, fields: Mapping[str, str]) -> Outcome:
    """Ask the token endpoint of an app. Raises NetworkError where nothing came back."""
    form, headers = dict(fields), dict[str, str]()
    prove(app, client, form, headers)
    return await asked(transport, app, form, headers, [client.secret.reveal(), *fields.values()])


async def asked(
    transport: Transport,
    app: App,
    form: Mapping[str, str],
    headers: Mapping[str, str],
    sent: list[str],
) -> Outcome:
    """Ask with a form that is complete; ``sent`` is what is not to be quoted. Raises NetworkError."""
    url = app.addresses.token
    try:
        answer = await transport.post(url, form, headers=headers, private=app.private)
    except NetworkError as failure:
        _REFRESHES.inc(failure.trouble.value)
        raise
    found = outcome(answer, url, sent)
    if isinstance(found, Granted):
        _REFRESHES.inc("granted")
    elif found.code != "authorization_pending":
        # That nobody has decided yet on another device is neither.
        _REFRESHES.inc(error(found, whose="", app="").trouble.value)
    return found


def prove(app: App, client: Client, form: dict[str, str], headers: dict[str, str]) -> None:
    """Put who the app is into a request (RFC 6749 section 2.3.1)."""
    if app.proof is Proof.BASIC:
        pair = f"{quote_plus(client.id)}:{quote_plus(client.secret.reveal())}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return
    form["client_id"] = client.id
    if app.proof is Proof.POST and client.secret:
        form["client_secret"] = client.secret.reveal()


def outcome(answer: Answer, url: str, sent: list[str]) -> Outcome:
    """Read an answer; nothing that was sent is quoted from it."""
    members = answer.members()
    access = _optional(members.get("access_token"))
    if answer.status == _OK and access is not None and _is_bearer(members):
        return Granted(
            access=access,
            lifetime=_lifetime(members.get("expires_in")),
            refresh=_optional(members.get("refresh_token")),
            id_token=_optional(members.get("id_token")),
            scope=str(members.get("scope", ""))[:MAX_WORDS],
        )
    return denied(answer, url, sent)


def denied(answer: Answer, url: str, sent: list[str]) -> Denied:
    """Read an answer that grants nothing."""
    members = answer.members()
    return Denied(
        host=url.partition("://")[2].partition("/")[0].rpartition("@")[2],
        status=answer.status,
        code=_cleaned(members.get("error"), sent)[:MAX_CODE],
        words=_cleaned(members.get("error_description"), sent)[:MAX_WORDS],
        retry_after=answer.retry_after,
    )


def error(denial: Denied, *, whose: str, app: str) -> LinkError:
    """Return the error that a denial is for the login of ``whose``."""
    said = denial.said
    if denial.is_final and denial.is_of_app:
        return RevokedError(
            f"{denial.host} does not accept {app} ({said}): correct its client id and secret,"
            " then reconnect the account",
            reply=said,
        )
    if denial.is_final:
        return RevokedError(
            f"{denial.host} withdrew the consent to read {whose} ({said}): its owner has to connect"
            " it again",
            reply=said,
        )
    if denial.is_busy:
        return ThrottledError(
            f"{denial.host} wants to be asked later for a token of {whose} ({said})",
            reply=said,
            retry_after=denial.retry_after,
        )
    return NetworkError(
        f"{denial.host} gave no token for {whose}: HTTP {denial.status}, {said}", reply=said
    )


def _is_token(value: Any) -> bool:
    # RFC 6750 section 2.1: visible ASCII without blanks; anything else would break the login.
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_TOKEN
        and all("!" <= each <= "~" for each in value)
    )


def _is_bearer(members: Mapping[str, Any]) -> bool:
    kind = members.get("token_type", "Bearer")
    return isinstance(kind, str) and kind.lower() == "bearer"


def _optional(value: Any) -> Secret[str] | None:
    return Secret(value) if _is_token(value) else None


def _lifetime(value: Any) -> float:
    """Return seconds; some services send them as text."""
    try:
        seconds = float(value) if isinstance(value, int | float | str) else UNSAID
    except ValueError:
        return UNSAID
    return min(max(seconds, 0.0), LONGEST) if math.isfinite(seconds) else UNSAID


def _cleaned(value: Any, sent: list[str]) -> str:
    """Return words of a service in one line, without what was sent to it."""
    if not isinstance(value, str):
        return ""
    text = value
    for secret in sent:
        if len(secret) >= 8:  # noqa: PLR2004 - shorter is the name of a grant type, or no secret
            text = text.replace(secret, "***")
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
