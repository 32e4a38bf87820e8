"""``vedette guard`` over the API: of the state itself, of a service here, and of one elsewhere."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.test_guard_backtest import HAM
from tests.servers.test_guard_serve import PACK, folders, offer
from tests.support.dovecot import Dovecot
from tests.support.ports import free_port
from tests.support.process import wait_until
from tests.support.service import PATIENCE, Service
from vedette.cli.main import main

TEXT = PACK.replace("{sources: [parlours.txt]}", "{entries: [lucky.example]}")
PROTECTIVE = f"{TEXT}kind: protective\nlock: {{loosen_delay: 24h, partner_can_expedite: true}}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    status: int
    out: str
    err: str

    @property
    def nouns(self) -> list[dict[str, Any]]:
        assert self.status == 0, self.err
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def noun(self) -> dict[str, Any]:
        [found] = self.nouns
        return found


Run = Callable[..., Ended]


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``vedette guard``, with a key in the environment."""
    for name in ("VEDETTE_SERVER", "VEDETTE_CONFIG", "VEDETTE_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VEDETTE_PASSWORD", "pass")

    def run(*words: str, key: str = "", group: str = "guard") -> Ended:
        monkeypatch.setenv("VEDETTE_KEY", key)
        status = main([group, *words])
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return Ended(status=status, out=told.out, err=told.err)

    return run


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    (tmp_path / "parlour.yaml").write_text(TEXT)
    (tmp_path / "locked.yaml").write_text(PROTECTIVE)
    (tmp_path / "wins.eml").write_bytes(offer("wins"))
    return tmp_path


