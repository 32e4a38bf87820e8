"""The real ``vedette serve`` and a protective guard: what a changed file can and can not do."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.dovecot import Dovecot
from tests.support.process import wait_until
from tests.support.service import PATIENCE, Configuration, Ended, Service, account, vedette

pytestmark = pytest.mark.server

PACK = """\
guard: parlour
kind: protective
lock: {{loosen_delay: 24h, partner_can_expedite: true, consent: {consent}}}
lists:
  own: {{entries: [lucky.example]}}
symbols:
  FROM_LISTED: {{stage: head, where: [from], in_list: own, score: 6}}
actions:
  quarantine: {{move: Guard, retain: 30d}}
verdicts:
  - {{do: quarantine, at: {at}, need: FROM_LISTED}}
"""
SECRET = "a secret between friends"


@dataclass(slots=True)
class Site:
    """One installation: its server, its files, and its commands."""

    server: Dovecot
    user: str
    folder: Path
    config: Configuration
    delivered: int = 0
    proof: bytes = b""

    def write(self, *, mode: str = "act", at: float = 5, consent: bool = False) -> None:
        """Write the file and the pack."""
        pack = PACK.format(at=at, consent=str(consent).lower())
        (self.folder / "parlour.yaml").write_text(pack)
        self.config.tail = (
            f'[guards.parlour]\npack = "parlour.yaml"\nmode = "{mode}"\npartner = "friend"\n'
            f'partner_secret = "{SECRET}"\nhelp = "You can talk to someone."\n'
        )
        self.config.write()

    def remove(self) -> None:
        """Write the file without the guard."""
        self.config.tail = ""
        self.config.write()

    @contextmanager
    def serving(self) -> Iterator[Service]:
        """Run the service."""
        with Service(["serve", "--config", str(self.config.file)], folder=self.folder) as service:
            yield service
            service.send(signal.SIGTERM)
            assert service.ended() == 0

    def guard(self, *words: str, env: dict[str, str] | None = None) -> Ended:
        """Run ``vedette guard``."""
        return vedette("guard", *words, "--config", str(self.config.file), env=env)

    def status(self) -> str:
        """Return what ``vedette status`` says."""
        return vedette("status", "--config", str(self.config.file), "--json").out

    def deliver(self) -> None:
        """Deliver one offer of the listed sender."""
        self.delivered += 1
        self.server.deliver(
            self.user,
            self.proof
            + b"From: Lucky <a@lucky.example>\r\nSubject: offer\r\nMessage-ID: <%d@x>\r\n\r\nhi\r\n"
            % self.delivered,
        )

    def until_held(self, **counts: int) -> None:
        """Wait until folders hold so many messages."""

        def is_so() -> bool:
            found: dict[str, int] = {}
            for held in self.server.holdings(self.user):
                found[held.folder] = found.get(held.folder, 0) + 1
            return found == counts

        wait_until(is_so, within=PATIENCE, what=f"{counts} in the mailbox")

    def told(self, name: str, kind: str) -> list[dict[str, object]]:
        """Return the data of the events of a type that an endpoint got."""
        path = self.folder / f"{name}.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [each["data"] for each in map(json.loads, lines) if each["type"] == kind]


@pytest.fixture
def site(dovecot: Dovecot, user: str, tmp_path: Path) -> Site:
    """Return an installation with one account, one endpoint and a partner."""
    config = Configuration(
        file=tmp_path / "vedette.toml",
        state=tmp_path / "state",
        accounts={user: account(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)},
        endpoints={
            "file": f'type = "file"\npath = "{tmp_path / "file.jsonl"}"',
            "friend": (
                f'type = "file"\npath = "{tmp_path / "friend.jsonl"}"\nevents = ["guard.changed"]'
            ),
        },
    )
    made = Site(server=dovecot, user=user, folder=tmp_path, config=config)
    made.write()
    return made


def test_a_guard_that_is_taken_out_of_the_file_acts_on(site: Site) -> None:
    """While it runs, and after a restart; the loosening is told, shown, and can be withdrawn."""
    with site.serving() as service:
        service.until_connected()
        site.remove()
        service.until_logged('"turn": "waiting"')
        site.deliver()
        site.until_held(Guard=1)

    with site.serving() as service:
        service.until_connected()
        site.deliver()
        site.until_held(Guard=2)
        changes = [json.loads(line) for line in site.guard("changes").out.splitlines()]
        withdrawn = site.guard("withdraw", str(changes[0]["id"]))

    assert [each["what"]["aspect"] for each in changes] == ["removal"]
    assert 86_000 < changes[0]["left"] <= 86_400
    assert withdrawn.out == "change 1 is withdrawn: the guard is taken out of the configuration\n"
    assert [each["turn"] for each in site.told("friend", "guard.changed")] == [
        "enforced",
        "waiting",
        "withdrawn",
    ]
    assert site.told("friend", "message.received") == []


def test_a_partner_lets_a_loosening_happen(site: Site) -> None:
    """With their secret, and with no other; the trail of it is unbroken."""
    with site.serving() as service:
        service.until_connected()
        paused = site.guard("pause", "parlour")
        site.deliver()
        site.until_held(Guard=1)
        wrong = site.guard("grant", "1", env={"VEDETTE_PARTNER_SECRET": "my own, which is wrong"})
        granted = site.guard("grant", "1", env={"VEDETTE_PARTNER_SECRET": SECRET})
        site.deliver()
        wait_until(
            lambda: (
                [each["acted"] for each in site.told("file", "guard.decided")][1:] == ["paused"]
            ),
            within=PATIENCE,
            what="the decision that is not carried out",
        )
        resumed = site.guard("resume", "parlour")
        site.deliver()
        site.until_held(Guard=2, INBOX=1)

    assert "parlour is protective: change 1 (pause of guard parlour) holds from " in paused.out
    assert paused.out.endswith("\nYou can talk to someone.\n")
    assert (wrong.status, "not the partner's secret" in wrong.err) == (64, True)
    assert granted.out == "change 1 holds now: pause of guard parlour\n"
    assert resumed.status == 0
    verified = site.guard("audit", "--verify")
    assert "unbroken" in verified.out
    for told in site.told("friend", "guard.changed"):
        assert site.guard("audit", "--head", str(told["audit"])).status == 0
    assert str(site.told("friend", "guard.changed")[-1]["audit"]) in service.err
    steps = [json.loads(line)["what"] for line in site.guard("audit").out.splitlines()]
    assert steps[-5:] == [
        "grant.refused",
        "loosening.granted",
        "loosening.applied",
        "switch.off",
        "switch.on",
    ]
    assert SECRET not in service.err


def test_what_a_list_convicted_is_not_taken_back_at_once(site: Site) -> None:
    """It waits like every loosening, with the line of help below."""
    with site.serving() as service:
        service.until_connected()
        site.deliver()
        wait_until(
            lambda: bool(site.told("file", "action.applied")), within=PATIENCE, what="the move"
        )
        action = json.loads(site.guard("journal").out)["id"]
        undone = site.guard("undo", action)

    assert undone.out.startswith("0 actions are being taken back\n")
    assert "parlour is protective: change 1 (the message of action" in undone.out
    assert "You can talk to someone." in undone.out
    site.until_held(Guard=1)


def test_what_is_moved_back_stays_and_its_sender_is_learned_by_the_ratchet(site: Site) -> None:
    """Its owner's hand is not held; that all mail of a listed sender is left alone waits."""
    site.config.accounts[site.user] += '\nauthserv = ["mx.example.org"]'
    site.config.write()
    site.proof = b"Authentication-Results: mx.example.org; dmarc=pass\r\n"
    with site.serving() as service:
        service.until_connected()
        site.deliver()
        site.until_held(Guard=1)
        site.server.move(site.user, "Guard", "INBOX")
        service.until_logged('"change": "allow"')
        site.deliver()
        site.until_held(INBOX=1, Guard=1)
        [waiting] = [json.loads(line) for line in site.guard("changes").out.splitlines()]

    assert waiting["says"] == f"mail from lucky.example to {site.user} is left alone"


