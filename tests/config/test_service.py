"""The whole file of ``vedette serve``: all its tables, and what they say of each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.config.document import MAX_SIZE
from vedette.config.service import read_settings
from vedette.config.settings import DAY, Retention, Settings
from vedette.engine.gate import LoginRate
from vedette.errors import ConfigError
from vedette.sync.cadence import Tempo
from vedette.telemetry.log import Style

WHOLE = """
state = "kept/here"

[accounts.anna]
url = "imaps://anna@mail.example.org"
password = "a"

[accounts."bruno@example.org"]
host = "mail.example.org"
user = "bruno"
password = "b"

[endpoints.hook]
type = "webhook"
url = "https://hooks.example.org"
accounts = ["anna", "bruno@example.org"]

[endpoints.lines]
type = "stdout"

[log]
level = "debug"
style = "console"
show_addresses = true

[logins]
host_per_second = 1
host_at_once = 2
total_per_second = 3.5
total_at_once = 4

[tempo]
proof = 60
poll = 30
safety = 120
reopen = 600

[retention]
events_days = 7
seen_days = 30
"""

ACCOUNT = '[accounts.anna]\nurl = "imaps://anna@mail.example.org"\npassword = "a"\n'


def settings(folder: Path, text: str) -> Settings:
    """Read a file that is written so."""
    file = folder / "vedette.toml"
    file.write_text(text, encoding="utf-8")
    return read_settings(file)


def test_the_whole_file_is_read(tmp_path: Path) -> None:
    """Each table comes to its place."""
    found = settings(tmp_path, WHOLE)

    assert found.state == tmp_path / "kept" / "here"
    assert [each.account.id for each in found.accounts] == ["anna", "bruno@example.org"]
    assert [each.endpoint.id for each in found.endpoints] == ["hook", "lines"]
    assert (found.log.level, found.log.style, found.log.show_addresses) == (
        "debug",
        Style.CONSOLE,
        True,
    )
    assert found.logins == LoginRate(
        host_per_second=1.0, host_at_once=2, total_per_second=3.5, total_at_once=4
    )
    assert found.tempo == Tempo(proof=60.0, poll=30.0, safety=120.0, reopen=600.0)
    assert found.retention == Retention(events=7 * DAY, seen=30 * DAY)


def test_an_empty_file_is_a_service_of_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accounts may come later, with a reload; the state is the user's own."""
    monkeypatch.setenv("XDG_STATE_HOME", "/state/home")

    found = settings(tmp_path, "")

    assert found.state == Path("/state/home/vedette")
    assert (found.accounts, found.endpoints) == ((), ())
    assert (found.logins, found.tempo, found.retention) == (LoginRate(), Tempo(), Retention())
    assert (found.log.level, found.log.style, found.log.show_addresses) == (
        "info",
        Style.JSON,
        False,
    )


def test_without_xdg_the_state_is_below_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XDG Base Directory Specification: $HOME/.local/state."""
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/anna")

    assert settings(tmp_path, "").state == Path("/home/anna/.local/state/vedette")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("/var/lib/vedette", "/var/lib/vedette"), ("~/vedette", "/home/anna/vedette")],
)
def test_an_absolute_state_is_not_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, meant: str
) -> None:
    """A home counts as absolute."""
    monkeypatch.setenv("HOME", "/home/anna")

    assert settings(tmp_path, f'state = "{written}"\n').state == Path(meant)


def test_a_relative_state_is_beside_the_file_wherever_the_service_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working folder does not matter."""
    monkeypatch.chdir("/")

    assert settings(tmp_path, 'state = "state"\n').state == tmp_path / "state"


def test_a_home_that_nobody_has_is_told(tmp_path: Path) -> None:
    """As one line about the key."""
    with pytest.raises(ConfigError, match=r"vedette\.toml:1: state: there is no home for ~nobody-"):
        settings(tmp_path, 'state = "~nobody-Zq81/state"\n')


def test_an_endpoint_for_an_account_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """It would be silent for ever."""
    text = ACCOUNT + '[endpoints.out]\ntype = "stdout"\naccounts = ["anna", "ana"]\n'

    with pytest.raises(
        ConfigError, match=r"vedette\.toml:6: endpoints\.out\.accounts: there is no account 'ana'"
    ):
        settings(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accounts = 3\n", ":1: accounts: expected a table"),
        ("[accounts]\nanna = 3\n", ":2: accounts.anna: expected a table"),
        ("[[endpoints]]\n", ":1: endpoints: expected a table"),
        ("[tempos]\n", ":1: tempos: is not known here; did you mean 'tempo'?"),
        ("[tempo]\nproff = 3\n", ":2: tempo.proff: is not known here; did you mean 'proof'?"),
        ("[tempo]\nproof = 1741\n", ":2: tempo.proof: 1741 is not within 1 and 1740"),
        ("[tempo]\npoll = 0.5\n", ":2: tempo.poll: 0.5 is not within 1 and 3600"),
        ("[tempo]\nsafety = 3601\n", ":2: tempo.safety: "),
        ("[tempo]\nreopen = 86401\n", ":2: tempo.reopen: "),
        ("[logins]\nhost_at_once = 0\n", ":2: logins.host_at_once: "),
        ("[logins]\nhost_per_second = 0\n", ":2: logins.host_per_second: "),
        ("[logins]\ntotal_at_once = 1.5\n", ":2: logins.total_at_once: expected a whole number"),
        ("[logins]\ntotal_per_second = 1e5\n", ":2: logins.total_per_second: "),
        ("[log]\nlevel = 'loud'\n", ":2: log.level: 'loud' is none of"),
        ("[log]\nstyle = 'jsn'\n", "did you mean 'json'?"),
        ("[retention]\nevents_days = 0\n", ":2: retention.events_days: "),
        ("[retention]\nseen_days = 3651\n", ":2: retention.seen_days: "),
        ("state = 3\n", ":1: state: expected text"),
    ],
)
def test_what_is_wrong_names_file_line_and_key(tmp_path: Path, text: str, said: str) -> None:
    """One line, whichever table it is in."""
    with pytest.raises(ConfigError) as refused:
        settings(tmp_path, text)

    line = str(refused.value)
    assert line.startswith(f"{tmp_path / 'vedette.toml'}:")
    assert said in line
    assert "\n" not in line


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With the system's words."""
    with pytest.raises(ConfigError, match=r"vedette\.toml: can not be read: No such file"):
        read_settings(tmp_path / "vedette.toml")


def test_a_file_in_another_encoding_names_the_line(tmp_path: Path) -> None:
    """TOML is UTF-8."""
    file = tmp_path / "vedette.toml"
    file.write_bytes(b"# one\nstate = 'caf\xe9'\n")

    with pytest.raises(ConfigError, match=r"vedette\.toml:2: is not UTF-8"):
        read_settings(file)


def test_a_file_without_bounds_is_not_read(tmp_path: Path) -> None:
    """The size is looked at before the content."""
    file = tmp_path / "vedette.toml"
    with file.open("wb") as sparse:
        sparse.truncate(MAX_SIZE + 1)

    with pytest.raises(ConfigError, match="is larger than"):
        read_settings(file)