def test_a_guard_is_posted_where_no_service_runs(guard: Run, packs: Path) -> None:
    """Shown, changed, attached and removed; what only a service can do says so."""
    here = ("--state", str(packs / "state"))
    account = ("accounts", "add", "imaps://o@h.example.org", "--email", "o@example.org")
    for id_ in ("one", "two"):
        assert guard(*account[1:], "--id", id_, *here, group="accounts").status == 0

    posted = guard("post", "--id", "parlour", "--pack", str(packs / "parlour.yaml"),
                   "--account", "one", "--sweep-messages", "5", *here).noun  # fmt: skip
    changed = guard("set", "parlour", "--mode", "act", "--clear", "sweep", *here).noun

    assert posted["settings"] == {"accounts": ["one"], "sweep": {"messages": 5}}
    assert (posted["text"], posted["pack"]) == (TEXT, None)
    assert changed["settings"] == {"accounts": ["one"], "mode": "act"}
    assert guard("attach", "parlour", "two", *here).noun["settings"]["accounts"] == ["one", "two"]
    assert guard("detach", "parlour", "one", *here).noun["settings"]["accounts"] == ["two"]
    assert [each["id"] for each in guard("list", *here).nouns] == ["parlour"]
    assert guard("list", "nothing", *here).nouns == []
    tried = guard("test", str(packs / "wins.eml"), "--guard", "parlour", *here).noun
    assert (tried["verdict"], tried["guard"]) == ("quarantine", "parlour")
    for words in (["journal"], ["changes"], ["pauses"], ["decisions"], ["allows", "one"]):
        assert guard(*words, *here).nouns == []
    assert guard("backtest", "two", "--guard", "parlour", "--last", "5", *here).status == 69
    assert guard("remove", "parlour", *here).status == 0
    assert guard("show", "parlour", *here).status == 66


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("post", "--pack", "none.yaml"), 64, "none.yaml can not be read"),
        (("post", "--pack", "nothing-shipped"), 65, "pack"),
        (("attach", "parlour"), 64, "name at least one account"),
        (("attach", "parlour", "one"), 66, "there is no account"),
        (("set", "parlour", "--clear", "colour"), 64, "there is"),
        (("decisions", "--limit", "0"), 64, "--limit"),
        (("journal", "--only", "gone-away"), 64, "the states are"),
        (("test", "x.eml", "--guard", "a", "--pack", "b"), 64, "--pack"),
        (("test", "x.eml", "--server", "http://127.0.0.1:9"), 64, "--server needs --guard"),
        (("backtest", "a", "--last", "1", "--server", "http://127.0.0.1:9"), 64, "needs --guard"),
        (("backtest", "a", "--guard", "b"), 64, "--since or --last"),
        (("undo",), 64, "at least one action"),
    ],
)
def test_a_mistake_is_one_line_with_its_status(
    guard: Run, tmp_path: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    """Whose fault it is can be told by a script."""
    where = () if "--server" in words else ("--state", str(tmp_path / "state"))

    ended = guard(*words, *where)

    assert (ended.status, ended.err[:9]) == (status, "vedette: ")
    assert said in ended.err


@dataclass(slots=True, kw_only=True)
class Site:
    """A service with one mailbox, its API at a URL, and an admin's key."""

    guard: Run
    service: Service
    user: str
    config: Path
    there: tuple[str, ...]
    key: str

    def here(self, *words: str, group: str = "guard") -> Ended:
        return self.guard(*words, "--config", str(self.config), group=group)

    def far(self, *words: str, key: str | None = None) -> Ended:
        return self.guard(*words, *self.there, key=self.key if key is None else key)


@pytest.fixture
def site(guard: Run, dovecot: Dovecot, user: str, packs: Path) -> Iterator[Site]:
    port, config = free_port(), packs / "vedette.toml"
    config.write_text(f'state = "state"\n[api]\nlisten = "127.0.0.1:{port}"\n')
    dovecot.deliver(user, HAM)
    with Service(["serve", "--config", str(config)], folder=packs) as service:
        service.until_logged("api.listening")
        service.until_logged("vdt_")
        [key] = re.findall(r"vdt_[\w-]{43}", service.err)
        there = ("--server", f"http://127.0.0.1:{port}")
        made = Site(guard=guard, service=service, user=user, config=config, there=there, key=key)
        added = made.here(
            "add", f"imaps://{user}@localhost:{dovecot.tls_port}", "--email", "o@example.org",
            "--id", user, "--ca-file", str(dovecot.ca_file), "--private", group="accounts",
        )  # fmt: skip
        assert added.status == 0, added.err
        service.until_connected()
        yield made
        service.send(signal.SIGTERM)
        assert service.ended() == 0


def test_a_guard_of_a_service_is_seen_tried_and_taken_back_from_anywhere(
    site: Site, dovecot: Dovecot, packs: Path
) -> None:
    """By its socket and by its URL: the same words, and the same answers."""
    posted = site.far("post", "--id", "parlour", "--pack", str(packs / "parlour.yaml"),
                      "--mode", "act", "--account", site.user)  # fmt: skip
    assert posted.status == 0, posted.err
    site.service.until_logged("guard.posted")
    dovecot.deliver(site.user, offer("wins"))
    wait_until(lambda: "Guard" in folders(dovecot, site.user), within=PATIENCE, what="the move")

    wait_until(
        lambda: [each["state"] for each in site.here("journal").nouns] == ["done"],
        within=PATIENCE,
        what="the journal",
    )
    [near], [far] = site.here("journal").nouns, site.far("journal").nouns
    decided = site.far("decisions", "--account", site.user, "--limit", "1").noun
    near_why, far_why = site.here("explain", near["id"]), site.far("explain", near["id"])

    assert near == far
    assert (decided["verdict"], decided["guard"]) == ("quarantine", "parlour")
    assert near_why.out == far_why.out != ""
    assert site.far("journal", "--until", "2020-01-01").nouns == []

    backtests = [
        site.guard("backtest", site.user, "--guard", "parlour", "--last", "9", *where, key=site.key)
        for where in (site.there, ("--config", str(site.config)))
    ]
    assert [each.out.splitlines()[-1] for each in backtests] == [
        "would move 0 of 1, mark 0, delete 0; 0 were protected"
    ] * 2

    assert site.far("undo", near["id"]).out == "1 action is being taken back\n"
    wait_until(
        lambda: folders(dovecot, site.user) == {"INBOX": 2}, within=PATIENCE, what="the way back"
    )


def test_a_loosening_waits_whichever_way_it_is_asked_for(site: Site, packs: Path) -> None:
    """Over the URL as here: a pause, an allow, a detachment, a removal; only the partner grants."""
    secret = packs / "secret"
    secret.write_text("a secret between friends\n")
    posted = site.far(
        "post", "--id", "parlour", "--pack", str(packs / "locked.yaml"), "--mode", "act",
        "--account", site.user, "--partner-secret-file", str(secret),
    )  # fmt: skip
    assert posted.status == 0, posted.err
    site.service.until_logged('"turn": "enforced"')

    paused = site.far("pause", "parlour")
    site.far("allow", site.user, "shop.example", "--guard", "parlour")
    near, far = site.here("changes").nouns, site.far("changes").nouns

    assert "parlour is protective: change 1 (pause of guard parlour) holds from " in paused.out
    assert near == far
    assert [each["says"] for each in near] == [
        "pause of guard parlour",
        f"mail from shop.example to {site.user} is left alone",
    ]
    assert site.far("pauses").nouns == []
    assert site.far("allows", site.user).nouns == []
    (packs / "wrong").write_text("my own, which is wrong\n")
    wrong = site.far("grant", "1", "--secret-file", str(packs / "wrong"))
    assert (wrong.status, "not the partner's secret" in wrong.err) == (73, True)
    assert site.far("pauses").nouns == []
    assert "is withdrawn" in site.far("withdraw", "2").out
    assert site.far("remove", "parlour").status == 0
    wait_until(
        lambda: len(site.here("changes").nouns) == 2, within=PATIENCE, what="the removal to wait"
    )
    granted = site.far("grant", "1", "--secret-file", str(secret))
    assert granted.out == "change 1 holds now: pause of guard parlour\n"
    assert [each["name"] for each in site.far("pauses").nouns] == ["parlour"]
    assert "guards do what" in site.far("resume", "parlour").out


def test_no_change_of_a_protective_guard_goes_round_its_partner(
    site: Site, dovecot: Dovecot, packs: Path
) -> None:
    """Its mode, its pack, its accounts, its secret, its end: each waits, and it guards meanwhile."""
    old, own, weak = packs / "secret", packs / "own", packs / "weak.yaml"
    old.write_text("a secret between friends\n")
    own.write_text("a secret of my own\n")
    weak.write_text(PROTECTIVE.replace("at: 6,", "at: 9,"))
    server = f"imaps://{site.user}x@localhost:{dovecot.tls_port}"
    site.here("add", server, "--email", "x@example.org", "--id", "spare", "--private",
              "--ca-file", str(dovecot.ca_file), group="accounts")  # fmt: skip
    site.far("post", "--id", "parlour", "--pack", str(packs / "locked.yaml"), "--mode", "act",
             "--account", site.user, "--account", "spare",
             "--partner-secret-file", str(old))  # fmt: skip
    site.service.until_logged('"turn": "enforced"')

    for words in (
        ("set", "parlour", "--mode", "shadow"),
        ("set", "parlour", "--pack", str(weak)),
        ("set", "parlour", "--partner-secret-file", str(own)),
        ("detach", "parlour", site.user),
    ):
        assert site.far(*words).status == 0
    waits(site, "mode", "pack", "partner", "selection")
    for number in (each["id"] for each in site.far("changes").nouns):
        assert site.far("grant", str(number), "--secret-file", str(own)).status == 73
    waits(site, "mode", "pack", "partner", "selection")
    assert site.far("remove", "parlour").status == 0
    waits(site, "removal")
    dovecot.deliver(site.user, offer("wins"))
    wait_until(lambda: "Guard" in folders(dovecot, site.user), within=PATIENCE, what="the move")

    [removal] = site.far("changes").nouns
    granted = site.far("grant", str(removal["id"]), "--secret-file", str(old))
    assert granted.status == 0, granted.err
    waits(site)


def waits(site: Site, *aspects: str) -> None:
    """Wait until loosenings of these aspects wait, and no others."""
    wait_until(
        lambda: (
            sorted(each["what"]["aspect"] for each in site.far("changes").nouns) == sorted(aspects)
        ),
        within=PATIENCE,
        what=f"{aspects} to wait",
    )
