"""``vedette links add|list|show|revoke``: links by which people connect a mailbox."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from vedette.cli.links.template import ANY, Template
from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line, shown
from vedette.cli.verb import SOME, Some, each, given, listed
from vedette.client.links import Link, LinkWish, Terms
from vedette.errors import UsageError

COLUMNS: Final[Columns[Link]] = {
    "id": lambda each: each.id,
    "tenant": lambda each: each.tenant,
    "account": lambda each: each.account,
    "providers": lambda each: each.providers,
    "password": lambda each: each.password,
    "expires": lambda each: each.expires_at,
}

Names = Annotated[tuple[str, ...], Parameter(negative=())]


def add(
    *,
    account: str | None = None,
    template: Template = ANY,
    app: Names = (),
    password: bool | None = None,
    return_to: str | None = None,
    hours: float | None = None,
    consent: str | None = None,
    consent_file: Path | None = None,
    tenant: str | None = None,
    at: Reach = HERE,
) -> int:
    """Make a link. Its address is shown this once: whoever has it connects the mailbox.

    Parameters
    ----------
    account
        The id of an account that is there, whose owner is to connect it anew.
    app
        An OAuth 2.0 app that may be used (again for more).
    password
        Whether a password may be used.
    return_to
        Where the browser goes afterwards.
    hours
        For how long it can be used, 24 at most.
    consent
        The version of words that have to be agreed to, which --consent-file holds.
    consent_file
        Those words.
    tenant
        Whose account it will be.
    """
    wish = LinkWish(
        **given(
            existing=account,
            account=template.account if account is None or template != ANY else None,
            providers=app,
            password=password,
            return_to=return_to,
            expires_in=None if hours is None else round(hours * 3_600),
            consent=_terms(consent, consent_file),
            tenant=tenant,
        ),
    )
    made = at.ask(lambda client: client.links.create(wish))
    print(line(made) if at.as_json else made.url.reveal())
    return 0


def list_(*, some: Some = SOME, at: Reach = HERE) -> int:
    """List links that were not used yet, by id; never an address."""
    return listed(
        at,
        COLUMNS,
        some.limit,
        lambda client, page: client.links.list(tenant=some.tenant, limit=page),
    )


def show(link: str, *, at: Reach = HERE) -> int:
    """Show a link that was not used yet, without its address.

    Parameters
    ----------
    link
        Its id.
    """
    return shown(at.ask(lambda client: client.links.get(link)), as_json=at.as_json)


def revoke(*links: str, at: Reach = HERE) -> int:
    """Take links back: nobody connects anything by them any more.

    Parameters
    ----------
    links
        Their ids.
    """
    return each(at, links, "revoked", lambda client, id_: client.links.revoke(id_))


def _terms(version: str | None, file: Path | None) -> Terms | None:
    if (version is None) != (file is None):
        raise UsageError("--consent and --consent-file are the version of words and the words")
    if version is None or file is None:
        return None
    try:
        return Terms(version=version, text=file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} can not be read: {error}") from error
