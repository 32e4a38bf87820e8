"""Commands of a service that runs: mail, endpoints, consents, settings, events, by socket or URL.

One service and one Dovecot serve all of them; each test has an account of its own. Must not know:
how a command reaches the service.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import Command, Run, lines, noun, nouns, refused
from tests.cli.test_guide import shown
from tests.support.dovecot import Dovecot
from tests.support.ports import free_port
from tests.support.postbox import letter, with_attachment
from tests.support.process import wait_until
from tests.support.service import Service

#: Seconds for a mailbox to be live, on a loaded machine.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A service that runs: its configuration, its URL, and a key."""

    config: Path
    url: str
    key: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Run a service with an API."""
    folder = tmp_path_factory.mktemp("service")
    config, port = folder / "vedette.toml", free_port()
    config.write_text(f'state = "state"\n[api]\nlisten = "127.0.0.1:{port}"\n')
    with Service(["serve", "--config", str(config)], folder=folder) as service:
        service.until_logged("The API's first key")
        [key] = re.findall(r"vdt_[\w-]{43}", service.err)
        yield Place(config=config, url=f"http://127.0.0.1:{port}", key=key)


@pytest.fixture
def run(place: Place, command: Command) -> Run:
    """Run a command that finds the service by its configuration."""
    return lambda *words, **more: command(*words, "--config", str(place.config), **more)


@pytest.fixture
def away(place: Place, command: Command) -> Run:
    """Run a command that finds the service by its URL."""
    return lambda *words, **more: command(*words, "--server", place.url, key=place.key, **more)


@pytest.fixture
def box(run: Run, dovecot: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Register a mailbox of the test, with two letters; return its id once it is live."""
    dovecot.append(user, "INBOX", letter("First", body="Ding\n"))
    dovecot.append(user, "INBOX", with_attachment("../../etc/passwd", b"%PDF-1"))
    dovecot.append(user, "Shelf", letter("Old"))
    monkeypatch.setenv("VEDETTE_PASSWORD", "pass")
    made = noun(
        run("accounts", "add", f"imaps://{user}@localhost:{dovecot.tls_port}", "--private",
            "--email", f"{user}@example.org", "--ca-file", str(dovecot.ca_file),
            "--folder", "INBOX", "--last", "1")
    )  # fmt: skip
    account = str(made["id"])

    def is_live() -> bool:
        status: str = noun(run("accounts", "show", account))["status"]["state"]
        return status == "live"

    wait_until(is_live, within=PATIENCE, what="the account to be live")
    return account


