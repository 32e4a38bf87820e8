"""The OpenAPI document is thrown at the API, with what it allows and what it does not.

Must not know: any route.
"""

from __future__ import annotations

import asyncio
from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from tests.api.conftest import NOW
from tests.api.operations import TAGS
from tests.store.bundle import StillClock
from tests.support.api import Face
from tests.support.memory_store import MemoryStore

#: A few seconds in all, and the same each time: what is found once is a case of its own then.
BOUNDED = settings(
    max_examples=15,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

#: One check asks that all that fits is accepted: what fields mean (hosts that may be dialled, ids
#: that are there) goes beyond what a schema can say. The other is made of every route and every
#: kind of key in test_isolation.py.
NOT_HERE = [positive_data_acceptance, ignored_auth]


@pytest.fixture(scope="module", name="served")
def _served() -> Face:
    """Return an API with a tenant, an account and an admin's key."""

    async def made() -> Face:
        clock = StillClock(NOW)
        store = MemoryStore(clock)
        await store.start()
        face = Face(store, clock)
        # Nothing comes, whoever waits.
        face.services.feed.longest = 0.001
        account = {"id": "box", "email": "a@example.org", "host": "h.example", "password": "p"}
        for path, body in (("tenants", {"id": "acme"}), ("accounts", account)):
            assert (await face.ask("POST", f"/v1/{path}", body)).status == 201
        return face

    return asyncio.run(made())


@pytest.fixture(scope="module", name="described")
def _described(served: Face) -> BaseSchema:
    # Each request has a key of its own: what becomes of other proofs is in test_isolation.py.
    document = deepcopy(served.app.openapi())
    for methods in document["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
    served.app.openapi_schema = document
    return schemathesis.openapi.from_asgi("/openapi.json", served.app)


#: Answers that go on for as long as the peer stays; test_events.py reads them.
ENDLESS = frozenset({"/v1/events/stream"})


@pytest.mark.parametrize("tag", TAGS)
def test_the_api_keeps_to_its_document(described: BaseSchema, served: Face, tag: str) -> None:
    """Every answer is one that the document tells of, and none is a defect."""
    for found in described.include(tag=tag).get_all_operations():
        assert isinstance(found, Ok)
        if found.ok().path not in ENDLESS:
            throw(found.ok(), served.root)


def throw(operation: APIOperation[Any, Any, Any, Any], key: str) -> None:
    """Send what fits the document and what does not."""
    headers = {"authorization": f"Bearer {key}"}

    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    @BOUNDED
    def fitting(case: Case[Any]) -> None:
        case.call_and_validate(headers=headers, excluded_checks=NOT_HERE)

    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @BOUNDED
    def unfitting(case: Case[Any]) -> None:
        case.call_and_validate(headers=headers, excluded_checks=NOT_HERE)

    fitting()
    if operation.body or operation.query:
        unfitting()
