"""``vedette accounts``, ``tenants``, ``keys``, ``audit``: over a state that no service runs on."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vedette.cli.main import main

#: A password that no line holds by chance.
PASSWORD = "hunter2-Zq81"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on a state of the test; return its status, output and errors."""
    for name in ("VEDETTE_SERVER", "VEDETTE_KEY", "VEDETTE_CONFIG", "VEDETTE_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VEDETTE_PASSWORD", PASSWORD)

    def run(*words: str, given: str = "", place: tuple[str, ...] = ()) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        status = main([*words, *(place or ("--state", str(tmp_path / "state")))])
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        assert PASSWORD not in told.out + told.err
        return status, told.out, told.err

    return run


def noun(told: tuple[int, str, str]) -> dict[str, Any]:
    """Return the one line of JSON that a command printed."""
    status, out, err = told
    assert status == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def nouns(told: tuple[int, str, str]) -> list[dict[str, Any]]:
    assert told[0] == 0, told[2]
    return [json.loads(line) for line in told[1].splitlines()]


def refused(told: tuple[int, str, str], status: int) -> str:
    """Return the one line of a refusal."""
    assert told[0] == status, told
    [line] = told[2].splitlines()
    assert line.startswith("vedette: ")
    return line


def test_a_tenant_keeps_what_an_application_sets(run: Run) -> None:
    """Texts by name, all of them at once; what is written otherwise is one line."""
    made = noun(run("tenants", "add", "acme", "--setting", "plan=gold", "--setting", "x=a=b"))
    then = noun(run("tenants", "set", "acme", "--setting", "plan="))

    assert (made["settings"], then["settings"]) == ({"plan": "gold", "x": "a=b"}, {"plan": ""})
    for wrong in (("plan",), ("=gold",), ("plan=a", "--setting", "plan=b")):
        told = refused(run("tenants", "set", "acme", "--setting", *wrong), 64)
        assert "--setting" in told
    assert noun(run("tenants", "set", "acme", "--clear", "settings"))["settings"] == {}


def test_an_account_is_made_changed_paused_and_removed(run: Run) -> None:
    """Each command prints the account as it is then, and the state keeps it between them."""
    noun(run("tenants", "add", "acme", "--max-accounts", "2"))

    made = noun(
        run("accounts", "add", "imaps://ops@mail.example.org:9993", "--email", "o@example.org",
            "--id", "ops", "--tenant", "acme", "--tag", "a", "--tag", "b")
    )  # fmt: skip
    changed = noun(run("accounts", "set", "ops", "--title", "Ops", "--clear", "tags"))

    assert (made["user"], made["port"], made["tags"]) == ("ops", 9993, ["a", "b"])
    assert (changed["title"], changed["tags"], changed["port"]) == ("Ops", [], 9993)
    assert noun(run("accounts", "pause", "ops"))["pause"] == "manual"
    assert noun(run("accounts", "resume", "ops"))["pause"] is None
    assert [each["id"] for each in nouns(run("accounts", "list", "--tag", "x"))] == []
    assert [each["id"] for each in nouns(run("accounts", "list", "Ops"))] == ["ops"]
    assert run("accounts", "remove", "ops")[0] == 0
    assert "there is no account 'ops'" in refused(run("accounts", "show", "ops"), 66)


def test_a_list_tells_of_what_it_can_not_show(run: Run, tmp_path: Path) -> None:
    """A newer version wrote it: the others are printed, and that one is a line beside."""
    noun(run("tenants", "add", "acme"))
    noun(run("tenants", "add", "later"))
    (state,) = (tmp_path / "state").glob("*.db")
    with sqlite3.connect(state) as connection:
        body = """'{"maxAccounts":"as many as fit"}'"""
        connection.execute(f"UPDATE record SET body = {body} WHERE id = 'later'")
    connection.close()

    status, out, err = run("tenants", "list")

    assert (status, [json.loads(line)["id"] for line in out.splitlines()]) == (0, ["acme"])
    assert err.startswith("vedette: not listed: the tenant 'later' was written by another version")


