"""The client says what the OpenAPI document of the service says: all of it, and nothing else.

Must not know: any operation, but those that are for no program.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.client.contract import asked, described, differences, operations

#: Operations that the client has no method for, and why.
WITHOUT: Final[dict[str, str]] = {}

OPERATIONS: Final = operations()
DESCRIBED: Final = described()


def test_everything_that_the_api_can_do_the_client_can() -> None:
    """No operation of the document is missing, but those with a reason."""
    assert sorted(set(DESCRIBED) - set(OPERATIONS) - set(WITHOUT)) == []


def test_the_client_asks_for_nothing_that_is_not_there() -> None:
    """No operation of the client is unknown to the document, or has a reason to be left out."""
    assert sorted(set(OPERATIONS) - set(DESCRIBED)) == []
    assert sorted(set(WITHOUT) - set(DESCRIBED)) == []
    assert sorted(set(WITHOUT) & set(OPERATIONS)) == []


def test_each_operation_of_the_client_is_asked_by_a_method() -> None:
    """An operation that is written down can be called."""
    assert sorted(set(OPERATIONS) - asked()) == []


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) & set(DESCRIBED)))
def test_an_operation_is_as_the_document_has_it(name: str) -> None:
    """Parameters, headers, and each member of body and answer are the same, with their types."""
    assert differences(OPERATIONS[name], DESCRIBED[name]) == []
