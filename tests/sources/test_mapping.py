"""From rows to accounts: each row for itself, told by id and column, and no secret repeated."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.sources.given import KEY, cipher, row, sealed, settings
from vedette.model.account import Depth
from vedette.ports.link import Encryption
from vedette.ports.registration import Auth, Grant, Origin, Pause
from vedette.ports.source import Sourced
from vedette.secret import Secret
from vedette.sources.cipher import Cipher
from vedette.sources.mapping import Reading, RowError
from vedette.sources.row import ColumnsError
from vedette.sources.settings import Column, SourceSettings

CIPHER = f'[sources.app.cipher]\nkey = "{KEY}"\n'


def account(given_: Mapping[str, object], text: str = "", **more: Any) -> Sourced:
    """Return the account of a row, under what stands in ``[sources.app]``."""
    return reading(settings(text, **more), given_).account(given_)


def reading(found: SourceSettings, given_: Mapping[str, object]) -> Reading:
    return Reading(found, tuple(given_), None if found.cipher is None else Cipher(found.cipher))


def refusal(given_: Mapping[str, object], text: str = "") -> str:
    """Return why a row is refused."""
    found = account(given_, text).refused
    assert found is not None
    return found


def test_columns_of_the_same_name_need_no_mapping() -> None:
    """A query can say ``AS``, and is understood."""
    found = account(row(7, title="Anna", folders='["INBOX", "Orders"]', tags="a, b", depth="full"))

    registration = found.registration
    assert found.refused is None
    assert registration.account.id == "7"
    assert registration.account.email == "user-7@example.org"
    assert registration.account.credentials.user == "user-7@example.org"
    assert registration.account.credentials.password is None
    assert registration.account.folders == ("INBOX", "Orders")
    assert registration.account.depth is Depth.FULL
    assert registration.target.host == "imap.example.org"
    assert (registration.target.port, registration.target.private) == (993, False)
    assert (registration.title, registration.tags) == ("Anna", ("a", "b"))
    assert registration.origin is Origin.TABLE
    assert found.secrets["password"].reveal() == "s3cret"


def test_columns_are_mapped_by_name_or_are_the_same_for_all() -> None:
    """The host's names, and constants for what it has no column for."""
    given_ = {"mailboxId": 3, "address": "a@example.org", "pw": "x", "isActive": True}
    found = account(
        given_,
        '[sources.app.columns]\nid = "mailboxId"\nemail = "address"\npassword = "pw"\n'
        'active = "isActive"\nhost = { value = "imap.example.org" }\ntenant = { value = "acme" }\n',
    )

    assert found.refused is None
    assert found.registration.account.id == "3"
    assert found.registration.account.tenant == "acme"
    assert found.registration.target.host == "imap.example.org"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'columns.password = "secret"\n',
            "yields no column 'secret', which columns.password names",
        ),
        ('columns.id = "uuid"\n', "yields no column 'uuid'"),
        (f'{CIPHER}aad = "{{user_id}}"\n', "no column 'user_id', which cipher.aad names"),
    ],
)
def test_a_query_without_a_column_that_is_named_is_refused_as_a_whole(
    text: str, words: str
) -> None:
    """It is no fault of any row."""
    with pytest.raises(ColumnsError, match=words):
        reading(settings(text), row())


