"""Each example of the document is taken: who copies one has it done.

Must not know: any route; they are found in the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.api.operations import TAGS
from tests.api.test_isolation import AT_A_SERVER, house, is_let, of_tag
from tests.support.api import Face
from vedette.api import examples


@pytest.mark.parametrize("tag", TAGS)
async def test_the_example_of_each_body_is_taken(face: Face, tag: str) -> None:
    """The ids in it are those of what is there. What asks a mail server ends there."""
    paths = face.app.openapi()["paths"]
    ids = (await house(face)).ids
    for operation in of_tag(face, tag):
        if not operation.takes_body:
            continue
        told = paths[operation.path][operation.method.lower()]["requestBody"]
        for media, content in told["content"].items():
            body = named(content["example"], ids)
            method, path, _ = operation.at(ids)
            answer = await face.ask(
                method, path, body.encode() if media == "text/csv" else body, content_type=media
            )
            # Nobody watches the account here, and nobody answers for it.
            is_elsewhere = tag in AT_A_SERVER and answer.code == "conflict"
            assert is_elsewhere or is_let(operation, answer), (operation, answer.body)
    await face.transport.stop()


def named(value: Any, ids: Mapping[str, str]) -> Any:
    """Return an example with ids that are there."""
    there = {
        examples.TENANT: ids["tenant"],
        examples.ACCOUNT: ids["account"],
        examples.GUARD: ids["guard"],
        examples.APP: ids["app_id"],
        examples.ACTION: ids["action"],
    }
    match value:
        case dict():
            return {name: named(each, ids) for name, each in value.items()}
        case list():
            return [named(each, ids) for each in value]
        case str():
            return there.get(value, value)
        case _:
            return value