class Hook:
    """An endpoint that takes what is posted, or refuses it."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[Any] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append(json.loads(body))
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/in"


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def until(told: Callable[[], bool], what: str) -> None:
    wait_until(told, within=PATIENCE, what=what)


def test_mail_is_listed_and_read(run: Run, away: Run, box: str) -> None:
    """Folders, a search of the server, a message in words, and for a person what it says."""
    folders = {each["path"]: each for each in nouns(run("mail", "folders", box))}
    found = nouns(away("mail", "list", box, "--subject", "First", "--unseen"))
    [shelved] = nouns(run("mail", "list", box, "Shelf", "--since", "2026-01-01"))
    letter_ = found[0]["id"]

    assert (folders["INBOX"]["messages"], folders["INBOX"]["watched"]) == (2, True)
    assert [each["subject"] for each in found] == ["First"]
    assert shelved["subject"] == "Old"
    assert noun(run("mail", "show", box, letter_))["text"]["plain"].strip() == "Ding"
    told = run("mail", "show", box, letter_, "--no-json").out
    assert "From: Ann <ann@example.org>" in told
    assert "\n\nDing" in told
    assert "First" in run("mail", "list", box, "--no-json").out


def test_octets_of_mail_go_into_files_of_ones_own(
    run: Run, away: Run, box: str, dovecot: Dovecot, tmp_path: Path
) -> None:
    """As the server has them; a name that a sender chose is shown, and never used."""
    [first] = nouns(run("mail", "list", box, "--subject", "First"))
    [other] = nouns(run("mail", "list", box, "--subject", "A file"))
    [part] = nouns(run("mail", "attachments", box, other["id"]))
    whole, piece = tmp_path / "first.eml", tmp_path / "piece"

    away("mail", "raw", box, first["id"], "--out", str(whole))
    run("mail", "attachment", box, other["id"], part["id"], "--out", str(piece))

    assert whole.read_bytes() == letter("First", body="Ding\n")
    assert whole.stat().st_mode & 0o777 == 0o600
    assert piece.read_bytes() == b"%PDF-1"
    again = run("mail", "raw", box, first["id"], "--out", str(whole))
    assert "File exists" in refused(again, 64)
    missing = run("mail", "attachment", box, other["id"], "99", "--out", str(tmp_path / "none"))
    refused(missing, 66)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["first.eml", "piece"]


def test_mail_is_flagged_and_moved(run: Run, box: str) -> None:
    """What the server has then is told; in its new folder a message has another id."""
    [found] = nouns(run("mail", "list", box, "--subject", "First"))

    marked = noun(run("mail", "flag", box, found["id"], "--seen", "--add", "Waiting"))
    again = noun(run("mail", "flag", box, found["id"], "--no-seen"))
    moved = noun(run("mail", "move", box, found["id"], "Shelf"))

    assert {"\\Seen", "Waiting"} <= set(marked["flags"])
    assert "\\Seen" not in again["flags"]
    assert (moved["folder"]["path"], moved["id"] == found["id"]) == ("Shelf", False)
    assert len(nouns(run("mail", "list", box, "Shelf"))) == 2
    refused(run("mail", "show", box, found["id"]), 66)


def test_an_endpoint_is_tried_out_and_gets_once_more_what_it_refused(
    run: Run, away: Run, box: str, hook: Hook, dovecot: Dovecot, user: str
) -> None:
    """Made, tested, and given an event again; its deliveries are listed, here and from elsewhere."""
    url = ("--url", hook.url, "--private")
    made = noun(run("endpoints", "add", "webhook", *url, "--event", "message.*", "--account", box))
    ident = made["id"]
    until(lambda: run("endpoints", "test", ident).status == 0, "the endpoint to be delivered to")

    dovecot.deliver(user, letter("Fresh"))
    until(lambda: any(each["type"] == "message.received" for each in hook.got), "the event")
    [event] = [each for each in hook.got if each["type"] == "message.received"][:1]
    listed = nouns(away("deliveries", "--endpoint", ident, "--event", event["id"]))
    until(
        lambda: nouns(run("deliveries", "--endpoint", ident, "--delivered")) != [],
        "the delivery to be settled",
    )
    told = run("endpoints", "replay", ident, "--event", event["id"])
    more = away("replay", "--endpoint", ident, "--event", event["id"], "--json")

    assert made["secret"].startswith("whsec_")
    assert [each["endpoint"] for each in listed] == [ident]
    assert (noun(told), noun(more)) == ({"queued": 1}, {"queued": 1})
    until(lambda: [e["id"] for e in hook.got].count(event["id"]) == 3, "both replays")
    assert noun(away("replay", "--failed", "--endpoint", ident, "--json")) == {"queued": 0}
    hook.status = 410
    assert run("endpoints", "test", ident).status == 69
    assert noun(run("endpoints", "rotate", ident))["secret"] != made["secret"]
    assert run("endpoints", "retire", ident).status == 0
    assert lines(run("endpoints", "show", ident, "--no-json"))["place"].startswith("http://127")
    assert run("endpoints", "remove", ident).status == 0
    refused(run("endpoints", "show", ident), 66)


def test_events_of_a_service_elsewhere_are_listed_and_read_on(
    run: Run, away: Run, box: str
) -> None:
    """The newest, oldest first; one of them with its deliveries; and how far a reader is."""
    newest = nouns(away("events", "--account", box))
    here = nouns(run("events", "--account", box))
    pulled = away("events", "pull", "--account", box, "--limit", "1", "--reader", "me", "--ack")
    cursor = pulled.err.split()[-1]

    assert newest == here
    assert [each["time"] for each in newest] == sorted(each["time"] for each in newest)
    one = newest[-1]["id"]
    assert noun(away("events", "show", one))["event"]["id"] == one
    assert [each["cursor"] for each in nouns(away("events", "readers"))] == [cursor]
    assert noun(away("events", "ack", "me", cursor))["reader"] == "me"
    assert away("events", "forget", "me").status == 0
    assert nouns(away("events", "readers")) == []
    assert newest[-1]["type"] in away("events", "--account", box, "--no-json").out


def test_a_consent_is_wanted_given_and_withdrawn(run: Run, away: Run, box: str) -> None:
    """Who lacks one is listed until it is there; many are taken together or not at all."""
    run("accounts", "set", box, "--consent", "2026-11")

    assert [each["account"] for each in nouns(run("consents", "list"))] == [box]
    mixed = run("consents", "give", box, "nobody", "--version", "2026-11")
    refused(mixed, 66)
    given = noun(away("consents", "give", box, "--version", "2026-11", "--by", "ann"))
    assert (given["isAgreed"], given["by"]) == (True, "ann")
    assert nouns(run("consents", "list")) == []
    assert noun(run("consents", "withdraw", box))["isAgreed"] is False
    after = noun(run("consents", "show", box))
    assert (after["given"], after["by"]) == ("2026-11", "ann")
    assert after["withdrawnAt"] is not None


def test_settings_are_changed_while_it_runs(run: Run, away: Run) -> None:
    """What is not named stays, and a default is gone back to."""
    before = noun(run("settings", "show"))
    changed = noun(away("settings", "set", "--public-url", "https://mail.example.org"))
    back = noun(run("settings", "set", "--clear", "public-url"))

    assert changed["publicUrl"] == "https://mail.example.org"
    assert changed["linkSeconds"] == before["linkSeconds"] == back["linkSeconds"]
    assert back["publicUrl"] is None
    stale = run("settings", "set", "--link-seconds", "600", "--if-version", str(changed["version"]))
    assert "read it again" in refused(stale, 75)


def test_an_account_is_tried_out_before_it_is_added(
    run: Run, dovecot: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """69 says to a script that it would not work; what stands in the way is told."""
    words = ("accounts", "try", f"imaps://{user}@localhost:{dovecot.tls_port}", "--private",
             "--email", f"{user}@example.org", "--ca-file", str(dovecot.ca_file))  # fmt: skip
    monkeypatch.setenv("VEDETTE_PASSWORD", "pass")
    good = run(*words)
    monkeypatch.setenv("VEDETTE_PASSWORD", "wrong")
    bad = run(*words)

    assert noun(good)["isGood"] is True
    assert (bad.status, json.loads(bad.out)["isGood"]) == (69, False)
    assert nouns(run("accounts", "list", "--email", f"{user}@example.org")) == []


def test_the_commands_of_the_guide_work_with_a_service(
    run: Run, box: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each as it is written, but for the names of the account and the message."""
    monkeypatch.chdir(tmp_path)
    [found] = nouns(run("mail", "list", box, "--subject", "First"))
    names = {"support": box, "$ID": found["id"]}
    words = [[names.get(each, each) for each in command] for command in shown("mail list")]

    done = [run(*each) for each in words]

    assert [each.err for each in done if each.status] == []
    assert (tmp_path / "letter.eml").read_bytes() == letter("First", body="Ding\n")


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("mail", "folders", "nobody"), 66, "there is no account"),
        (("mail", "list", "x", "--since", "monday"), 64, "is no day"),
        (("mail", "flag", "x", "y"), 64, "say which flags"),
        (("mail", "raw", "x", "y", "--out", "/nowhere/file"), 64, "No such file"),
        (("consents", "give", "--version", "1"), 64, "at least one"),
        (("consents", "show", "nobody"), 66, "there is no account"),
        (("settings", "set"), 64, "say what to set"),
        (("settings", "set", "--clear", "colour"), 64, "there is link-seconds"),
        (("settings", "set", "--link-seconds", "1"), 65, "linkSeconds"),
        (("endpoints", "add", "webhook", "--url", "http://127.0.0.1:1/x"), 65, "url"),
        (("endpoints", "test", "nobody"), 66, "there is no endpoint"),
        (("endpoints", "replay", "nobody"), 64, "not everything"),
        (("endpoints", "remove"), 64, "at least one"),
        (("endpoints", "add", "webhook", "--url", "x", "--url-file", "-"), 64, "two URLs"),
        (("events", "show", "nothing"), 66, "there is no event"),
        (("events", "pull", "--ack"), 64, "--reader"),
        (("events", "pull", "--after", "yesterday"), 65, "cursor"),
        (("events", "--limit", "2000"), 64, "events pull"),
        (("deliveries", "--endpoint", "nobody"), 66, "there is no endpoint"),
        (("replay",), 64, "not everything"),
        (("accounts", "completeness", "nobody"), 66, "there is no account"),
    ],
)
def test_a_mistake_of_a_service_elsewhere_is_one_line(
    away: Run, words: tuple[str, ...], status: int, told: str
) -> None:
    """With its exit status, and without a word of Python."""
    assert told in refused(away(*words), status)