def test_a_table_is_for_people(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --no-json there is a head, and nothing that a terminal would obey."""
    monkeypatch.setenv("COLUMNS", "200")
    noun(run("tenants", "add", "acme", "--name", "A[red]c\u202eme"))

    status, out, _ = run("tenants", "list", "--no-json")

    assert status == 0
    assert out.splitlines()[0].split()[:2] == ["id", "name"]
    assert "A[red]c\N{REPLACEMENT CHARACTER}me" in out


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("accounts", "set", "nobody", "--title", "x"), 66, "there is no account"),
        (("accounts", "add", "o@h.example.org", "--host", "h", "--port", "99999"), 65, "port"),
        (("accounts", "add", "imaps://u:p4ss@h.example.org"), 64, "leave it out"),
        (("accounts", "set", "x", "--clear", "colour"), 64, "there is active"),
        (("accounts", "set", "x", "--title", "a", "--clear", "title"), 64, "is set by this"),
        (("accounts", "resync", "x", "--since", "yesterday"), 64, "is no date"),
        (("accounts", "list", "--limit", "0"), 64, "--limit"),
        (("accounts", "show", ".."), 64, "of nothing"),
        (("tenants", "remove", "default"), 64, "--yes"),
        (("keys", "add", "x", "--scope", "everything"), 65, "scopes"),
        (("keys", "revoke", "vdt_abc"), 64, "give its id"),
    ],
)
def test_a_mistake_is_one_line_with_its_status(
    run: Run, words: tuple[str, ...], status: int, told: str
) -> None:
    """Whose fault it is can be told by a script, and a secret is not repeated."""
    line = refused(run(*words), status)

    assert told in line
    assert "p4ss" not in line


def test_a_version_that_is_over_changes_nothing(run: Run) -> None:
    """Who read it before somebody else changed it is told so."""
    first = noun(run("tenants", "add", "acme", "--name", "one"))["version"]
    second = noun(run("tenants", "set", "acme", "--name", "two", "--if-version", str(first)))

    assert f"version {second['version']}" in refused(
        run("tenants", "set", "acme", "--name", "x", "--if-version", str(first)), 75
    )
    assert noun(run("tenants", "show", "acme"))["name"] == "two"


def test_a_password_comes_from_no_argument(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read from standard input; without one, and nobody to ask, that is said."""
    monkeypatch.delenv("VEDETTE_PASSWORD")
    words = ("accounts", "add", "imaps://o@h.example.org", "--email", "o@example.org", "--id", "o")

    assert "set VEDETTE_PASSWORD" in refused(run(*words), 64)
    assert "standard input is empty" in refused(run(*words, "--password-file", "-"), 64)
    assert noun(run(*words, "--password-file", "-", given=f"{PASSWORD}\n"))["id"] == "o"


def test_a_key_is_shown_once(run: Run) -> None:
    """The command that makes it has it, and none after."""
    made = noun(run("keys", "add", "me", "--scope", "admin", "--expires", "2030-01-01"))

    assert made["key"].startswith("vdt_")
    [listed] = nouns(run("keys", "list"))
    assert "key" not in listed
    assert listed["expiresAt"] == "2030-01-01T00:00:00.000Z"
    assert run("keys", "revoke", made["id"])[0] == 0
    assert nouns(run("keys", "list")) == []


def test_a_key_goes_into_a_file_of_its_owner(run: Run, tmp_path: Path) -> None:
    """It is on no screen then; a file that is there is not written over, and no key is made."""
    file = tmp_path / "key"

    status, out, _ = run("keys", "add", "me", "--scope", "admin", "--out", str(file))

    assert status == 0
    assert "vdt_" not in out
    assert file.read_text().startswith("vdt_")
    assert file.stat().st_mode & 0o777 == 0o600
    refused(run("keys", "add", "me", "--scope", "admin", "--out", str(file)), 64)
    assert len(nouns(run("keys", "list"))) == 1


def test_a_file_of_accounts_is_taken_whole_or_not_at_all(run: Run, tmp_path: Path) -> None:
    """A mistake is told by its line; what is there already is left as it is."""
    noun(run("tenants", "add", "acme"))
    file = tmp_path / "accounts.csv"
    good = "email,host,password\na@example.org,h.example.org,x\nb@example.org,h.example.org,x\n"
    file.write_text(f"{good}c@,h.example.org,x\n")

    assert "line 4 email" in refused(run("accounts", "import", str(file), "--tenant", "acme"), 65)
    assert nouns(run("accounts", "list")) == []

    file.write_text(good)
    assert "line 3 tenant" in refused(run("accounts", "import", str(file), "--tenant", "no"), 65)
    assert run("accounts", "import", str(file), "--dry-run")[1] == "2 accounts, none of them made\n"
    assert run("accounts", "import", str(file), "--tenant", "acme")[1] == "made 2 accounts\n"
    assert "2 were there" in run("accounts", "import", str(file), "--tenant", "acme")[1]


def test_the_trail_of_what_was_done_is_unbroken(run: Run) -> None:
    """Each change is in the audit, and a head that was kept is found again."""
    noun(run("tenants", "add", "acme"))
    head = noun(run("audit", "verify"))["head"]
    noun(run("tenants", "add", "other"))

    assert [each["what"] for each in nouns(run("audit", "show"))] == ["tenant.created"] * 2
    assert "entry 1 and all before" in run("audit", "verify", "--no-json", "--head", head)[1]
    refused(run("audit", "verify", "--no-json", "--head", "ab" * 32), 74)


def test_another_key_of_the_installation_is_gone_over_to(run: Run, tmp_path: Path) -> None:
    """After the rotation the old key is needed no more; before it, it is."""
    config, old, new = tmp_path / "vedette.toml", tmp_path / "old.key", tmp_path / "new.key"
    for begin, file in ((11, old), (101, new)):
        file.write_text(bytes(each * 37 % 251 for each in range(begin, begin + 32)).hex())
        file.chmod(0o600)
    place = ("--config", str(config))
    words = ("accounts", "add", "imaps://o@h.example.org", "--email", "o@example.org", "--id", "o")
    only_new = f'state = "state"\n[secrets]\nkey_file = "{new}"\n'

    config.write_text(f'state = "state"\n[secrets]\nkey_file = "{old}"\n')
    noun(run(*words, place=place))
    config.write_text(only_new)
    assert "fingerprint" in refused(run("accounts", "list", place=place), 78)

    config.write_text(f'{only_new}[secrets.old.before]\nkey_file = "{old}"\n')
    assert "nothing is left" in run("keys", "rotate", place=place)[1]

    config.write_text(only_new)
    assert [each["id"] for each in nouns(run("accounts", "list", place=place))] == ["o"]
    assert "secrets anew" in run("keys", "rotate", "--data", place=place)[1]


def test_accounts_of_the_file_are_seen_and_not_changed(run: Run, tmp_path: Path) -> None:
    """They are the configuration's; one whose password is not here is said to be left out."""
    config = tmp_path / "vedette.toml"
    config.write_text(
        'state = "state"\n[accounts.filed]\nurl = "imaps://o@h.example.org"\npassword = "x"\n'
        '[accounts.other]\nurl = "imaps://p@h.example.org"\npassword_env = "NOBODY_HAS_THIS"\n'
    )
    place = ("--config", str(config))

    status, out, err = run("accounts", "list", place=place)

    assert status == 0
    assert [json.loads(line)["origin"] for line in out.splitlines()] == ["file"]
    assert "NOBODY_HAS_THIS" in err
    told = run("accounts", "pause", "filed", place=place)
    assert told[0] == 77


def test_endpoints_and_guards_of_the_file_are_seen_and_not_changed(
    run: Run, tmp_path: Path
) -> None:
    """Beside those of the state; one whose secret is not here is said to be left out."""
    config = tmp_path / "vedette.toml"
    config.write_text(
        'state = "state"\n[endpoints.printed]\ntype = "stdout"\nevents = ["guard.changed"]\n'
        '[endpoints.hook]\ntype = "webhook"\nurl_env = "NOBODY_HAS_THIS"\n'
        '[guards.letters]\npack = "newsletter"\npartner = "printed"\n'
    )
    place = ("--config", str(config))

    status, out, err = run("endpoints", "list", place=place)

    assert status == 0
    assert [(each["id"], each["origin"]) for each in map(json.loads, out.splitlines())] == [
        ("printed", "file")
    ]
    assert "NOBODY_HAS_THIS" in err
    [guard] = nouns(run("guard", "list", place=place))
    assert (guard["origin"], guard["settings"]["partner"]) == ("file", "printed")
    assert run("endpoints", "remove", "printed", place=place)[0] == 77
    assert run("guard", "remove", guard["id"], place=place)[0] == 77


def test_an_account_may_log_in_by_what_a_token_service_answers(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its secret comes from a file and is told by nobody; a password is not asked for."""
    monkeypatch.delenv("VEDETTE_PASSWORD")
    file = tmp_path / "secret"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)

    made = noun(
        run("accounts", "add", "imaps://o@h.example.org", "--email", "o@example.org", "--id", "o",
            "--auth", "token_url", "--token-url", "https://tokens.example.org/imap",
            "--token-url-secret-file", str(file), "--minimum-tls", "1.3", "--canary",
            "--canary-folder", "Probes", "--max-message", "1000000")
    )  # fmt: skip
    changed = noun(run("accounts", "set", "o", "--no-canary", "--mechanism", "oauthbearer"))

    assert (made["tokenUrl"], made["minimumTls"]) == ("https://tokens.example.org/imap", "1.3")
    assert (made["canary"], made["canaryFolder"], changed["canary"]) == (True, "Probes", False)


def test_an_endpoint_has_headers_that_no_argument_holds(run: Run, tmp_path: Path) -> None:
    """They come from a file, a line for each, and are told by nobody; a line that is none is told."""
    file = tmp_path / "headers"
    file.write_text(f"Authorization: Bearer {PASSWORD}\n\nX-Team: mail\n")
    words = ("endpoints", "add", "webhook", "--url", "https://hooks.example.org/in")

    made = noun(run(*words, "--headers-file", str(file), "--concurrency", "2", "--timeout", "5"))
    file.write_text("no header\n")

    assert made["concurrency"] == 2
    assert "line 1: a header is written" in refused(run(*words, "--headers-file", str(file)), 64)
    assert [each["id"] for each in nouns(run("endpoints", "list"))] == [made["id"]]
