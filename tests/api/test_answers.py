"""Each answer of the document that is JSON has an example, which is one.

Must not know: any route; they are found in the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tests.support.api import Face
from vedette.api.answers import _MEMBERS, _OWN


def answers(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is told of each answer of JSON, with its operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                told = answer.get("content", {}).get("application/json")
                if status.startswith("2") and told is not None:
                    yield f"{method} {path} {status}", told


async def test_each_answer_has_an_example_that_is_one(face: Face) -> None:
    """A client that is written by them is not wrong."""
    document = face.app.openapi()
    found = dict(answers(document))
    components = {"components": document["components"]}

    wrong = [
        (name, str(error.message), list(error.absolute_path))
        for name, told in found.items()
        for error in Draft202012Validator(
            {**told["schema"], **components}, format_checker=FormatChecker()
        ).iter_errors(told["example"])
    ]

    assert len(found) > 90
    assert wrong == []
    await face.transport.stop()


async def test_examples_of_answers_tell_of_what_those_of_requests_made(face: Face) -> None:
    """One tenant, one account; a member says what it would say, and no secret is a likely one."""
    told = dict(answers(face.app.openapi()))

    account = told["get /v1/accounts/{account} 200"]["example"]
    assert (account["id"], account["tenant"]) == ("support", "acme")
    assert (account["host"], account["port"]) == ("imap.example.org", 993)
    assert told["post /v1/keys 201"]["example"]["key"].endswith("shown-this-once")
    listed = told["get /v1/accounts 200"]["example"]
    assert [each["id"] for each in listed["items"]] == ["support"]
    await face.transport.stop()


async def test_what_examples_hold_is_of_members_that_are_there(face: Face) -> None:
    """A member that was renamed takes its example along, or it is made of nothing."""
    schemas = face.app.openapi()["components"]["schemas"]
    there = {
        f"{name}.{each}"
        for name, schema in schemas.items()
        for each in schema.get("properties", {})
    }

    assert sorted(_OWN.keys() - there) == []
    assert sorted(_MEMBERS.keys() - {each.partition(".")[2] for each in there}) == []
    await face.transport.stop()
