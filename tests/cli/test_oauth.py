"""``vedette oauth``: an app, a consent on another device, and links, with a real authorization server.

No service runs: the commands open the state themselves. Must not know: how tokens are had.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import Command, Run, noun, nouns, refused
from tests.conftest import running
from tests.support.authorization import Authorization
from tests.support.service import command as vedette_command
from tests.support.service import environment

#: What the authorization server gave for its client.
CLIENT_SECRET = "the-secret-of-vedette"
#: Seconds for a command, polls included, on a loaded machine.
PATIENCE = 90.0


@pytest.fixture(scope="module")
def provider() -> Iterator[Authorization]:
    """Run an authorization server."""
    yield from running(Authorization)


@pytest.fixture
def run(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a state of the test, with the client's secret in the environment."""
    monkeypatch.setenv("VEDETTE_CLIENT_SECRET", CLIENT_SECRET)

    def run(*words: str, **more: str) -> Any:
        done = command(*words, "--state", str(tmp_path / "state"), **more)
        assert CLIENT_SECRET not in done.out + done.err
        return done

    return run


def app_of(run: Run, provider: Authorization) -> str:
    """Register an app of the authorization server."""
    made = noun(
        run("oauth", "add", "generic", "--client-id", "vedette", "--private",
            "--authorize-url", f"{provider.issuer}/auth", "--token-url", f"{provider.issuer}/token",
            "--device-url", f"{provider.issuer}/device/auth", "--issuer", provider.issuer,
            "--scope", "openid", "--scope", "email", "--scope", "offline_access")
    )  # fmt: skip
    return str(made["id"])


def account_of(run: Run, app: str, user: str = "anna") -> None:
    """Register an account that nobody has consented for yet."""
    noun(
        run("accounts", "add", f"{user}@example.org", "--host", "imap.example.org", "--id", user,
            "--auth", "oauth2", "--app", app)
    )  # fmt: skip


def test_an_account_is_connected_by_a_code_on_another_device(
    run: Run, provider: Authorization, tmp_path: Path
) -> None:
    """It shows where to go, waits until somebody was there, and says whose consent it has."""
    app = app_of(run, provider)
    account_of(run, app)
    process = subprocess.Popen(
        vedette_command("oauth", "login", "anna", "--app", app, "--state", str(tmp_path / "state")),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    asked = process.stderr.readline() + process.stderr.readline()
    found = re.search(r"or open (\S+)", asked)
    assert found is not None, asked
    provider.approve(found[1], "anna")
    out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, err) == (0, "")
    assert "type in" in asked
    assert json.loads(out)["address"] == "anna@example.org"
    grant = noun(run("oauth", "grant", "anna"))
    assert grant["address"] == "anna@example.org"
    assert not [name for name in grant if "token" in name.lower()]
    assert run("oauth", "forget", "anna").status == 0
    refused(run("oauth", "grant", "anna"), 66)


def test_an_app_is_changed_without_its_secret_being_seen(run: Run, provider: Authorization) -> None:
    """What is not named stays; another client needs its secret; the last account keeps the app."""
    app = app_of(run, provider)

    changed = noun(run("oauth", "set", app, "--title", "Example"))
    assert (changed["title"], changed["clientId"]) == ("Example", "vedette")
    finer = noun(
        run("oauth", "set", app, "--client-id", "vedette", "--proof", "basic", "--names-issuer",
            "--extra", "prompt=login", "--extra", "hd=example.org")
    )  # fmt: skip
    assert finer["extra"] == {"prompt": "login", "hd": "example.org"}
    assert (finer["proof"], finer["namesIssuer"]) == ("basic", True)
    assert "clientSecret" not in changed
    assert [each["id"] for each in nouns(run("oauth", "list"))] == [app]
    account_of(run, app)
    refused(run("oauth", "remove", app), 73)
    assert run("accounts", "remove", "anna").status == 0
    assert run("oauth", "remove", app).status == 0


def test_a_link_is_shown_once(run: Run, provider: Authorization, tmp_path: Path) -> None:
    """Its address is in no list; it is taken back by its id, and words come from a file."""
    app, words = app_of(run, provider), tmp_path / "words.txt"
    words.write_text("We read your mail.")
    settings = ("settings", "set", "--public-url", "https://mail.example.org")
    early = run("links", "add", "--app", app)
    noun(run(*settings))

    made = noun(
        run("links", "add", "--app", app, "--email", "anna@example.org", "--hours", "2",
            "--consent", "2026-11", "--consent-file", str(words), "--no-password",
            "--host", "imap.example.org", "--port", "1993", "--pin", "ab" * 32, "--last", "5",
            "--no-verify-tls", "--cover", "connections")
    )  # fmt: skip
    plain = run("links", "add", "--app", app, "--no-json")

    assert "public" in refused(early, 73)
    assert made["url"].startswith("https://mail.example.org/")
    assert made["template"] == {
        "email": "anna@example.org",
        "host": "imap.example.org",
        "port": 1993,
        "pin": "ab" * 32,
        "start": 5,
        "verifyTls": False,
        "cover": "connections",
    }
    assert plain.out.startswith("https://mail.example.org/")
    listed = nouns(run("links", "list"))
    assert {made["id"]} < {each["id"] for each in listed}
    assert made["url"] not in json.dumps(listed)
    assert "url" not in noun(run("links", "show", made["id"]))
    assert run("links", "revoke", made["id"]).status == 0
    refused(run("links", "show", made["id"]), 66)


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("oauth", "login", "nobody", "--app", "none"), 66, "there is no"),
        (("oauth", "grant", "nobody"), 66, "there is no"),
        (("oauth", "forget", "nobody"), 66, "there is no"),
        (("oauth", "set", "none", "--title", "x"), 66, "there is no"),
        (("oauth", "add", "example", "--client-id", "x"), 64, "google"),
        (("oauth", "add", "google"), 65, "clientId"),
        (("oauth", "add", "google", "--service-account", "/nowhere"), 64, "can not be read"),
        (("oauth", "remove"), 64, "at least one"),
        (("oauth", "set", "none", "--extra", "x"), 64, "NAME=TEXT"),
        (("links", "add", "--consent", "1"), 64, "--consent-file"),
        (("links", "add", "--last", "1", "--since", "2026-11-01"), 64, "two different"),
        (("links", "add", "--hours", "25"), 65, "expiresIn"),
        (("links", "show", "none"), 66, "there is no"),
        (("links", "revoke"), 64, "at least one"),
    ],
)
def test_a_mistake_with_apps_and_links_is_one_line(
    run: Run, words: tuple[str, ...], status: int, told: str
) -> None:
    """With its exit status, and without a word of Python."""
    assert told in refused(run(*words), status)


def test_a_clients_secret_comes_from_no_argument(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of the environment, a file or standard input; without one, and nobody to ask, that is said."""
    monkeypatch.delenv("VEDETTE_CLIENT_SECRET")
    words = ("oauth", "add", "google", "--client-id", "x")
    file = tmp_path / "secret"
    file.write_text(f"{CLIENT_SECRET}\n")
    file.chmod(0o600)

    assert "VEDETTE_CLIENT_SECRET" in refused(run(*words), 64)
    assert "--client-secret" in refused(run(*words, "--client-secret", CLIENT_SECRET[:3]), 64)
    assert noun(run(*words, "--secret-file", str(file)))["provider"] == "google"
    assert noun(run(*words, "--secret-file", "-", given=f"{CLIENT_SECRET}\n"))["id"]
