"""The examples of the guides to mailboxes and secrets work: requests, and pieces of configuration."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_guide import ANY, fits, parsed
from tests.house.tree import ROOT, Snippet, snippets
from tests.store.bundle import StillClock
from tests.support.api import Face
from tests.support.memory_store import MemoryStore
from vedette.config.api import ApiSettings
from vedette.config.service import read_settings

GUIDES = ROOT / "docs" / "guides"
PAGE = "https://app.example.org/settings/mail"
SETTINGS = ApiSettings(
    rate=1e6, burst=1_000_000, public_url="https://mail.example.org", return_to=(PAGE,)
)


@pytest.fixture
async def face() -> AsyncIterator[Face]:
    """Return an API that knows where browsers find it, as the guide has it configured."""
    clock = StillClock(1_795_000_000.0)
    store = MemoryStore(clock)
    await store.start()
    made = Face(store, clock, settings=SETTINGS)
    yield made
    await made.transport.stop()
    await store.stop()


def named(body: Any, ids: dict[str, str]) -> Any:
    """Return a request with what earlier answers called the things that it leaves open."""
    if not isinstance(body, dict):
        return body
    return {name: ids.get(name, value) if value == ANY else value for name, value in body.items()}


async def test_the_requests_of_the_guide_to_mailboxes_work(face: Face) -> None:
    """Every request that is shown is answered as it is shown, for the app that was made last."""
    blocks = [each for each in snippets("http", "json") if each.document == GUIDES / "oauth.md"]
    assert [each.language for each in blocks] == ["http", "json"] * (len(blocks) // 2)
    ids: dict[str, str] = {}

    for asked, shown in zip(blocks[::2], blocks[1::2], strict=True):
        method, path, headers, body = parsed(asked.text)
        answer = await face.ask(method, path, named(body, ids), **headers)
        assert fits(json.loads(shown.text), answer.json), (asked.name, answer.body)
        if path.endswith("/apps"):
            ids["app"] = answer.json["id"]
    assert len(blocks) >= 14


def configured() -> list[Snippet]:
    found = [each for each in snippets("toml") if each.document.parent == GUIDES]
    return [each for each in found if each.document.name in {"oauth.md", "secrets.md"}]


@pytest.mark.parametrize("snippet", configured(), ids=lambda each: each.name)
def test_a_piece_of_configuration_of_these_guides_is_read(
    snippet: Snippet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the reader of the service, which knows every key of it."""
    monkeypatch.setenv("VEDETTE_SECRETS_KEY", bytes(range(32)).hex())
    file = tmp_path / "vedette.toml"
    file.write_text(f'state = "state"\n{snippet.text}')

    read_settings(file)
