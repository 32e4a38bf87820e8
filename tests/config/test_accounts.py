"""The tables of accounts: every key, its default and its bounds, and one line for what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from vedette.config.accounts import MAX_LAST, MIB, read_account
from vedette.config.document import parse
from vedette.config.settings import AccountSettings
from vedette.errors import ConfigError
from vedette.model.account import Beginning, Cover, Depth, Start
from vedette.ports.link import Encryption, ProxyScheme, TlsPolicy
from vedette.secret import Secret

#: No complaint would hold this by chance.
PASSWORD = "hunter2-Zq81"
URL = 'url = "imaps://anna@mail.example.org"\n'
SMALLEST = URL + f'password = "{PASSWORD}"\n'


def account(text: str) -> AccountSettings:
    """Read one account that is written so."""
    document = parse(f"[accounts.anna]\n{text}", file="x.toml")
    return read_account(document.table("accounts").table("anna"))


def refusal(text: str) -> str:
    """Return the one line by which an account is refused; no secret is in it."""
    with pytest.raises(ConfigError) as refused:
        account(text)
    line = str(refused.value)
    assert line.startswith("x.toml:")
    assert "\n" not in line
    assert PASSWORD not in line
    return line


def test_url_and_password_are_enough() -> None:
    """Everything else has a default."""
    found = account(SMALLEST)

    assert (found.target.host, found.target.port) == ("mail.example.org", 993)
    assert found.target.encryption is Encryption.IMPLICIT
    assert found.target.policy == TlsPolicy()
    assert found.target.proxy is None
    assert found.target.private
    one = found.account
    assert (one.id, one.tenant, one.email) == ("anna", "default", "anna")
    assert (one.credentials.user, one.credentials.token) == ("anna", None)
    assert one.credentials.password == Secret(PASSWORD)
    assert one.folders == ("\\Inbox", "\\Junk")
    assert (one.beginning, one.depth, one.cover) == (Beginning(), Depth.TEXT, Cover.POLL)
    assert (one.trusted_authserv, one.max_message) == ((), 50 * MIB)


def test_every_key_is_taken_as_it_is_written() -> None:
    """Nothing that can be written is dropped on the way."""
    found = account(
        SMALLEST
        + 'tenant = "acme"\nemail = "anna@example.org"\nuser = "anna-login"\n'
        + 'folders = ["INBOX", "Orders"]\nstart = 50\ndepth = "full"\ncover = "connections"\n'
        + 'authserv = ["mx.example.org"]\nmax_message = 1_000_000\nprivate = false\n'
        + 'proxy = "http://proxy.example.org"\n'
    )

    one = found.account
    assert (one.tenant, one.email, one.credentials.user) == (
        "acme",
        "anna@example.org",
        "anna-login",
    )
    assert one.folders == ("INBOX", "Orders")
    assert one.beginning == Beginning(start=Start.LAST, count=50)
    assert (one.depth, one.cover) == (Depth.FULL, Cover.CONNECTIONS)
    assert (one.trusted_authserv, one.max_message) == (("mx.example.org",), 1_000_000)
    assert not found.target.private
    assert found.target.proxy is not None
    assert (found.target.proxy.scheme, found.target.proxy.port) == (ProxyScheme.HTTP, 8080)


@pytest.mark.parametrize(
    ("encryption", "port"), [("implicit", 993), ("starttls", 143), ("none", 143)]
)
def test_host_and_encryption_are_a_url_in_parts(encryption: str, port: int) -> None:
    """Each way of encryption has its port."""
    found = account(
        f'host = "mail.example.org"\nencryption = "{encryption}"\nuser = "a"\npassword = "p"\n'
    )

    assert (found.target.host, found.target.port) == ("mail.example.org", port)
    assert found.target.encryption == encryption


def test_a_host_without_encryption_is_encrypted() -> None:
    """Plaintext is never what somebody forgot to say."""
    found = account('host = "h.example"\nport = 9993\nuser = "a"\npassword = "p"\n')

    assert found.target.encryption is Encryption.IMPLICIT
    assert found.target.port == 9993


@pytest.mark.parametrize("extra", ['host = "h"', "port = 143", 'encryption = "none"'])
def test_what_the_url_says_is_not_said_twice(extra: str) -> None:
    """Two answers to one question are refused, on the line of the second."""
    line = refusal(SMALLEST + extra + "\n")

    key = extra.split(" ", 1)[0]
    assert line == f"x.toml:4: accounts.anna.{key}: url is given too, and says it already"


def test_without_url_and_host_the_host_is_missing() -> None:
    """On the line of the account's own table."""
    assert refusal('user = "a"\n').startswith("x.toml:1: accounts.anna.host: is missing")


