"""A connect link as a noun, as a record both ways, and what a person has to agree to before it is used.

It must not know who makes links, nor how they are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Kind, Record
from vedette.service.body import Body, known, members, written
from vedette.service.caller import Caller, admin
from vedette.service.form import Form
from vedette.service.refusals import RefusalError

#: Characters of the words that a person agrees to, and of their version.
MAX_WORDS: Final = 20_000
MAX_VERSION: Final = 100


class GoneError(RefusalError):
    """The link is not one of ours, was used, or its time is over; in the same words."""

    code = "unknown_state"
    exit_status = 77

    def __init__(self) -> None:
        super().__init__("this link was used, or its time is over: ask for another one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a person has to agree to: words, and their version."""

    version: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link. ``account`` is the id that the account has or will have, ``template`` what is known of it.

    ``providers`` are ids of apps that may be connected by; ``by_password`` lets a password be given.
    ``is_straight`` leads to the one provider at once, and ``is_delegated`` lets somebody else's
    consent open a shared mailbox.
    """

    id: str
    tenant: TenantId
    account: AccountId
    expires_at: float
    template: Mapping[str, Any] = field(default_factory=dict)
    providers: tuple[str, ...] = ()
    by_password: bool = True
    return_to: str | None = None
    terms: Terms | None = None
    is_new: bool = True
    is_straight: bool = False
    is_delegated: bool = False
    created_at: float = 0.0
    version: int = 0

    @property
    def caller(self) -> Caller:
        """Who acts by it: what it may was judged when it was made, by what its maker may."""
        return admin(f"link:{self.id}")

    @property
    def caller_within(self) -> Caller:
        """Who acts on an account that is there: it is seen and changed within the link's tenant."""
        scopes = frozenset({"accounts:*", "oauth:*"})
        return Caller(name=f"link:{self.id}", tenant=self.tenant, scopes=scopes)


def terms_of(form: Form) -> Terms | None:
    """Read what a person has to agree to."""
    value = form.raw("consent")
    if value is None:
        return None
    if not isinstance(value, Mapping) or not set(value) <= {"version", "text"}:
        form.fail("consent", "expected version and text")
        return None
    version, text = value.get("version"), value.get("text")
    if not isinstance(version, str) or not 0 < len(version.strip()) <= MAX_VERSION:
        form.fail("consent", f"its version has 1 to {MAX_VERSION} characters")
    elif not isinstance(text, str) or not 0 < len(text.strip()) <= MAX_WORDS:
        form.fail("consent", f"its text has 1 to {MAX_WORDS} characters")
    elif not (version + text).replace("\n", "").isprintable():
        form.fail("consent", "holds a control character")
    else:
        return Terms(version=version, text=text)
    return None


def record_of(link: Link) -> Record:
    """Return the record to write."""
    terms = link.terms
    body = {
        "account": link.account,
        "template": dict(link.template),
        "providers": list(link.providers),
        "password": link.by_password,
        "returnTo": link.return_to,
        "consent": None if terms is None else {"version": terms.version, "text": terms.text},
        "isNew": link.is_new,
        "isStraight": link.is_straight,
        "delegated": link.is_delegated,
    }
    return Record(
        kind=Kind.LINK,
        id=link.id,
        tenant=link.tenant,
        body=written(body, over=None),
        label=str(link.template.get("email", "")),
        expires_at=link.expires_at,
    )


def link_of(record: Record) -> Link:
    """Return the link that a record is of."""
    body = members(record)
    with known(record):
        return _read(record, body)


def _read(record: Record, body: Body) -> Link:
    terms = body["consent"]
    return Link(
        id=record.id,
        tenant=record.tenant,
        account=AccountId(body["account"]),
        expires_at=record.expires_at or 0.0,
        template=body["template"],
        providers=tuple(body["providers"]),
        by_password=body["password"],
        return_to=body["returnTo"],
        terms=None if terms is None else Terms(version=terms["version"], text=terms["text"]),
        is_new=body["isNew"],
        is_straight=body["isStraight"],
        is_delegated=body["delegated"],
        created_at=record.created_at,
        version=record.version,
    )
