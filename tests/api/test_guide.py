"""The examples of the guide work, in their order: each request is answered as it is shown."""

from __future__ import annotations

import json
from typing import Any

from tests.house.tree import ROOT, snippets
from tests.support.api import Face

GUIDE = ROOT / "docs" / "guides" / "api.md"
#: Stands for any value, and as a name for any other members.
ANY = "…"


def fits(shown: Any, told: Any) -> bool:
    """Tell whether an answer is as it is shown."""
    if shown == ANY:
        return True
    if isinstance(shown, dict) and isinstance(told, dict):
        named = {name: value for name, value in shown.items() if name != ANY}
        more = ANY in shown or not set(told) - set(named)
        return more and all(name in told and fits(named[name], told[name]) for name in named)
    if isinstance(shown, list) and isinstance(told, list):
        return len(shown) == len(told) and all(map(fits, shown, told))
    return bool(shown == told)


def parsed(text: str) -> tuple[str, str, dict[str, str], Any]:
    """Return the method, the path, the headers and the body of a request."""
    head, _, body = text.partition("\n\n")
    line, *fields = head.splitlines()
    method, path = line.split()
    pairs = (field.split(": ", 1) for field in fields)
    return method, path, dict(pairs), json.loads(body) if body.strip() else None


async def test_the_examples_of_the_guide_work(face: Face) -> None:
    """Every request that is shown is sent, and its answer is the one that follows it."""
    blocks = [each for each in snippets("http", "json") if each.document == GUIDE]
    assert [each.language for each in blocks] == ["http", "json"] * (len(blocks) // 2)

    # What a version is called in the guide, and what it is: how much was written is nobody's affair.
    tags: dict[str, str] = {}
    for asked, shown in zip(blocks[::2], blocks[1::2], strict=True):
        method, path, headers, body = parsed(asked.text)
        if "If-Match" in headers:
            read = (await face.ask("GET", path)).headers["etag"]
            headers["If-Match"] = tags.setdefault(headers["If-Match"], read)
        named = {name.replace("-", "_"): value for name, value in headers.items()}
        answer = await face.ask(method, path, body, **named)
        assert fits(json.loads(shown.text), answer.json), (asked.name, answer.body)