def test_without_a_user_the_user_is_missing() -> None:
    """A URL without a name in it is not enough."""
    line = refusal('url = "imaps://mail.example.org"\npassword = "p"\n')

    assert "accounts.anna.user: is missing" in line


def test_the_mail_address_is_the_user_where_no_other_is_given() -> None:
    """Most providers take the address for a login."""
    found = account(
        'url = "imaps://mail.example.org"\nemail = "anna@example.org"\npassword = "p"\n'
    )

    assert found.account.credentials.user == "anna@example.org"


def test_a_password_in_the_url_counts_and_one_beside_it_counts_more() -> None:
    """What is written by itself is meant."""
    url = 'url = "imaps://anna:in%20url@mail.example.org"\n'

    assert account(url).account.credentials.password == Secret("in url")
    assert account(url + 'password = "beside"\n').account.credentials.password == Secret("beside")


def test_a_password_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is in no file."""
    monkeypatch.setenv("ANNA_PASSWORD", PASSWORD)

    found = account(URL + 'password_env = "ANNA_PASSWORD"\n')

    assert found.account.credentials.password == Secret(PASSWORD)


@pytest.mark.parametrize("value", [None, ""])
def test_an_environment_without_the_variable_is_told(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """An empty variable is none: no server is asked with an empty password."""
    monkeypatch.delenv("ANNA_PASSWORD", raising=False)
    if value is not None:
        monkeypatch.setenv("ANNA_PASSWORD", value)

    line = refusal(URL + 'password_env = "ANNA_PASSWORD"\n')

    assert line == (
        "x.toml:3: accounts.anna.password_env: the environment has no variable ANNA_PASSWORD"
    )


@pytest.mark.parametrize("content", [PASSWORD, f"{PASSWORD}\n", f"{PASSWORD}\r\nmore\n"])
def test_a_password_may_be_the_first_line_of_a_file(tmp_path: Path, content: str) -> None:
    """Editors end it with a line break, and that is none of it."""
    file = tmp_path / "password"
    file.write_bytes(content.encode())

    found = account(URL + f'password_file = "{file}"\n')

    assert found.account.credentials.password == Secret(PASSWORD)


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty"), (b"\nsecond", "is empty"), (b"\xff", "not UTF-8")]
)
def test_a_file_without_a_password_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    """The file is named."""
    file = tmp_path / "password"
    file.write_bytes(content)

    line = refusal(URL + f'password_file = "{file}"\n')

    assert f"x.toml:3: accounts.anna.password_file: {file} " in line
    assert said in line


@pytest.mark.parametrize("path", ["/nonexistent/password", "/", r"a\u0000b"])
def test_a_password_file_that_can_not_be_read_is_told(path: str) -> None:
    """Missing, a folder, or no path at all."""
    assert "accounts.anna.password_file: " in refusal(URL + f'password_file = "{path}"\n')


@pytest.mark.parametrize(
    ("first", "second"),
    [("password", "password_env"), ("password", "password_file"), ("token_env", "token_file")],
)
def test_a_secret_is_given_in_one_way(first: str, second: str) -> None:
    """Of two, nobody could tell which one counts."""
    line = refusal(URL + f'{first} = "{PASSWORD}"\n{second} = "x"\n')

    assert line == f"x.toml:4: accounts.anna.{second}: {first} is given too; keep one of them"


def test_a_token_needs_no_password() -> None:
    """OAuth 2.0 has none."""
    found = account(URL + 'token = "ya29"\n')

    assert found.account.credentials.token == Secret("ya29")
    assert found.account.credentials.password is None


def test_without_password_and_token_the_ways_to_give_one_are_named() -> None:
    """The complaint is about the account's table."""
    line = refusal(URL)

    assert line.startswith("x.toml:1: accounts.anna.password: is missing")
    assert "password_env, password_file or token" in line


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        (f'{URL}pasword = "{PASSWORD}"', "password"),
        (f'{URL}passwrod_env = "X"\npassword = "p"', "password_env"),
        (f'{SMALLEST}foldrs = ["INBOX"]', "folders"),
        (f"{SMALLEST}max_mesage = 1", "max_message"),
        ('hots = "h"\nuser = "a"\npassword = "p"', "host"),
        (f'{SMALLEST}[accounts.anna.tls]\nmininum = "1.3"', "minimum"),
    ],
)
def test_a_misspelt_key_is_refused_with_the_key_that_was_meant(misspelt: str, meant: str) -> None:
    """Also where the key that it should have been is the one that is missing."""
    assert refusal(misspelt + "\n").endswith(f"did you mean {meant!r}?")