def test_the_doctor_tells_what_a_service_knows_and_then_tries_the_way_in(
    run: Run, place: Place, command: Command, box: str
) -> None:
    """Of an account that was registered, by its id: well, then with a password that is wrong."""

    def doctor() -> tuple[int, dict[str, dict[str, Any]]]:
        done = command("doctor", box, "--json", "--server", place.url, key=place.key)
        assert done.status in {0, 69}, done.err
        found = [json.loads(line) for line in done.out.splitlines()]
        return done.status, {each["check"]: each for each in found}

    status, well = doctor()
    assert status == 0
    assert {"owner", "state", "completeness", "deliveries", "guards", "login", "IDLE"} <= set(well)
    assert well["owner"]["detail"] == "it is watched by this instance"
    assert (well["state"]["outcome"], well["login"]["outcome"]) == ("ok", "ok")

    run("accounts", "set", box, "--password-file", "-", given="wrong\n")
    until(
        lambda: noun(run("accounts", "show", box))["status"]["state"] == "auth_failed", "a refusal"
    )
    status, ill = doctor()
    assert status == 69
    assert (ill["state"]["outcome"], ill["login"]["outcome"]) == ("failed", "failed")
    assert "app password" in ill["state"]["remedy"]
    assert "wrong" not in str(ill)
    for each in ill.values():
        assert each["remedy"] or each["outcome"] == "ok"
