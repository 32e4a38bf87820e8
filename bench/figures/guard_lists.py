"""What a list of a million domains costs: memory of a process, lookups, and the loop while it changes.

Beside it the same domains as a set of Python. Memory and lookups are measured in a process of their
own, which this module is too. Must not know: where lists come from.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from bench.figures.figure import Figure, Quantity, Values
from bench.scene import Scene
from vedette.guard.domains import Entries
from vedette.guard.pack import List
from vedette.lists.curator import Curator
from vedette.lists.mapped import MappedList, compiled
from vedette.net.address import AddressGuard

_OURS, _SET = "vedette", "set"
_DOMAINS = 1_000_000
_LOOKUPS = 400_000
#: Seconds between two looks at the clock of the loop.
_TICK = 0.001
_PATIENCE = 300.0
_PAGE = 4_096


def measure(scene: Scene, variant: str) -> Values:
    """Have a process of its own hold the list and be asked; then change it under a loop."""
    count = scene.of(_DOMAINS, 10_000)
    with tempfile.TemporaryDirectory(prefix="vd-bench-lists-") as name:
        folder = Path(name)
        raw = folder / "domains.txt"
        raw.write_text("".join(f"{each}\n" for each in domains(count, seed=1)), encoding="ascii")
        if variant == _OURS:
            compiled(domains(count, seed=1)).save(str(folder / "domains.trie"))
        argv = [
            sys.executable,
            "-m",
            __name__,
            variant,
            str(folder),
            str(scene.of(_LOOKUPS, 10_000)),
        ]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        if done.returncode:
            raise RuntimeError(f"the process with the list failed: {done.stderr[-300:]}")
        values: Values = json.loads(done.stdout)
        if variant == _OURS:
            values["pause_ms"] = asyncio.run(_changed(folder, raw, count)) * 1000
    return values


def domains(count: int, *, seed: int) -> Iterator[str]:
    """Yield domains as lists have them; all differ."""
    rng = Random(seed)
    words = [
        "bet",
        "casino",
        "slot",
        "spin",
        "win",
        "lucky",
        "royal",
        "mega",
        "gold",
        "star",
        "vip",
    ]
    ends = ["com", "net", "bet", "casino", "co.uk", "de", "xyz", "top", "club", "com.tr", "ru"]
    for number in range(count):
        yield f"{rng.choice(words)}{rng.choice(words)}{number:x}.{rng.choice(ends)}"


async def _changed(folder: Path, raw: Path, count: int) -> float:
    """Let the list be built anew and taken into use; return the longest pause of the loop."""
    wanted = List(name="listed", sources=(raw.name,))
    curator = Curator(
        wanted, folder=folder / "kept", base=folder, guard=AddressGuard(), now=time.time
    )
    ticker = asyncio.create_task(_longest())
    async with asyncio.timeout(_PATIENCE):
        look = await curator.look(raw.name)
    # Taken into use as the service does: on the loop.
    held = sum(len(part) for part in curator.parts())
    await asyncio.sleep(_TICK * 10)
    ticker.cancel()
    longest = await ticker
    if look.refused or held < count // 2:
        raise RuntimeError(f"the list was not built: {look.refused}")
    return longest


async def _longest() -> float:
    longest = 0.0
    try:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(_TICK)
            longest = max(longest, time.perf_counter() - begun - _TICK)
    except asyncio.CancelledError:
        return longest


def _rss() -> int:
    words = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(words[1]) * _PAGE


def _asked(find: Callable[[str], str | None], hosts: list[str]) -> float:
    """Return the lookups of one second of processor time."""
    begun = time.process_time()
    for host in hosts:
        find(host)
    return len(hosts) / (time.process_time() - begun)


def main(variant: str, folder: Path, lookups: int) -> None:
    """Hold the list, be asked, and print the values."""
    raw = folder / "domains.txt"
    rng = Random(2)
    with raw.open(encoding="ascii") as lines:
        # A few thousand of them and their subdomains, and as many that are on no list.
        listed = [line.strip() for number, line in enumerate(lines) if not number % 499]
    hosts = [
        f"www{n}.{rng.choice(listed)}" if n % 2 else f"www.shop{n}.example" for n in range(lookups)
    ]
    before = _rss()
    if variant == _OURS:
        found: MappedList | Entries = MappedList(folder / "domains.trie", name="x", version="1")
    else:
        found = Entries(raw.read_text(encoding="ascii").split(), name="x")
    if found.find(f"a.{listed[0]}") != listed[0] or found.find("shop.example") is not None:
        raise RuntimeError("the list does not know its own")
    rate = _asked(found.find, hosts)
    json.dump({"rss_mb": (_rss() - before) / 2**20, "per_second": rate}, sys.stdout)


FIGURE = Figure(
    name="guard_lists",
    title="A list of a million domains",
    method=(
        "A process of its own maps the list and is asked for 400,000 hosts, half of them listed by a"
        " domain above them; memory is what its resident memory grew by, mapped pages included, which"
        " processes share. Then the list is built anew beside a running loop and taken into use; the"
        " pause is the longest that the loop was late meanwhile."
    ),
    quantities=(
        Quantity(key="rss_mb", title="memory of a million domains", unit="MB", target=20.0),
        Quantity(
            key="per_second", title="lookups", unit="/s", more_is_better=True, target=200_000.0
        ),
        Quantity(
            key="pause_ms", title="longest pause of the loop at a change", unit="ms", target=20.0
        ),
    ),
    variants=(_OURS, _SET),
    measure=measure,
)

if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
