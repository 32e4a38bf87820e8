"""What stands beside a body, and the names that are made of it."""

from __future__ import annotations

import string
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sinks.letters import letter
from tests.sinks.parcels import parcel
from vedette.errors import SinkError
from vedette.model.ids import EndpointId
from vedette.sinks.facts import CLOUD_EVENT, JSON, MAX_TOKEN, Template, facts, token

SAFE = frozenset(string.ascii_letters + string.digits + "-_%~")


@given(st.text())
def test_any_text_makes_one_token_without_a_dot_wildcard_or_blank(text: str) -> None:
    """One level of a subject, one word of a routing key, never empty, never long."""
    spelled = token(text)

    assert SAFE.issuperset(spelled)
    assert 1 <= len(spelled) <= MAX_TOKEN


@given(st.text(), st.text())
def test_two_texts_never_share_a_token(one: str, other: str) -> None:
    """Two accounts are never mixed in one stream."""
    assert (token(one) == token(other)) == (one == other)


def test_long_accounts_that_begin_alike_have_different_tokens() -> None:
    """What is cut off is told by a digest."""
    one, other = token("a" * 300 + "1"), token("a" * 300 + "2")

    assert one != other
    assert len(one) == len(other) == MAX_TOKEN


def test_a_routing_key_of_the_longest_names_fits_the_protocol() -> None:
    """255 octets in AMQP, 249 in Kafka."""
    template = Template("vedette.{tenant}.{account}.{type}.{endpoint}")
    sent = replace(letter(1, account="ü" * 300, tenant="x" * 300), endpoint=EndpointId("e" * 300))

    assert len(template.filled(sent, facts(sent))) < 249


def test_a_type_keeps_its_dots() -> None:
    """They are ours, and levels to subscribe to."""
    sent = letter(1)

    assert Template("{type}").filled(sent, facts(sent)) == "message.received"


def test_doubled_braces_are_braces() -> None:
    """Hash tags of a Redis cluster, for one."""
    sent = letter(1)

    assert Template("{{v}}:{tenant}").filled(sent, facts(sent)) == "{v}:acme"


@pytest.mark.parametrize(
    "text",
    [
        *("{subject}", "{}", "{0}", "{tenant!r}", "{tenant:>9}", "{tenant.x}", "{tenant", "a}"),
        *("", " ", "a b", "a\nb", "a\0b"),
    ],
)
def test_a_template_with_anything_else_in_it_is_refused(text: str) -> None:
    """Nothing of a mail's words can become part of a name."""
    with pytest.raises(SinkError):
        Template(text)


@given(st.text(alphabet=st.sampled_from("ab.{}tenacouyp *>!:0")))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    """Nothing else is ever raised, also when it is filled."""
    with suppress(SinkError):
        assert Template(text).filled(letter(1), facts(letter(1)))


def test_the_attributes_are_those_of_the_stored_event_whatever_is_sent() -> None:
    """A body of another profile has the same account, and is no CloudEvent."""
    stored = letter(1)
    sent = replace(stored, body=b'{"event":"messageNew"}', stored=stored.body)

    assert facts(sent).account == "anna@example.org"
    assert facts(sent).content_type == JSON
    assert facts(stored).content_type == CLOUD_EVENT


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", b'{"account": 7, "tenant": null}'])
def test_a_body_that_tells_nothing_leaves_id_and_type(body: bytes) -> None:
    """It is sent all the same."""
    assert facts(parcel(body=body)).attributes == {"id": "evt-1", "type": "message.received"}


@given(st.text(min_size=1))
def test_a_header_is_plain_ascii_without_blanks(account: str) -> None:
    """No line end and no separator comes from an account's name."""
    sent = letter(1, account=account)
    value = facts(sent).headers()["ce-account"]

    assert value.isascii()
    assert all("\x21" <= char <= "\x7e" for char in value)
