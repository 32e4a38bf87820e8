"""Nouns and JSON: what goes out comes back, whatever it is, and what is unset does not go out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.client.accounts import AccountWish
from vedette.client.shape import UNSET, camel, members, noun
from vedette.errors import ProtocolError
from vedette.secret import Secret

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    some_name: str
    when: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    number: int
    share: float
    is_so: bool
    words: tuple[str, ...]
    inner: tuple[Inner, ...]
    notes: Mapping[str, str]
    anything: Any = None


#: To the millisecond, as the API tells them, from 1970 to 2200.
_INSTANTS = st.integers(0, 7_258_118_400_000).map(
    lambda at: datetime.fromtimestamp(at // 1000, UTC) + timedelta(milliseconds=at % 1000)
)
_INNER = st.builds(Inner, some_name=st.text(), when=st.none() | _INSTANTS)
_OUTER = st.builds(
    Outer,
    number=st.integers(),
    share=st.floats(allow_nan=False, allow_infinity=False),
    is_so=st.booleans(),
    words=st.lists(st.text()).map(tuple),
    inner=st.lists(_INNER).map(tuple),
    notes=st.dictionaries(st.text(), st.text()),
)


@given(_OUTER)
def test_a_noun_comes_back_as_it_went(found: Outer) -> None:
    """Through JSON and back it is the same."""
    assert noun(Outer, json.loads(json.dumps(members(found)))) == found


@given(_JSON)
def test_any_json_is_a_noun_or_the_servers_mistake(value: object) -> None:
    """Whatever a server says, nothing else is raised."""
    try:
        noun(Outer, value)
    except ProtocolError:
        return


@given(st.fixed_dictionaries({"number": _JSON, "share": _JSON, "words": _JSON, "inner": _JSON}))
def test_any_members_are_a_noun_or_the_servers_mistake(value: dict[str, object]) -> None:
    """A member of the wrong type is told by its name, and its value is not."""
    with pytest.raises(ProtocolError, match=r"Outer\."):
        noun(Outer, value)


def test_what_is_unset_is_not_said() -> None:
    """A wish that says nothing is an empty object."""
    assert members(AccountWish()) == {}
    assert members(AccountWish(title=None)) == {"title": None}
    assert repr(UNSET) == "UNSET"


def test_a_wish_shows_no_secret() -> None:
    """It is revealed for the wire, and nowhere else."""
    wish = AccountWish(password=Secret("hunter2"))

    assert "hunter2" not in repr(wish)
    assert members(wish) == {"password": "hunter2"}


def test_names_are_those_of_the_api() -> None:
    """A field of two words is a member in camelCase."""
    assert camel("next_retry_at") == "nextRetryAt"