def test_a_query_needs_an_id_and_no_column_twice() -> None:
    """Without one nobody can tell whose mail it is, and of two nobody knows which is meant."""
    with pytest.raises(ColumnsError, match="no column 'id'"):
        Reading(settings(), ("email",), None)
    with pytest.raises(ColumnsError, match="two columns of the name 'id'"):
        Reading(settings(), ("id", "email", "id"), None)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"password": None}, "password: is NULL: there is nothing to log in with"),
        ({"password": ""}, "password: is empty"),
        ({"password": 5}, "password: is neither a text nor octets"),
        ({"password": "a\0b"}, "password: holds a NUL"),
        ({"email": None}, "user: is missing, and so is email"),
        ({"host": None}, "host: is missing"),
        ({"host": "imaps://x"}, "host: is 'imaps://x', no name of a host"),
        ({"port": 0}, "port: is '0', not within 1 and 65535"),
        ({"port": "many"}, "port: is no whole number"),
        ({"active": None}, "active: is NULL, neither yes nor no"),
        ({"active": "perhaps"}, "active: is 'perhaps', neither yes nor no"),
        ({"folders": "[1"}, "folders: begins as a JSON array and is none"),
        ({"depth": "deep"}, "depth: is 'deep', none of metadata, text, full"),
        ({"auth": "carrier_pigeon"}, "auth: is 'carrier_pigeon'"),
        ({"secure": False, "allow_starttls": False}, "secure: asks for no TLS"),
        ({"encryption": "opportunistic"}, "encryption: is 'opportunistic'"),
        ({"title": "a\nb"}, "title: holds what can not be printed"),
        ({"paused_at": "yesterday"}, "paused_at: is 'yesterday', no time"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_by_id_and_column(
    more: dict[str, object], words: str
) -> None:
    """A person finds the row and the column; the account stands, refused."""
    assert refusal(row(17, **more)).startswith(f"the row '17' of app: {words}")


def test_a_secret_that_can_not_be_opened_is_one_account_in_error() -> None:
    """It has no password at all, and nothing of what was in the column is repeated."""
    broken = sealed("s3cret-of-anna")[:-2] + "00"
    found = account(row(9, password=broken), CIPHER)

    assert found.refused == (
        "the row '9' of app: password: can not be opened: "
        "it was sealed with another key, or changed since"
    )
    assert found.secrets == {}
    assert broken not in repr(found)
    assert found.registration.account.email == "user-9@example.org"


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_column_where_a_secret_is_sealed_is_no_empty_password(empty: str | None) -> None:
    """As an application leaves it for a mailbox that has a token."""
    assert "password: is" in refusal(row(password=empty), CIPHER)


def test_a_row_with_a_token_needs_no_password() -> None:
    """One way for both kinds: neither is passed over for what the other has."""
    text = '[sources.app.auth]\noauth2_microsoft = "token"\n' + CIPHER
    found = account(
        row(auth="oauth2_microsoft", password="", token=sealed("ya29.token")),
        text,
    )

    assert found.refused is None
    assert {name: each.reveal() for name, each in found.secrets.items()} == {"token": "ya29.token"}


def test_a_refresh_token_is_for_an_app_of_ours() -> None:
    """The way is the grant's, the secret goes by the name that a record has it under."""
    text = '[sources.app.auth]\nms = "oauth2:contoso"\n'
    found = account(row(auth="ms", refresh_token="0.AX"), text)

    assert found.registration.grant == Grant(auth=Auth.OAUTH2, app="contoso")
    assert {name: each.reveal() for name, each in found.secrets.items()} == {
        "refresh_token": "0.AX"
    }


def test_a_token_server_of_the_application_is_asked_with_its_own_secret() -> None:
    """No token is in the table then."""
    text = 'token_secret = "k3y"\n[sources.app.auth]\nms = "token_url:https://app.example.org/t"\n'
    found = account(row(auth="ms"), text)

    assert found.registration.grant.url == "https://app.example.org/t"
    assert found.secrets["token_url_secret"].reveal() == "k3y"


def test_a_mailbox_that_is_not_watched_needs_nothing_to_log_in_with() -> None:
    """An application may clear the tokens of what it paused."""
    assert account(row(active=False, password=None)).refused is None
    assert account(row(paused=True, password=None)).refused is None


@pytest.mark.parametrize(
    ("more", "pause"),
    [
        ({"paused": None}, None),
        ({"paused": 0}, None),
        ({"paused": datetime(2026, 11, 1, tzinfo=UTC)}, Pause.MANUAL),
        ({"paused": True, "pause_reason": "plan"}, Pause.PLAN_LIMIT),
        ({"pause_reason": "tenant_cancelled"}, Pause.TENANT),
        ({"pause_reason": "auth_failure"}, Pause.AUTH_FAILURE),
        ({"pause_reason": "something of ours"}, Pause.MANUAL),
        ({"paused_at": "2026-11-01T00:00:00Z", "pause_reason": None}, Pause.MANUAL),
        ({"paused": False, "pause_reason": "plan"}, None),
    ],
)
def test_a_pause_is_a_flag_a_time_or_a_reason(more: dict[str, object], pause: Pause | None) -> None:
    """Whatever the table has; a reason that is not known is somebody's own."""
    assert account(row(**more)).registration.pause is pause


@pytest.mark.parametrize(
    ("given_", "pause"), [("2", None), (2, None), ("1", Pause.CONSENT), (None, Pause.CONSENT)]
)
def test_without_consent_to_the_words_of_today_an_account_is_paused(
    given_: object, pause: Pause | None
) -> None:
    """A new version asks anew."""
    found = account(row(consent=given_), 'consent = "2"\n').registration

    assert found.pause is pause
    assert found.consent == (None if pause is None else "2")


@pytest.mark.parametrize(
    ("more", "encryption", "port"),
    [
        ({"secure": True}, Encryption.IMPLICIT, 993),
        ({"secure": False}, Encryption.STARTTLS, 143),
        ({"secure": 0, "allow_starttls": 1}, Encryption.STARTTLS, 143),
        ({"secure": True, "allow_starttls": True, "port": 1993}, Encryption.IMPLICIT, 1993),
        ({"encryption": "STARTTLS"}, Encryption.STARTTLS, 143),
        ({"port": 143}, Encryption.STARTTLS, 143),
        ({"port": "993"}, Encryption.IMPLICIT, 993),
        ({}, Encryption.IMPLICIT, 993),
    ],
)
def test_a_link_is_protected_as_the_row_says_and_never_less(
    more: dict[str, object], encryption: Encryption, port: int
) -> None:
    """STARTTLS is required where it is allowed, and a port alone is a hint."""
    target = account(row(**more)).registration.target

    assert (target.encryption, target.port) == (encryption, port)


def test_no_tls_at_all_has_to_be_allowed() -> None:
    """By whoever runs the service, not by who writes a row."""
    found = account(row(encryption="plain"), "mail.plain = true\n")

    assert found.registration.target.encryption is Encryption.NONE


def test_a_provider_or_a_domain_tells_the_server_that_a_row_does_not() -> None:
    """By the name in the row first, else by the domain of the address."""
    text = (
        '[sources.app.providers.gmail]\nhost = "imap.gmail.com"\ndomains = ["gmail.com"]\n'
        '[sources.app.providers.icloud]\nhost = "imap.mail.me.com"\ndomains = ["icloud.com"]\n'
    )

    def host(**more: object) -> str:
        return account(row(host=None, **more), text).registration.target.host

    assert host(provider="Gmail", email="a@example.org") == "imap.gmail.com"
    assert host(email="a@icloud.com") == "imap.mail.me.com"
    assert account(
        row(host="own.example.org", provider="gmail"), text
    ).registration.target.host == ("own.example.org")


def test_associated_data_may_name_columns_of_the_row() -> None:
    """A secret that was moved into another row does not open there."""
    text = f'{CIPHER}aad = "mail:{{id}}"\n'
    secret = cipher().seal(Secret("pw"), nonce=b"n" * 12, aad="mail:4")

    assert account(row(4, password=secret), text).secrets["password"].reveal() == "pw"
    assert "can not be opened" in (account(row(5, password=secret), text).refused or "")


@pytest.mark.parametrize("id_", [uuid.UUID(int=5), 2**63, "a-b", b"octets"])
def test_an_id_is_what_the_database_has_with_a_prefix_if_asked(id_: object) -> None:
    """As the database spells it, and kept in its own type for what is written back."""
    found = reading(settings('prefix = "crm-"\n'), row(id_))
    text = id_.decode() if isinstance(id_, bytes) else str(id_)

    assert found.id(row(id_)) == f"crm-{text}"
    assert found.key(row(id_)) == id_


@pytest.mark.parametrize("id_", [None, "", 1.5, True])
def test_a_row_without_an_id_is_no_account(id_: object) -> None:
    """There is nobody to show it as."""
    with pytest.raises(RowError, match="a row of app: id: is"):
        account(row(id_))


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=50),
    st.binary(max_size=50),
    st.uuids(),
    st.datetimes(),
    st.dates(),
    st.lists(st.one_of(st.text(max_size=5), st.integers()), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@examples(max_examples=500)
@given(
    values=st.dictionaries(st.sampled_from([each.value for each in Column]), VALUES, max_size=23),
    is_sealed=st.booleans(),
)
def test_whatever_is_in_a_row_it_is_an_account_or_refused(
    *, values: dict[str, object], is_sealed: bool
) -> None:
    """No value of any type ends in an exception, and no account that is followed lacks a secret."""
    given_ = {"id": "x", **values}
    try:
        found = account(given_, CIPHER if is_sealed else "")
    except RowError:
        assert values["id"] is None or not isinstance(values["id"], uuid.UUID)
        return

    registration = found.registration
    if found.refused is None and registration.is_watched:
        assert all(secret for secret in found.secrets.values())
        assert found.secrets
        assert registration.target.host
    if found.refused is not None:
        assert found.refused.isprintable()
        assert found.secrets == {}


@pytest.mark.parametrize(
    ("given_", "seconds"),
    [
        (datetime(2026, 11, 1, tzinfo=UTC), 1_793_491_200.0),
        (datetime(2026, 11, 1), 1_793_491_200.0),  # noqa: DTZ001 - as a column without a zone has it
        (date(2026, 11, 1), 1_793_491_200.0),
        ("2026-11-01T01:00:00+01:00", 1_793_491_200.0),
        (1_793_491_200, 1_793_491_200.0),
        (1_793_491_200_000, 1_793_491_200.0),
    ],
)
def test_an_instant_is_read_in_each_way_that_tables_have(given_: object, seconds: float) -> None:
    """A time of the database, a text, seconds or milliseconds."""
    assert account(row(paused=True, paused_at=given_)).registration.paused_at == seconds