@pytest.mark.parametrize(
    ("written", "beginning"),
    [
        ('"now"', Beginning()),
        ("1", Beginning(start=Start.LAST, count=1)),
        (f"{MAX_LAST}", Beginning(start=Start.LAST, count=MAX_LAST)),
        ("2026-11-01", (2026, 11, 1, 0)),
        ("2026-11-01T12:00:00", (2026, 11, 1, 12)),
        ("2026-11-01T12:00:00+02:00", (2026, 11, 1, 10)),
    ],
)
def test_a_watch_starts_now_or_at_a_date_or_some_messages_back(
    written: str, beginning: Beginning | tuple[int, int, int, int]
) -> None:
    """A date without a zone is UTC."""
    if isinstance(beginning, tuple):
        instant = datetime(*beginning, tzinfo=UTC).timestamp()
        beginning = Beginning(start=Start.DATE, instant=instant)

    assert account(SMALLEST + f"start = {written}\n").account.beginning == beginning


@pytest.mark.parametrize(
    "written", ["0", "-1", f"{MAX_LAST + 1}", "1.5", "true", '"yesterday"', "12:00:00", "[1]"]
)
def test_any_other_start_is_refused(written: str) -> None:
    """Nothing is guessed about how much of the past is wanted."""
    assert refusal(SMALLEST + f"start = {written}\n").startswith("x.toml:4: accounts.anna.start: ")


@pytest.mark.parametrize(
    "line",
    [
        "max_message = 262_143",
        "max_message = 157_286_401",
        "max_message = 1.0e6",
        'depth = "deep"',
        'cover = "polls"',
        'folders = "INBOX"',
        'folders = ["INBOX", 3]',
        'folders = [""]',
        'private = "no"',
        'tenant = ""',
        'email = " "',
        'proxy = "ftp://proxy.example.org"',
        'proxy = "socks5://[proxy"',
        "tls = true",
    ],
)
def test_a_value_out_of_bounds_or_of_another_kind_names_its_line(line: str) -> None:
    """File, line and key stand first."""
    key = line.split(" ", 1)[0]

    assert refusal(f"{SMALLEST}{line}\n").startswith(f"x.toml:4: accounts.anna.{key}: ")


@pytest.mark.parametrize("port", ["0", "65536", '"993"', "true", "993.0"])
def test_a_port_is_a_number_within_sixteen_bits(port: str) -> None:
    """Not a text, and not zero."""
    line = refusal(f'host = "h.example"\nport = {port}\nuser = "a"\npassword = "p"\n')

    assert line.startswith("x.toml:3: accounts.anna.port: ")


@pytest.mark.parametrize("size", [MIB // 4, 150 * MIB])
def test_the_bounds_of_a_message_are_themselves_allowed(size: int) -> None:
    """From 256 KiB to 150 MiB."""
    assert account(SMALLEST + f"max_message = {size}\n").account.max_message == size


def test_no_folders_are_the_default_folders() -> None:
    """An account that watches nothing is not what anybody means."""
    assert account(SMALLEST + "folders = []\n").account.folders == ("\\Inbox", "\\Junk")


def test_the_table_tls_is_taken_as_it_is_written(tmp_path: Path) -> None:
    """A pin may be written with colons and in capitals, as openssl prints it."""
    ca_file = tmp_path / "ca.pem"
    ca_file.touch()
    pin = ":".join(["AB"] * 32)

    found = account(
        SMALLEST
        + f'[accounts.anna.tls]\nverify = false\nca_file = "{ca_file}"\npin = "{pin}"\n'
        + 'minimum = "1.3"\nsecurity_level = 0\n'
    )

    assert found.target.policy == TlsPolicy(
        verify=False, ca_file=str(ca_file), pin="ab" * 32, minimum="1.3", security_level=0
    )


@pytest.mark.parametrize(
    "line",
    [
        f'pin = "{"ab" * 31}"',
        f'pin = "{"ag" * 32}"',
        'ca_file = "/nonexistent/ca.pem"',
        'ca_file = "/"',
        'minimum = "1.1"',
        "minimum = 1.2",
        "security_level = 6",
        "security_level = -1",
        'verify = "yes"',
    ],
)
def test_a_broken_trust_is_refused_when_it_is_read(line: str) -> None:
    """Not at the first connection, and never by trusting less."""
    key = line.split(" ", 1)[0]

    told = refusal(f"{SMALLEST}[accounts.anna.tls]\n{line}\n")

    assert told.startswith(f"x.toml:5: accounts.anna.tls.{key}: ")


def test_a_complaint_about_a_url_does_not_repeat_its_password() -> None:
    """The URL is wrong elsewhere; the secret in it stays out."""
    assert refusal(f'url = "imaps://anna:{PASSWORD}@mail.example.org:0"\n')
