"""Admission: few handshakes are under way at a time, and the silent hold nobody up."""

from __future__ import annotations

import asyncio

import pytest

from vedette.net.admission import Gate

pytestmark = pytest.mark.usefixtures("calm")


class Visitor:
    """Enters a gate and stays until it is let go."""

    def __init__(self, gate: Gate) -> None:
        self.inside = asyncio.Event()
        self.go = asyncio.Event()
        self.task = asyncio.create_task(self._visit(gate))

    async def _visit(self, gate: Gate) -> None:
        async with gate.place():
            self.inside.set()
            await self.go.wait()


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_gate_lets_only_so_many_in() -> None:
    """Over the bound a handshake waits until another has ended."""
    gate = Gate(places=2, patience=60)
    visitors = [Visitor(gate) for _ in range(3)]
    await turns()
    assert [visitor.inside.is_set() for visitor in visitors] == [True, True, False]
    visitors[0].go.set()
    await visitors[2].inside.wait()
    for visitor in visitors:
        visitor.go.set()
        await visitor.task


async def test_gate_takes_the_place_of_the_slow_once() -> None:
    """Over its patience a handshake goes on without a place, and gives none back twice."""
    gate = Gate(places=1, patience=0.01)
    slow = Visitor(gate)
    async with asyncio.timeout(60):
        await slow.inside.wait()
        second = Visitor(gate)
        await second.inside.wait()
        slow.go.set()
        await slow.task
        second.go.set()
        await second.task
    gate = Gate(places=1, patience=60)
    first, other = Visitor(gate), Visitor(gate)
    await turns()
    assert [first.inside.is_set(), other.inside.is_set()] == [True, False]
    first.go.set()
    other.go.set()
    await asyncio.gather(first.task, other.task)


async def test_gate_gives_back_the_place_of_the_cancelled() -> None:
    """A handshake that is cancelled, inside or waiting, leaves its place to the next."""
    gate = Gate(places=1, patience=60)
    inside, waiting = Visitor(gate), Visitor(gate)
    await inside.inside.wait()
    waiting.task.cancel()
    inside.task.cancel()
    await asyncio.gather(inside.task, waiting.task, return_exceptions=True)
    async with asyncio.timeout(60):
        last = Visitor(gate)
        await last.inside.wait()
        last.go.set()
        await last.task
