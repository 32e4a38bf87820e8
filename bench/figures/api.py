"""The API over many accounts, while mail arrives in those of them that are watched.

Must not know: how accounts are kept.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bench.client import Client
from bench.figures.figure import Figure, Quantity, Values
from bench.load.options import Load
from bench.load.server import LoadServer, load_server
from bench.scene import Scene, quantile, received, until
from tests.support.postgres import Postgres

#: Accounts in the store, and those of them that are watched.
_ACCOUNTS, _LIVE = 20_000, 1_000
#: Tenants that they are spread over.
_TENANTS = 20
#: Requests a second, in all.
_RATE = 50.0
#: Seconds of the window with requests, and of the one without.
_WINDOW, _QUIET = 30.0, 10.0
#: Messages a second in the watched mailboxes, in both windows.
_MAIL = 20.0
#: Accounts that are registered by one request, as many as the API takes.
_BATCH = 500
#: Items of a page, as the API has it unless told.
_PAGE = 100
#: Words that are searched for: one account, 5 % of them, all of them, nobody.
_WORDS = ("holder-17777", "tenant-7", "bench.example", "nobody@nowhere")
#: One that 1,000 are in, one that all others are in, and two that nobody is in.
_STATES = ("live", "paused", "auth_failed", "error")
#: Those that no watch tells of, and that nobody is in, or nearly nobody.
_RARE = ("init", "degraded", "syncing", "connecting")
#: What accounts have: one of them, 5 %, the first or the last tenth, all, nobody.
_FILTERS: tuple[dict[str, str], ...] = (
    {"email": "holder-19999@bench.example"},
    {"tag": "tenant-7"},
    {"tenant": "tenant-19"},
    {"host": "localhost"},
    {"host": "mail.nowhere.example"},
    {"active": "true"},
    {"tag": "nobody-has-it"},
)
#: A state with something else; most of them find few among many, or nobody.
_BOTH: tuple[dict[str, str], ...] = (
    {"state": "init", "host": "localhost"},
    {"state": "live", "active": "false"},
    {"state": "live", "tag": "tenant-7"},
    {"state": "paused", "q": "holder-17777"},
    {"state": "paused", "active": "true"},
    {"state": "paused", "tenant": "tenant-3", "tag": "bench"},
    {"state": "error", "q": "bench.example"},
    {"state": "auth_failed", "tag": "bench", "host": "localhost", "active": "false"},
)
#: The variant whose state is in Postgres.
_SHARED = "vedette postgres"


@dataclass(slots=True, kw_only=True)
class _Api:
    """The API of a service; ``took`` are seconds by what was asked."""

    session: aiohttp.ClientSession
    base: str
    took: dict[str, list[float]] = field(default_factory=dict)
    #: Where the walk through the whole list is.
    after: str | None = None

    async def ask(self, method: str, path: str, body: object = None, **params: str) -> Any:
        """Ask; raise for an answer that is none."""
        url = f"{self.base}{path}"
        async with self.session.request(method, url, json=body, params=params) as answer:
            found = await answer.json()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {found}")
            return found

    async def list(self, _dice: random.Random) -> None:
        """Go on through all accounts, page by page."""
        after = {} if self.after is None else {"after": self.after}
        self.after = (await self.ask("GET", "/v1/accounts", **after))["next"]

    async def search(self, dice: random.Random) -> None:
        """Search for one of the words."""
        await self.ask("GET", "/v1/accounts", q=dice.choice(_WORDS))

    async def state(self, dice: random.Random) -> None:
        """Ask who is in a state."""
        await self.ask("GET", "/v1/accounts", state=dice.choice(_STATES))

    async def rare(self, dice: random.Random) -> None:
        """Ask who is in a state that hardly anybody is in."""
        await self.ask("GET", "/v1/accounts", state=dice.choice(_RARE))

    async def filter(self, dice: random.Random) -> None:
        """Ask who has something."""
        await self.ask("GET", "/v1/accounts", **dice.choice(_FILTERS))

    async def both(self, dice: random.Random) -> None:
        """Ask who has something and is in a state."""
        await self.ask("GET", "/v1/accounts", **dice.choice(_BOTH))

    async def one(self, dice: random.Random) -> None:
        """Ask how one account is."""
        await self.ask("GET", f"/v1/accounts/box-{dice.randrange(_LIVE)}")

    async def timed(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Do it and note how long it took."""
        begun = time.monotonic()
        await work
        self.took.setdefault(name, []).append(time.monotonic() - begun)


