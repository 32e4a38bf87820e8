"""The commands about a guard's protection: what they ask the service for, and what they show."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.store.bundle import StillClock
from vedette.app.control import Control
from vedette.app.guards.key import guard_key
from vedette.app.guards.seal import sealed
from vedette.app.guards.wish import pausing
from vedette.cli.main import main
from vedette.model.ids import TenantId
from vedette.ports.override import Scope
from vedette.ports.ratchet import Loosening
from vedette.store.chain import following
from vedette.store.sqlite.place import DATABASE
from vedette.store.sqlite.reader import read_only
from vedette.store.sqlite.store import SqliteStore

SECRET = "a secret between friends"


def asked(state: Path, *words: str) -> tuple[int, list[dict[str, Any]]]:
    """Run a command beside a service that takes everything; return what it was asked for."""
    found: list[dict[str, Any]] = []

    async def take(request: Mapping[str, Any]) -> dict[str, Any]:
        found.append(dict(request))
        return {"done": "it is done", "waiting": ["and this waits"]}

    async def run() -> int:
        names = ("pause", "resume", "allow", "consent", "withdraw", "grant")
        control = Control(state, {f"guard.{name}": take for name in names})
        await control.start()
        try:
            return await asyncio.to_thread(main, ["guard", *words, "--state", str(state)])
        finally:
            await control.stop()

    return asyncio.run(run()), found


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state with one loosening that waits."""
    folder = tmp_path / "state"

    async def fill() -> None:
        store = SqliteStore(folder, StillClock())
        await store.start()
        await store.request(
            Loosening(
                tenant=TenantId("*"),
                guard="parlour",
                what=pausing(Scope.GUARD, "parlour", 7_200.0),
                by="a person",
            ),
            delay=86_400.0,
            now=1_700_000_000.0,
        )
        await store.stop()

    asyncio.run(fill())
    return folder


def head_of(state: Path) -> str:
    """Return the head of the trail as it is."""
    with read_only(state) as reader:
        trail = reader.verify_audit()
    return sealed(trail.entries, trail.head, guard_key(state))


def appended(state: Path) -> None:
    """Append an entry, as a service does."""

    async def run() -> None:
        store = SqliteStore(state, StillClock())
        await store.start()
        await store.audit(actor="a person", what="guard.test", detail="{}", now=2.0)
        await store.stop()

    asyncio.run(run())


def rewritten(state: Path, *, actor: str) -> None:
    """Write the first entry anew, with the digest that it should have."""
    with closing(sqlite3.connect(state / DATABASE)) as connection, connection:
        connection.execute("DROP TRIGGER audit_is_not_changed")
        at, what, detail = connection.execute("SELECT at, what, detail FROM audit").fetchone()
        forged = following(0, b"", at=at, actor=actor, what=what, detail=detail)
        connection.execute("UPDATE audit SET actor = ?, digest = ?", (actor, forged.digest))


REQUESTS = {
    "a pause": (
        ["pause", "parlour"],
        {"command": "guard.pause", "scope": "guard", "name": "parlour", "seconds": None},
    ),
    "a pause of all": (
        ["pause", "--all"],
        {"command": "guard.pause", "scope": "host", "name": "", "seconds": None},
    ),
    "the end of a pause": (
        ["resume", "--account", "anna"],
        {"command": "guard.resume", "scope": "account", "name": "anna"},
    ),
    "an allow": (
        ["allow", "anna", "shop.example", "--guard", "parlour"],
        {
            "command": "guard.allow",
            "account": "anna",
            "domain": "shop.example",
            "guard": "parlour",
            "remove": False,
        },
    ),
    "a consent": (
        ["consent", "anna", "--version", "2026-11"],
        {"command": "guard.consent", "account": "anna", "version": "2026-11"},
    ),
    "the end of a consent": (
        ["consent", "anna", "--withdraw"],
        {"command": "guard.consent", "account": "anna", "withdraw": True},
    ),
    "a withdrawal": (["withdraw", "7"], {"command": "guard.withdraw", "id": 7}),
}


@pytest.mark.parametrize(("words", "request_"), REQUESTS.values(), ids=REQUESTS)
def test_a_wish_goes_to_the_service(
    state: Path, capsys: pytest.CaptureFixture[str], words: list[str], request_: dict[str, Any]
) -> None:
    """And its answer is printed: what is done, and what waits."""
    assert asked(state, *words) == (0, [request_])
    assert capsys.readouterr().out == "it is done\nand this waits\n"


