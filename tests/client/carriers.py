"""A carrier for tests of the client: it answers what it is told to, and keeps what it was asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from vedette.client.carrier import Answer, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One answer."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


def problem(status: int, code: str, *, retry_after: int | None = None) -> Told:
    """Return an answer with a problem."""
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return Told(status=status, body={"code": code, "detail": f"it is {code}"}, headers=headers)


class ScriptedCarrier:
    """Answers one after the other; an error among them is raised."""

    def __init__(self, answers: Sequence[Told | Exception]) -> None:
        self._answers = list(answers)
        self.asked: list[Request] = []
        self.is_open = False

    async def open(self) -> None:
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Answer]:
        self.asked.append(request)
        told = self._answers.pop(0)
        if isinstance(told, Exception):
            raise told
        yield Answer(status=told.status, headers=told.headers, pieces=_pieces(told.body))


async def _pieces(body: object) -> AsyncIterator[bytes]:
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    yield data


def keys_of(asked: Sequence[Request]) -> set[str]:
    """Return the idempotency keys of requests."""
    return {each.headers["idempotency-key"] for each in asked}