def measure(scene: Scene, variant: str) -> Values:
    """Register accounts through the API, watch some, then let mail and requests come."""
    # The promise is about these numbers; a quick run has fewer.
    count, watched = scene.of(_ACCOUNTS, 2_000), scene.of(_LIVE, 100)
    with (
        load_server(Load(mailboxes=watched)) as server,
        _state(variant) as more,
        scene.client(variant, server, **more) as one,
    ):
        answer = one.do("serve")
        base, key = f"http://127.0.0.1:{answer['port']}", answer["key"]
        begun = time.monotonic()
        asyncio.run(_registered(base, key, server, count, watched))
        took = time.monotonic() - begun
        until(lambda: one.do("lag")["live"] == watched, every=0.2)
        scene.rest(5.0)
        quiet = _window(scene, one, server, _QUIET, lambda _seconds: {})
        values = _window(scene, one, server, _WINDOW, lambda s: asyncio.run(_asked(base, key, s)))
        return {
            "accounts": float(count),
            "live": float(watched),
            "registered_per_second": count / took,
            "quiet_event_p99_ms": quiet["event_p99_ms"],
            "quiet_lag_p99_ms": quiet["lag_p99_ms"],
            **values,
        }


@contextmanager
def _state(variant: str) -> Iterator[dict[str, str]]:
    """Give what the client is to know of where its state is, for the time of a ``with``."""
    if variant != _SHARED:
        yield {}
        return
    with Postgres(durable=True) as server:
        yield {"postgres": server.url(asyncio.run(server.make()))}


def _window(
    scene: Scene,
    one: Client,
    server: LoadServer,
    usual: float,
    during: Callable[[float], Values],
) -> Values:
    """Let mail arrive for a while, and something be done meanwhile."""
    seconds = usual * min(1.0, max(0.2, scene.scale))
    before, cpu = server.stats().announced, one.cpu()
    one.do("report")
    one.do("lag")
    server.arrive(_MAIL)
    begun = time.monotonic()
    values = during(seconds)
    time.sleep(max(0.0, begun + seconds - time.monotonic()))
    server.arrive(0.0)
    late = sorted(one.do("lag")["late"])
    took = time.monotonic() - begun
    time.sleep(0.2)
    arrived = server.stats().announced - before
    ages = received(one, arrived, 5.0)
    return {
        **values,
        "event_p50_ms": quantile(ages, 0.5),
        "event_p99_ms": quantile(ages, 0.99),
        "missed": float(arrived - len(ages)),
        "lag_p99_ms": quantile(late, 0.99),
        "cpu": (one.cpu() - cpu) / took * 100,
    }


async def _registered(base: str, key: str, server: LoadServer, count: int, watched: int) -> None:
    """Register tenants and accounts, as a product team does that moves in."""
    async with _session(key) as session:
        api = _Api(session=session, base=base)
        for number in range(_TENANTS):
            await api.ask("POST", "/v1/tenants", {"id": f"tenant-{number}"})
        ca = server.ca_file.read_text(encoding="ascii")
        for start in range(0, count, _BATCH):
            accounts = [
                _account(number, server, ca, is_live=number < watched)
                for number in range(start, min(start + _BATCH, count))
            ]
            found = await api.ask("POST", "/v1/accounts/batch", {"create": accounts})
            wrong = [each for each in found["create"] if each["status"] != 201]
            if wrong:
                raise RuntimeError(f"an account was refused: {wrong[0]}")


def _account(number: int, server: LoadServer, ca: str, *, is_live: bool) -> dict[str, object]:
    account: dict[str, object] = {
        "id": f"box-{number}",
        "tenant": f"tenant-{number % _TENANTS}",
        "email": f"holder-{number}@bench.example",
        "title": f"Mailbox {number}",
        "tags": [f"tenant-{number % _TENANTS}", "bench"],
        "user": f"user-{number}",
        "host": server.host,
        "port": server.port,
        "password": "pass",
        "private": True,
        "folders": ["\\Inbox"],
        "active": is_live,
    }
    return {**account, "ca": ca} if is_live else account