def test_a_pause_until_an_instant_is_a_pause_for_so_long(state: Path) -> None:
    """A protective guard's begins when it is due."""
    _, [request] = asked(state, "pause", "parlour", "--until", "2999-01-01")

    assert request["seconds"] > 86_400


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pause"], "name one guard"),
        (["pause", "parlour", "--all"], "name one guard"),
        (["pause", "parlour", "--until", "2001-01-01"], "--until 2001-01-01 is over"),
        (["consent", "anna"], "give --version"),
        (["consent", "anna", "--withdraw", "--version", "1"], "give --version"),
        (["grant", "1"], "the partner's secret is missing"),
    ],
)
def test_an_unclear_wish_is_refused(
    state: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """64, and nothing was asked for."""
    assert asked(state, *words) == (64, [])
    assert said in capsys.readouterr().err


def test_a_wish_without_a_service_is_refused(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It alone keeps the state."""
    assert main(["guard", "pause", "parlour", "--state", str(state)]) == 64
    assert "no service runs on" in capsys.readouterr().err


def test_a_partner_gives_their_secret_by_file_or_environment(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never on the command line, which every process can see."""
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    request = {"command": "guard.grant", "id": 1, "secret": SECRET}
    assert asked(state, "grant", "1", "--secret-file", str(file)) == (0, [request])

    monkeypatch.setenv("VEDETTE_PARTNER_SECRET", SECRET)
    assert asked(state, "grant", "1") == (0, [request])


def test_what_waits_is_shown_by_both_clocks(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In words for a person, and as values for a program."""
    assert main(["guard", "changes", "--json", "--state", str(state)]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "id": 1,
        "guard": "parlour",
        "account": None,
        "what": {"aspect": "pause", "name": "parlour", "scope": "guard", "seconds": 7200.0},
        "says": "pause of guard parlour for 2 h",
        "state": "waiting",
        "by": "a person",
        "askedAt": "2023-11-14T22:13:20.000Z",
        "dueAt": "2023-11-15T22:13:20.000Z",
        "left": 86_400.0,
    }

    assert main(["guard", "changes", "--no-json", "--state", str(state)]) == 0
    assert capsys.readouterr().out == (
        "1  parlour  pause of guard parlour for 2 h  (waiting) "
        "not before 2023-11-15T22:13:20.000Z, and 24.0 h of running\n"
    )


def test_the_audit_is_shown_and_verified(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each step, and the last digest to be kept elsewhere."""
    assert main(["guard", "audit", "--json", "--state", str(state)]) == 0
    entry = json.loads(capsys.readouterr().out)
    assert (entry["what"], entry["actor"]) == ("loosening.requested", "a person")

    assert main(["guard", "audit", "--verify", "--state", str(state)]) == 0
    assert capsys.readouterr().out == "1 entry, unbroken\n"

    head = sealed(1, bytes.fromhex(entry["digest"]), guard_key(state))
    assert main(["guard", "audit", "--verify", "--state", str(state)]) == 0
    assert capsys.readouterr().out == f"1 entry, unbroken; the head is {head}\n"


def test_a_head_that_was_kept_is_found_in_the_trail(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when the trail went on since; it is the proof that nothing before it was written over."""
    head = head_of(state)
    appended(state)
    assert main(["guard", "audit", "--head", head, "--state", str(state)]) == 0
    assert capsys.readouterr().out.startswith(
        "entry 1 and all before it are as they were when the head was told\n2 entries, unbroken; "
    )


def test_a_trail_that_was_written_over_is_shown_by_a_head(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All digests are right, each follows from the one before, and it is another trail."""
    head = head_of(state)
    rewritten(state, actor="nobody")
    assert main(["guard", "audit", "--verify", "--state", str(state)]) == 0
    capsys.readouterr()

    assert main(["guard", "audit", "--head", head, "--state", str(state)]) == 74
    assert "entry 1 is not the one that the head is of" in capsys.readouterr().err


def test_a_state_that_was_put_back_is_shown_by_a_head(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The trail is shorter than it was."""
    before = (state / DATABASE).read_bytes()
    appended(state)
    head = head_of(state)
    (state / DATABASE).write_bytes(before)

    assert main(["guard", "audit", "--head", head, "--state", str(state)]) == 74
    assert "the audit ends at entry 1 and the head is of entry 2" in capsys.readouterr().err


@pytest.mark.parametrize("head", ["", "1", "1:abc", "x:" + 64 * "0", "-1:" + 64 * "0"])
def test_what_is_no_head_is_refused(
    state: Path, capsys: pytest.CaptureFixture[str], head: str
) -> None:
    """64: it says nothing of the trail."""
    assert main(["guard", "audit", f"--head={head}", "--state", str(state)]) == 64
    assert "is no head of an audit" in capsys.readouterr().err


def test_a_head_needs_the_key_that_it_was_made_with(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which no command makes anew: another one would say that everything was written over."""
    head = head_of(state)
    (state / "guard.key").unlink()

    assert main(["guard", "audit", "--head", head, "--state", str(state)]) == 74
    assert "the key of the guards is not in the state" in capsys.readouterr().err
    assert not (state / "guard.key").exists()


def test_an_audit_that_was_changed_is_found(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """74, with the number of the first entry that does not follow."""
    with closing(sqlite3.connect(state / DATABASE)) as connection, connection:
        connection.execute("DROP TRIGGER audit_is_not_changed")
        connection.execute("UPDATE audit SET actor = 'nobody'")

    assert main(["guard", "audit", "--verify", "--state", str(state)]) == 74
    assert "the audit is broken at entry 1" in capsys.readouterr().err