def test_an_account_without_a_consent_is_connected_and_not_read(site: Site) -> None:
    """It is read from its cursor once there is one, and not within seconds after there is none."""
    site.write(consent=True)
    with site.serving() as service:
        service.until_logged('"account.unread"')
        wait_until(
            lambda: "consent missing" in site.status(),
            within=PATIENCE,
            what="the reason in the status",
        )
        assert site.guard("consent", site.user, "--version", "2026-11").status == 0
        service.until_connected()
        site.deliver()
        site.until_held(Guard=1)

        assert site.guard("consent", site.user, "--withdraw").status == 0
        service.until_logged('"account.unread"', times=2)
        site.deliver()
        assert site.guard("consent", site.user, "--version", "2026-12").status == 0
        site.until_held(Guard=2)

    assert [each["turn"] for each in site.told("friend", "guard.changed")] == [
        "enforced",
        "applied",
    ]
    assert len(site.told("file", "message.received")) == 2


def test_an_account_that_is_taken_out_of_the_file_is_guarded_on(site: Site) -> None:
    """While it runs; after a restart there is no password, and the partner is told that it went."""
    with site.serving() as service:
        service.until_connected()
        own = site.config.accounts.pop(site.user)
        site.config.accounts["other"] = own.replace("url =", "start = 1\nurl =")
        site.config.write()
        service.until_logged('"account.held"')
        site.deliver()
        site.until_held(Guard=1)
        [row] = [
            each
            for each in map(json.loads, site.status().splitlines())
            if each["account"] == site.user
        ]
        [change] = [json.loads(line) for line in site.guard("changes").out.splitlines()]

    assert row["liveness"] == "live"
    assert row["waiting"][0].startswith(f"{site.user} is taken out of the configuration: parlour")
    assert (change["what"]["aspect"], change["account"]) == ("account", site.user)
    with site.serving() as service:
        service.until_connected()
    assert [each["turn"] for each in site.told("friend", "guard.changed")] == [
        "enforced",
        "waiting",
        "applied",
    ]
    assert all(site.user not in json.dumps(each) for each in site.told("friend", "guard.changed"))


def test_a_partner_is_told_of_nothing_else(site: Site) -> None:
    """An endpoint that takes mail is no partner: the file is refused with its line."""
    text = site.config.file.read_text().replace('events = ["guard.changed"]', "")
    site.config.file.write_text(text)
    with Service(["serve", "--config", str(site.config.file)], folder=site.folder) as service:
        assert service.ended() == 78

    assert (
        'a partner is told of changes only: give friend events = ["guard.changed"]' in service.err
    )
