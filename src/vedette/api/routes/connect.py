"""Pages for people who connect a mailbox: ``/connect/{token}``, and where providers send them back to.

They are for browsers and not in the document of the API. Nothing here needs a key: a link, a state
and a cookie say who comes (docs/decisions/0051-connect-links.md). It must not know how a mailbox is
connected.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from vedette.api.problems import Problem, ProblemError, of_error, refuse
from vedette.api.screens import Field, Screen, Sheet, answer
from vedette.api.services import Given, Services
from vedette.api.visitor import Visitor, form_of, visitor
from vedette.errors import VedetteError
from vedette.secret import Secret
from vedette.service.accounts.registration import ENCRYPTIONS
from vedette.service.links.link import Link
from vedette.service.links.onboarding import Finished, Offer, failure
from vedette.service.whereabouts import CALLBACK, CONNECT, told

router = APIRouter(tags=["connect"], include_in_schema=False)

#: The status of a redirect that is a GET whatever it was before (RFC 9110 section 15.4.4).
_SEE_OTHER: Final = 303
#: How a password may travel that is given on a page.
OFFERED: Final = ("tls", "starttls")
#: The longest port.
_DIGITS: Final = 5


@router.get(CONNECT + "/{token}")
async def open_link(token: str, request: Request, services: Given) -> Response:
    """Show what a link asks for, or go to its one provider."""

    async def shown() -> Response:
        services.hall.visits.come(request, services.rules.settings.trusted_proxies)
        link, who = await services.hall.links.open(token), visitor(request)
        if link.is_straight:
            begun = await services.hall.onboarding.by_provider(link, link.providers[0], who.session)
            return who.greet(RedirectResponse(begun.url, status_code=_SEE_OTHER))
        return who.greet(answer(await _first(services, link, who)))

    return await _answered(shown)


@router.post(CONNECT + "/{token}")
async def send_form(token: str, request: Request, services: Given) -> Response:
    """Take what a person filled in."""

    async def shown() -> Response:
        services.hall.visits.come(request, services.rules.settings.trusted_proxies)
        link, who = await services.hall.links.open(token), visitor(request)
        form = await form_of(request)
        await who.check(services.hall.signet, link, form)
        if link.is_straight:
            raise refuse("conflict", "this link has no form")
        return who.greet(await _step(services, link, who, form))

    return await _answered(shown)


@router.get(CALLBACK)
async def come_back(request: Request, services: Given) -> Response:
    """Take what a provider sends a browser back with."""

    async def shown() -> Response:
        services.hall.visits.come(request, services.rules.settings.trusted_proxies)
        who = visitor(request)
        pairs = request.query_params.multi_items()
        parameters = dict(pairs)
        if len(parameters) != len(pairs):
            raise refuse("malformed", "the provider's answer says something twice")
        finished = await services.hall.onboarding.finish(who.session, parameters)
        if finished.return_to is not None:
            return RedirectResponse(_page(finished, finished.return_to), status_code=_SEE_OTHER)
        return answer(_connected(finished))

    return await _answered(shown)


async def _answered(shown: Callable[[], Awaitable[Response]]) -> Response:
    """Return a page, be it one that says what went wrong."""
    try:
        return await shown()
    except ProblemError as error:
        problem = error.problem
    except VedetteError as error:
        problem = of_error(error)
    return _failed(problem)


def _failed(problem: Problem) -> Response:
    found = answer(
        Screen(title="This did not work", error=(_sentence(problem.detail),)),
        status=problem.status,
    )
    for name, value in problem.headers.items():
        found.headers[name] = value
    return found


async def _step(services: Services, link: Link, who: Visitor, form: Mapping[str, str]) -> Response:
    """Take one step: an address, a provider or a password."""
    if link.terms is not None and form.get("agree") != link.terms.version:
        error = ("Without a consent the mailbox can not be connected.",)
        return answer(await _first(services, link, who, error=error), status=422)
    address = str(link.template.get("email", "")) or form.get("email", "").strip()
    app = form.get("app", "")
    if app:
        begun = await services.hall.onboarding.by_provider(link, app, who.session, address=address)
        onward = (begun.url, "Go to the provider")
        return answer(Screen(title="Go on at your provider", onward=onward))
    if "password" in form:
        return await _password(services, link, who, form, address)
    try:
        offer = await services.hall.onboarding.offer(link, address)
    except VedetteError as error:
        screen = await _first(services, link, who, error=(_sentence(str(error)),), email=address)
        return answer(screen, status=of_error(error).status)
    return answer(_choice(link, offer, await _hidden(services, link, who, form, offer.address)))


async def _password(
    services: Services, link: Link, who: Visitor, form: Mapping[str, str], address: str
) -> Response:
    """Try a password, and show its form again where the login fails."""
    services.hall.visits.attempt(link)
    hidden = await _hidden(services, link, who, form, address)
    given: dict[str, object] = {
        "email": address,
        "password": Secret(form["password"]),
        **{name: form[name].strip() for name in ("user", "host", "encryption") if form.get(name)},
    }
    if given.get("encryption", "tls") not in OFFERED:
        # What a page does not offer nobody has chosen on it: least of all a password in the clear.
        raise refuse("invalid", f"encryption: expected {' or '.join(OFFERED)}")
    port = form.get("port", "").strip()
    if port:
        is_number = port.isascii() and port.isdigit() and len(port) <= _DIGITS
        given["port"] = int(port) if is_number else 0
    try:
        outcome = await services.hall.onboarding.by_password(link, given)
    except VedetteError as error:
        problem = of_error(error)
        lines: tuple[str, ...] = (_sentence(problem.detail),)
        status = problem.status
    else:
        if isinstance(outcome, Finished):
            return answer(_connected(outcome))
        lines, status = tuple(_sentence(each) for each in failure(outcome)), 422
    sheet = _login(link, hidden, form, is_fixed="host" in link.template, is_open=True)
    lead = f"{address} could not be connected."
    return answer(
        Screen(title="Connect a mailbox", lines=(lead,), error=lines, sheets=(sheet,)),
        status=status,
    )


async def _first(
    services: Services,
    link: Link,
    who: Visitor,
    *,
    error: tuple[str, ...] = (),
    email: str = "",
) -> Screen:
    """Return the first page: the words to agree to, and the address."""
    mark = Field(name="mark", value=await who.mark(services.hall.signet, link), hidden=True)
    fixed = str(link.template.get("email", ""))
    address = Field(
        name="email", label="Your address", value=email, kind="email", autocomplete="email"
    )
    terms = link.terms
    sheet = Sheet(
        button="Go on",
        fields=(mark,) if fixed else (mark, address),
        agree="" if terms is None else terms.version,
    )
    title = str(link.template.get("title", "")) or "Connect a mailbox"
    return Screen(
        title=title,
        lines=(f"The mailbox {fixed} is to be connected.",) if fixed else (),
        error=error,
        words="" if terms is None else f"{terms.text}\n\n(Version {terms.version})",
        sheets=(sheet,),
    )


async def _hidden(
    services: Services, link: Link, who: Visitor, form: Mapping[str, str], address: str
) -> tuple[Field, ...]:
    """Return what every form from the second page on carries."""
    values = {
        "mark": await who.mark(services.hall.signet, link),
        "email": address,
        "agree": form.get("agree", ""),
    }
    return tuple(Field(name=name, value=value, hidden=True) for name, value in values.items())


def _choice(link: Link, offer: Offer, hidden: tuple[Field, ...]) -> Screen:
    """Return the page with all ways to connect an address."""
    sheets = [
        Sheet(
            button=f"Continue with {app.title or app.provider.value.title()}",
            fields=(*hidden, Field(name="app", value=app.id, hidden=True)),
        )
        for app in offer.apps
    ]
    error: tuple[str, ...] = ()
    found = offer.proposal
    if offer.by_password:
        values: dict[str, str] = {}
        if found is not None:
            word = next(name for name, each in ENCRYPTIONS.items() if each is found.encryption)
            values = {"user": found.user, "host": found.host, "port": str(found.port)}
            values["encryption"] = word
        is_sure = found is not None and found.is_vouched
        if found is not None and not is_sure:
            line = (
                f"Nobody but the DNS says that {found.host} is the server of this address: make"
                " sure that it is before you give a password."
            )
            error = (line,)
        sheets.append(_login(link, hidden, values, is_fixed=offer.is_fixed, is_open=not is_sure))
    if not sheets:
        error = ("This mailbox can not be connected by this link.",)
    hint = None if offer.hint is None else (offer.hint.words, offer.hint.url)
    return Screen(
        title="Connect a mailbox",
        lines=(offer.address,),
        error=error,
        hint=hint,
        sheets=tuple(sheets),
    )


def _login(
    link: Link,
    hidden: tuple[Field, ...],
    values: Mapping[str, str],
    *,
    is_fixed: bool,
    is_open: bool,
) -> Sheet:
    """Return the form for a password; what a link says of the server is not asked."""
    password = Field(
        name="password", label="Password", kind="password", autocomplete="current-password"
    )
    server: tuple[Field, ...] = ()
    if not is_fixed:
        server = (
            Field(name="host", label="Server", value=values.get("host", "")),
            Field(name="port", label="Port", value=values.get("port", ""), required=False),
            Field(
                name="encryption",
                label="Encryption",
                value=values.get("encryption", "tls"),
                options=OFFERED,
            ),
        )
    if "user" not in link.template:
        user = Field(name="user", label="User", value=values.get("user", ""), required=False)
        server = (user, *server)
    return Sheet(
        button="Connect",
        fields=(*hidden, password),
        folded=server,
        is_open=is_open and not is_fixed,
    )


def _connected(finished: Finished) -> Screen:
    onward = None
    if finished.return_to is not None:
        onward = (_page(finished, finished.return_to), "Go back")
    return Screen(
        title="Connected",
        lines=(f"The mailbox {finished.address} is connected. You may close this page.",),
        onward=onward,
    )


def _page(finished: Finished, page: str) -> str:
    return told(page, account=finished.account, status="connected")


def _sentence(line: str) -> str:
    return f"{line[:1].upper()}{line[1:]}"