async def _asked(base: str, key: str, seconds: float) -> Values:
    """Ask at a steady rate, whether or not the answers before are there."""
    dice = random.Random(1)
    async with _session(key) as session, asyncio.TaskGroup() as group:
        api = _Api(session=session, base=base)
        ways = {
            "list": api.list,
            "search": api.search,
            "state": api.state,
            "rare": api.rare,
            "filter": api.filter,
            "both": api.both,
            "one": api.one,
        }
        begun = time.monotonic()
        for number in range(round(seconds * _RATE)):
            await asyncio.sleep(begun + number / _RATE - time.monotonic())
            name = list(ways)[number % len(ways)]
            group.create_task(api.timed(name, ways[name](dice)))
    values: Values = {}
    for name, took in api.took.items():
        values[f"{name}_p50_ms"] = quantile(sorted(took), 0.5)
        values[f"{name}_p99_ms"] = quantile(sorted(took), 0.99)
    return values


def _session(key: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {key}"}, timeout=aiohttp.ClientTimeout(total=120.0)
    )


FIGURE = Figure(
    name="api",
    title="The API beside the mail",
    method=(
        "20,000 accounts of 20 tenants, all registered through the API, 500 at a time; 1,000 of them"
        " are active and live on the load server, the others are not. The API is served by the process"
        " that watches, as `vedette serve` does it, and logs each request. For 10 s messages of 10 KB"
        " arrive, 20 a second; for 30 s they go on while requests come, 50 a second in turn: a page of"
        " 100 of all accounts, a search for a word that one account has, or 1,000, or all, or none, the"
        " accounts in a state (live, paused, and two that nobody is in), those in a state that hardly"
        " anybody is in (init, degraded, syncing, connecting), those with an address, tag, tenant, host"
        " or activity, those in a state with one to three of these, and one account. The client is a"
        " process on the same two cores; a time ends when it has read the JSON. Lateness is that of a"
        " task that wants to wake every 5 ms. On Postgres the database is a process beside it, with"
        " `fsync`, of which the service is the one instance."
    ),
    quantities=(
        Quantity(key="accounts", title="accounts in the store", compared=False),
        Quantity(key="live", title="live mailboxes", compared=False),
        *(
            quantity
            for key, title in (
                ("list", "a page of the list"),
                ("search", "search"),
                ("state", "accounts in a state"),
                ("rare", "accounts in a rare state"),
                ("filter", "accounts with a tag, host and so on"),
                ("both", "accounts in a state and with these"),
                ("one", "one account"),
            )
            for quantity in (
                Quantity(key=f"{key}_p50_ms", title=f"{title}, median", unit="ms"),
                Quantity(key=f"{key}_p99_ms", title=f"{title}, p99", unit="ms", target=100.0),
                Quantity(
                    key=f"{key}_p99_ms",
                    title=f"{title}, p99, on Postgres",
                    unit="ms",
                    target=100.0,
                    of=_SHARED,
                ),
            )
        ),
        Quantity(key="event_p50_ms", title="announcement to commit meanwhile, median", unit="ms"),
        Quantity(key="event_p99_ms", title="announcement to commit meanwhile, p99", unit="ms"),
        Quantity(key="quiet_event_p99_ms", title="the same without requests, p99", unit="ms"),
        Quantity(key="lag_p99_ms", title="the loop's lateness meanwhile, p99", unit="ms"),
        Quantity(key="quiet_lag_p99_ms", title="the same without requests, p99", unit="ms"),
        Quantity(key="missed", title="messages not had within 5 s", compared=False),
        Quantity(key="cpu", title="processor of the service meanwhile", unit="%", compared=False),
        Quantity(
            key="registered_per_second",
            title="accounts registered by batches",
            unit="/s",
            more_is_better=True,
            compared=False,
        ),
    ),
    variants=("vedette", _SHARED),
    measure=measure,
    runs=3,
)
