"""The use cases of a consent in a browser: begin one, and finish it with what came back.

The digest of the state is the id of what is under way; beside it are the digest of the session that
began it and, sealed, the PKCE verifier (RFC 9700 section 2.1). A state of another session, or of
another tenant, is as unknown as one that never was.

It must not know HTTP, nor which cookie a session is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from vedette.errors import LinkError
from vedette.identity.oauth import authorize
from vedette.model.ids import AccountId, TenantId
from vedette.secret import Secret
from vedette.service.caller import Caller
from vedette.service.oauth.apps import WRITE
from vedette.service.oauth.connecting import (
    AuthorizationError,
    Connected,
    Connecting,
    UnknownStateError,
    whose_of,
)
from vedette.service.refusals import ConflictError

#: Seconds that somebody has to log in and consent.
LIFE: Final = 600.0
#: Sealed beside what is under way.
VERIFIER: Final = "verifier"
#: Characters of what comes back with the browser: more is no answer of a provider.
MAX_PARAMETER: Final = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where to send the browser, and until when it may come back."""

    url: str
    expires_at: float


class Authorizations:
    """Consents in a browser.

    ``redirect_uri`` is where providers send browsers back to: of the configuration, to the letter,
    and never of a request.
    """

    def __init__(self, connecting: Connecting, *, redirect_uri: str | None) -> None:
        self._connecting = connecting
        self._redirect_uri = redirect_uri

    async def begin(
        self,
        caller: Caller,
        session: Secret[str],
        *,
        app: str,
        account: AccountId,
        tenant: TenantId | None = None,
        hint: str = "",
        is_delegated: bool = False,
        link: str = "",
    ) -> Begun:
        """Begin a consent for an account, which may be one that is registered later.

        ``session`` is what only the browser that began has, and ``link`` is by which connect link it
        came. Raises NotFoundError, ConflictError.
        """
        caller.needs(WRITE)
        if self._redirect_uri is None:
            raise ConflictError("no redirect URI is configured, so no provider can send one back")
        whose = await self._connecting.whose(
            caller, app, account, tenant, is_delegated=is_delegated
        )
        found, client = await self._connecting.app(whose)
        known = await self._connecting.known(whose)
        request = authorize.request(
            found,
            client,
            redirect_uri=self._redirect_uri,
            hint=hint or ("" if known is None else known.email),
        )
        body = {
            "account": whose.account,
            "app": whose.app,
            "delegated": whose.is_delegated,
            "session": authorize.digest(session),
            "nonce": request.nonce if "openid" in found.scopes else None,
            "redirectUri": self._redirect_uri,
            "link": link,
            "hint": hint,
        }
        id_, until = authorize.digest(request.state), self._connecting.cabinet.now() + LIFE
        await self._connecting.keep(whose, id_, body, {VERIFIER: request.verifier}, until)
        return Begun(url=request.url, expires_at=until)

    async def link(self, session: Secret[str], parameters: Mapping[str, str]) -> str:
        """Return by which connect link a consent was begun; "" where it was by none.

        Nothing is taken away. Raises UnknownStateError.
        """
        state = parameters.get("state", "")[:MAX_PARAMETER]
        _, body, _ = await self._connecting.under_way(authorize.digest(Secret(state)), None)
        if body.get("session") != authorize.digest(session):
            raise UnknownStateError
        return str(body.get("link", ""))

    async def finish(
        self,
        session: Secret[str],
        parameters: Mapping[str, str],
        *,
        tenant: TenantId | None = None,
    ) -> Connected:
        """Take what the browser brought back: ``state``, and ``code`` or ``error``, and ``iss``.

        Raises UnknownStateError, AuthorizationError.
        """
        given = {name: value for name, value in parameters.items() if len(value) <= MAX_PARAMETER}
        state = given.get("state", "")
        record, body, secrets = await self._connecting.under_way(
            authorize.digest(Secret(state)), tenant
        )
        # A state that somebody else was made to bring stays whole for its owner.
        if body.get("session") != authorize.digest(session):
            raise UnknownStateError
        await self._connecting.take(record)
        whose = whose_of(record, body)
        app, client = await self._connecting.app(whose)
        if not authorize.is_of_issuer(app, given.get("iss")):
            raise AuthorizationError(
                f"the answer is not of the provider that was asked ({app.addresses.issuer});"
                " nothing was kept"
            )
        code = given.get("code")
        if code is None:
            said = "".join(each for each in given.get("error", "")[:60] if each.isprintable())
            raise AuthorizationError(f"the provider gave no consent: {said or 'no code came back'}")
        try:
            outcome = await authorize.redeem(
                self._connecting.transport,
                app,
                client,
                code=Secret(code),
                verifier=secrets[VERIFIER],
                redirect_uri=body["redirectUri"],
            )
        except LinkError as error:
            raise AuthorizationError(f"{error}; begin it anew") from error
        connected = await self._connecting.settle(whose, app, client, outcome, nonce=body["nonce"])
        return replace(connected, address=connected.address or body.get("hint", ""))
