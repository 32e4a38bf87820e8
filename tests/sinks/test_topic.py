"""Names of topics: legal whatever an account is called, and one for each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sinks.letters import letter
from vedette.errors import SinkError
from vedette.sinks.facts import Facts, facts
from vedette.sinks.topic import LEGAL, MAX_NAME, Topic

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


def named(account: str, template: str = "mail-{account}") -> str:
    about = Facts(attributes={"tenant": account, "account": account}, content_type="")
    return Topic(template).filled(letter(1), about)


def test_an_ordinary_name_can_be_read() -> None:
    """What a topic can not hold is spelled in hexadecimal, behind a dot."""
    sent = letter(1, account="anna@example.org")

    assert Topic("m.{account}").filled(sent, facts(sent)) == "m.anna.40example.2Eorg"
    assert Topic("{type}").filled(sent, facts(sent)) == "message.received"


@given(TEXTS)
def test_every_account_makes_a_topic_that_kafka_takes(account: str) -> None:
    """Its signs and its length are those of Kafka's own check."""
    name = named(account, "{tenant}-{account}-{type}-{endpoint}")

    assert LEGAL.issuperset(name)
    assert len(name) <= MAX_NAME


@given(TEXTS, TEXTS)
def test_two_accounts_never_share_a_topic(one: str, other: str) -> None:
    """Not by a separator, not by a digest, not by an empty name."""
    assert (named(one) == named(other)) is (one == other)


@pytest.mark.parametrize(
    "text", ["", " ", "a b", "a/b", "a%b", "a~b", "ä", ".", "..", "{subject}", "{tenant", "x" * 250]
)
def test_a_name_that_kafka_would_refuse_is_refused_here(text: str) -> None:
    """When it is written, not when the first mail comes."""
    with pytest.raises(SinkError):
        Topic(text)
