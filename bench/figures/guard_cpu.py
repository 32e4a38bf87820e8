"""What it costs to judge a message: the gambling guard that ships, and rspamd, on the same octets.

Processor time, not seconds: what the machine does besides counts for neither. rspamd runs as one
worker from Debian's package, its own rules of regular expressions compiled where it can, and no
module that asks anybody. Must not know: how a guard works inside.
"""

from __future__ import annotations

import http.client
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import vedette
from bench.figures.figure import Figure, Quantity, Values
from bench.figures.newsletter import newsletter
from bench.scene import Scene, until
from tests.support.rspamd import HOST, Rspamd
from vedette import mime
from vedette.guard.evidence import Evidence
from vedette.guard.judging import Guard
from vedette.guard.reading import read_pack

SIZES = {"small": 5 * 1024, "middle": 45 * 1024, "large": 113 * 1024}
PACK = Path(vedette.__file__).parent / "packs" / "gambling.yaml"
_OURS, _RSPAMD = "vedette", "rspamd"
_TRUSTED = ("mx.example.com",)
#: Messages of one size in one run.
_MESSAGES = 300
_TICK = os.sysconf("SC_CLK_TCK")
#: What the tests' configuration says so that it starts at once, and what makes it fast.
_SLOW = "disable_hyperscan = true;"
_HELPER = 'worker "hs_helper" { count = 1; }\n'
#: Messages that are not counted.
_WARM = 10
#: Seconds in which what works shows.
_REST = 2.0


def measure(scene: Scene, variant: str) -> Values:
    """Judge each message again and again."""
    count = scene.of(_MESSAGES, 20)
    mail = {key: newsletter(size) for key, size in SIZES.items()}
    return _ours(mail, count) if variant == _OURS else _theirs(mail, count)


def _ours(mail: dict[str, bytes], count: int) -> Values:
    guard = Guard(read_pack(PACK.read_text(encoding="utf-8"), file=PACK.name), {})

    def whole(raw: bytes) -> None:
        message = mime.read(raw, trusted_authserv=_TRUSTED, shown=True)
        verdict = guard.full(Evidence(message=message, size=len(raw)))
        if verdict.failed:
            raise RuntimeError(f"the guard failed: {verdict.failed}")

    header = mime.read_header(mail["small"], trusted_authserv=_TRUSTED)
    known = Evidence(message=header, size=len(mail["small"]))
    values = {"head": _median(lambda: guard.head(known), count) * 1000}
    for key, raw in mail.items():
        milliseconds = _median(partial(whole, raw), count)
        values |= {key: milliseconds, f"{key}_rate": 1000 / milliseconds}
    return values


def _median(work: Callable[[], object], count: int) -> float:
    """Return the median of the processor time of one piece of work, in milliseconds."""
    work()
    times = []
    for _ in range(count):
        begun = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - begun)
    return statistics.median(times) / 1e6


def _theirs(mail: dict[str, bytes], count: int) -> Values:
    server = Rspamd()
    config = server.base / "rspamd.conf"
    config.write_text(config.read_text().replace(_SLOW, "") + _HELPER)
    with server:
        # It compiles its expressions in a process of its own, and loads them when that is done.
        until(lambda: any(server.base.glob("*.hs*")) and _is_at_rest(server.process_group), every=1)
        values: Values = {}
        for key, raw in mail.items():
            for _ in range(_WARM):
                _scan(server.port, raw)
            begun = _spent(server.process_group)
            for _ in range(count):
                _scan(server.port, raw)
            milliseconds = (_spent(server.process_group) - begun) * 1000 / count
            values |= {key: milliseconds, f"{key}_rate": 1000 / max(milliseconds, 0.001)}
    return values


def _is_at_rest(group: int) -> bool:
    """Tell whether nothing of a group of processes worked for a while."""
    before = _spent(group, b"")
    time.sleep(_REST)
    return _spent(group, b"") == before


def _scan(port: int, raw: bytes) -> None:
    link = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        link.request("POST", "/checkv2", body=raw)
        answer = link.getresponse()
        found = answer.read()
        if answer.status != http.client.OK or b'"score"' not in found:
            raise RuntimeError(f"rspamd answered {answer.status}: {found[:200]!r}")
    finally:
        link.close()


def _spent(group: int, title: bytes = b"normal process") -> float:
    """Return the processor time of the processes of a group with this in their titles."""
    ticks = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "stat").read_text().rpartition(")")[2].split()
            called = (place / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if int(words[2]) == group and title in called:
            ticks += int(words[11]) + int(words[12])
    return ticks / _TICK


FIGURE = Figure(
    name="guard_cpu",
    title="Judging a message",
    method=(
        "The median processor time to read a newsletter for guards and to judge it by the gambling"
        " pack that ships, beside that of one rspamd worker for the same octets, its rules of"
        " regular expressions alone. The head is judged when the header is read already."
    ),
    quantities=(
        Quantity(key="head", title="head, header in hand", unit="us", target=100.0),
        Quantity(key="small", title="whole message of 5 KB", unit="ms", target=1.0),
        Quantity(key="middle", title="whole message of 45 KB", unit="ms", target=2.5),
        Quantity(key="large", title="whole message of 113 KB", unit="ms", target=5.0),
        Quantity(key="small_rate", title="of 5 KB per core", unit="/s", more_is_better=True),
        Quantity(key="middle_rate", title="of 45 KB per core", unit="/s", more_is_better=True),
        Quantity(key="large_rate", title="of 113 KB per core", unit="/s", more_is_better=True),
        *(
            Quantity(
                key=f"{key}_rate",
                title=f"messages of {size} KB per core",
                more_is_better=True,
                target=2.0,
                times=_RSPAMD,
                compared=False,
            )
            for key, size in (("small", 5), ("middle", 45), ("large", 113))
        ),
    ),
    variants=(_OURS, _RSPAMD),
    measure=measure,
)
