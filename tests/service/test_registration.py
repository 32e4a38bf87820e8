"""A registered account is written as a record and read back as it was."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.model.account import Account, Beginning, Canary, Cover, Credentials, Depth, Start
from vedette.model.ids import AccountId, TenantId
from vedette.ports.link import Encryption, Proxy, ProxyScheme, Target, TlsPolicy
from vedette.ports.records import Kind, Record
from vedette.ports.registration import Auth, Grant, Pause, Registration, Resync
from vedette.service.accounts.registration import (
    SETTABLE,
    instant_of,
    members_of,
    read,
    record_of,
    registration_of,
)
from vedette.service.form import Form
from vedette.service.refusals import NewerError

words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1)
names = words.filter(lambda text: len(text) <= 60)
lists = st.lists(names, max_size=5, unique=True).map(tuple)
hosts = st.sampled_from(["mail.example.org", "192.0.2.7", "2001:db8::7", "xn--mnchen-3ya.example"])
instants = st.integers(0, 4_000_000_000).map(float)

beginnings = st.one_of(
    st.just(Beginning()),
    st.builds(Beginning, start=st.just(Start.DATE), instant=instants),
    st.builds(Beginning, start=st.just(Start.LAST), count=st.integers(1, 100_000)),
)
proxies = st.builds(
    Proxy,
    scheme=st.sampled_from(ProxyScheme),
    host=hosts,
    port=st.integers(1, 65_535),
    user=st.none() | names,
)
targets = st.builds(
    Target,
    host=hosts,
    port=st.integers(1, 65_535),
    encryption=st.sampled_from(Encryption),
    policy=st.builds(
        TlsPolicy,
        verify=st.booleans(),
        pin=st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
        minimum=st.sampled_from(["1.2", "1.3"]),
        security_level=st.none() | st.integers(0, 5),
    ),
    proxy=st.none() | proxies,
    private=st.booleans(),
)


def _watched(account: Account) -> Canary | None:
    """Return the probes of an account, in a folder that is watched."""
    return account.canary and replace(account.canary, folder=account.folders[0])


accounts = st.builds(
    Account,
    id=st.just(AccountId("a")),
    tenant=st.just(TenantId("t")),
    email=st.sampled_from(["jane@example.org", "user@localhost", "jane", '"a b"@example.org']),
    credentials=st.builds(Credentials, user=names),
    folders=st.lists(names, min_size=1, max_size=5, unique=True).map(tuple),
    beginning=beginnings,
    depth=st.sampled_from(Depth),
    cover=st.sampled_from(Cover),
    trusted_authserv=lists,
    max_message=st.integers(256 * 1024, 150 * 1024 * 1024),
    mechanism=st.none() | st.sampled_from(["PLAIN", "OAUTHBEARER"]),
    canary=st.none() | st.builds(Canary, interval=st.integers(300, 604_800).map(float)),
).map(lambda account: replace(account, canary=_watched(account)))
registrations = st.builds(
    Registration,
    account=accounts,
    target=targets,
    title=st.just("") | names,
    tags=lists,
    grant=st.builds(
        Grant,
        auth=st.sampled_from(Auth),
        app=st.none() | names,
        command=lists,
        url=st.none() | st.just("https://tokens.example.org/imap?for=a"),
    ),
    active=st.booleans(),
    pause=st.none() | st.sampled_from(Pause),
    beneath=st.none() | st.sampled_from(Pause),
    paused_at=st.none() | instants,
    consent=st.none() | names,
    reconnect=st.integers(0, 10**6),
    resync=st.builds(Resync, serial=st.integers(0, 10**6), since=instants),
)


def plain(**changes: object) -> Record:
    """Return the record of an account whose body has other members."""
    registration = Registration(
        account=Account(
            id=AccountId("a"),
            tenant=TenantId("t"),
            email="jane@example.org",
            credentials=Credentials(user="jane"),
        ),
        target=Target(host="mail.example.org", port=993),
    )
    record = record_of(registration)
    return replace(record, body=json.dumps({**json.loads(record.body), **changes}))


@given(registration=registrations)
def test_what_is_written_is_read(registration: Registration) -> None:
    """Every field of it."""
    assert registration_of(record_of(registration)) == registration


@given(registration=registrations)
def test_what_is_shown_can_be_sent_back(registration: Registration) -> None:
    """The members that a person may set, as a form: a client reads, changes one, and writes."""
    account = registration.account
    shown = {name: each for name, each in members_of(registration).items() if name in SETTABLE}
    form = Form(shown)

    found = read(form, id_=account.id, tenant=account.tenant)
    form.refuse_unknown()

    assert form.mistakes == []
    assert (found.account, found.target, found.grant) == (
        account,
        registration.target,
        registration.grant,
    )


@given(
    members=st.dictionaries(
        st.sampled_from(sorted(members_of(registration_of(plain())))),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=5,
        ),
    )
)
def test_any_form_is_an_account_or_mistakes(members: dict[str, object]) -> None:
    """Whatever JSON a stranger sends: no field of it raises anything else."""
    form = Form(members)
    record = Record(kind=Kind.ACCOUNT, id="a", tenant=TenantId("t"), body="{}")

    found = read(form, id_=AccountId("a"), tenant=TenantId("t"), kept=record)

    assert all(each.field in members and each.why for each in form.mistakes)
    if not form.mistakes:
        assert registration_of(record_of(found)) == found


def test_what_a_newer_version_wrote_stays() -> None:
    """Older and newer instances write the same record during an update."""
    record = plain(colour="blue")
    found = registration_of(record)

    again = record_of(replace(found, title="Post"), over=record)

    assert json.loads(again.body)["colour"] == "blue"
    assert json.loads(again.body)["title"] == "Post"


def test_a_word_of_a_newer_version_is_refused_and_not_guessed() -> None:
    """A reason to be paused that is not known must not read as none."""
    with pytest.raises(NewerError, match="pause: 'holiday' is none of"):
        registration_of(plain(pause="holiday"))


@pytest.mark.parametrize("body", ["", "[]", "{", "1"])
def test_a_body_that_is_no_object_is_refused(body: str) -> None:
    """With the record's name."""
    with pytest.raises(NewerError, match="account 'a'"):
        registration_of(replace(plain(), body=body))


@given(registration=registrations)
def test_only_who_is_put_aside_by_the_limit_does_not_count(registration: Registration) -> None:
    """Else a pause by hand would make room for another account."""
    counts = record_of(registration).is_counted

    assert counts is (registration.pause is not Pause.PLAN_LIMIT)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-01", 1_793_491_200.0),
        ("2026-11-01T00:00:00", 1_793_491_200.0),
        ("2026-11-01T00:00:00Z", 1_793_491_200.0),
        ("2026-11-01T01:00:00+01:00", 1_793_491_200.0),
        ("1969-12-31", None),
        ("yesterday", None),
        ("2026-13-01", None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_a_start_is_a_date_or_an_instant(text: str, instant: float | None) -> None:
    """Without a zone it is UTC."""
    assert instant_of(text) == instant
