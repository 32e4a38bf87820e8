"""Bad input to the real command: one clear line, the right exit status, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import SECRET, Watch, polite
from tests.net.peers import serve
from tests.support.authority import Authority
from tests.support.dovecot import Dovecot
from tests.support.ports import free_port
from tests.support.service import vedette

pytestmark = pytest.mark.server


def test_a_wrong_password_says_what_to_do(watch: Watch, dovecot: Dovecot, user: str) -> None:
    """77, the server's own words, and where the password comes from."""
    ended = watch(f"imaps://{user}@localhost:{dovecot.tls_port}", password=SECRET)

    line = polite(ended)
    assert ended.status == 77
    assert "Authentication failed" in line
    assert "VEDETTE_PASSWORD" in line


def test_a_wrong_host_is_named(watch: Watch, user: str) -> None:
    """69, with the name that has no address."""
    ended = watch(f"imaps://{user}@no-such-host.invalid")

    assert "no-such-host.invalid" in polite(ended)
    assert ended.status == 69


def test_a_wrong_port_is_named(watch: Watch, user: str) -> None:
    """69, with host and port that refuse."""
    port = free_port()

    ended = watch(f"imaps://{user}@localhost:{port}")

    assert str(port) in polite(ended)
    assert ended.status == 69


def test_a_plaintext_port_for_tls_is_recognised(watch: Watch, dovecot: Dovecot, user: str) -> None:
    """76: the port does not speak TLS, and imap:// would."""
    ended = watch(f"imaps://{user}@localhost:{dovecot.port}")

    assert "imap://" in polite(ended)
    assert ended.status == 76


def test_a_tls_port_for_starttls_is_recognised(watch: Watch, dovecot: Dovecot, user: str) -> None:
    """69 within seconds: nothing greets in clear there, and imaps:// would be answered."""
    ended = watch(f"imap://{user}@localhost:{dovecot.tls_port}")

    assert "imaps://" in polite(ended)
    assert ended.status == 69


def test_a_certificate_that_nobody_vouches_for_is_refused(
    watch: Watch, dovecot: Dovecot, user: str
) -> None:
    """76 before any password is sent, and how to trust it."""
    ended = watch(f"imaps://{user}@localhost:{dovecot.tls_port}", trusted=False)

    line = polite(ended)
    assert ended.status == 76
    assert "certificate" in line
    assert f"user=<{user}>" not in dovecot.log()


def test_a_certificate_for_another_name_is_refused(
    watch: Watch, dovecot: Dovecot, user: str
) -> None:
    """76, with the name that was asked for: 127.0.0.2 is not in the certificate."""
    ended = watch(f"imaps://{user}@127.0.0.2:{dovecot.tls_port}")

    assert "127.0.0.2" in polite(ended)
    assert ended.status in {69, 76}


@pytest.mark.parametrize(
    ("name", "begins", "ends", "said"),
    [
        ("localhost", -30, -1, "expired"),
        ("localhost", 1, 30, "not valid yet"),
        ("mail.example.org", -1, 30, "not for localhost but for mail.example.org"),
    ],
    ids=["expired", "of the future", "for another name"],
)
def test_a_certificate_that_does_not_hold_is_refused_and_says_why(
    tmp_path: Path, authority: Authority, name: str, begins: int, ends: int, said: str
) -> None:
    """76, although its authority is trusted; the server hears no password."""
    certificate = authority.issue(name, begins=begins, ends=ends)
    heard: list[bytes] = []
    with serve(lambda link: heard.append(link.recv(1)), tls=certificate.context()) as server:
        ended = vedette(
            "watch",
            f"imaps://anna@localhost:{server.port}",
            *("--once", "--state", str(tmp_path / "state")),
            *("--ca-file", str(authority.ca_file)),
            env={"VEDETTE_PASSWORD": SECRET},
        )

    line = polite(ended)
    assert ended.status == 76
    assert "certificate" in line
    assert said in line
    assert b"".join(heard) == b""
    assert server.failures != []


def test_an_unknown_folder_is_named(watch: Watch, dovecot: Dovecot, user: str) -> None:
    """66, with the name that is not there."""
    ended = watch(f"imaps://{user}@localhost:{dovecot.tls_port}", "--folder", "Nowhere")

    assert "Nowhere" in polite(ended)
    assert ended.status == 66


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://mail.example.org", "imaps://", "imaps://u@h:99999", "x"]
)
def test_what_is_no_mailbox_is_refused(tmp_path: Path, url: str) -> None:
    """64 or 78: neither a URL nor an account's name."""
    ended = vedette("watch", url, cwd=tmp_path, env={"VEDETTE_PASSWORD": SECRET})

    polite(ended)
    assert ended.status in {64, 78}


def test_a_url_with_a_password_that_is_wrong_elsewhere_is_not_repeated(tmp_path: Path) -> None:
    """A secret in a broken URL stays out of the complaint."""
    ended = vedette("watch", f"imaps://anna:{SECRET}@mail.example.org:0", cwd=tmp_path)

    polite(ended)
    assert ended.status == 64


def test_without_terminal_and_password_the_ways_to_give_one_are_named(tmp_path: Path) -> None:
    """64: nobody can be asked."""
    ended = vedette("watch", "imaps://anna@mail.example.org", cwd=tmp_path)

    line = polite(ended)
    assert ended.status == 64
    assert "VEDETTE_PASSWORD" in line
    assert "--password-file" in line


@pytest.mark.parametrize(
    "words",
    [
        ["wach"],
        ["watch"],
        ["watch", "imaps://a@b", "--fodler", "x"],
        ["watch", "imaps://a@b", "--last", "many"],
        ["watch", "imaps://a@b", "--last", "0"],
        ["watch", "imaps://a@b", "--since", "yesterday"],
        ["watch", "imaps://a@b", "--depth", "deep"],
        ["serve", "extra"],
        ["events", "--limit", "0"],
        ["deliveries", "--limit", "0"],
        ["deliveries", "--state", "x", "--due", "--failed"],
        ["replay"],
    ],
    ids=" ".join,
)
def test_unknown_words_are_refused(tmp_path: Path, words: list[str]) -> None:
    """64, one line."""
    ended = vedette(*words, cwd=tmp_path, env={"VEDETTE_PASSWORD": SECRET})

    polite(ended)
    assert ended.status == 64


@pytest.mark.parametrize("command", ["serve", "status", "events", "deliveries"])
def test_without_a_configuration_the_places_to_put_one_are_named(
    tmp_path: Path, command: str
) -> None:
    """78, and what to do."""
    ended = vedette(command, cwd=tmp_path)

    assert "vedette.toml" in polite(ended)
    assert ended.status == 78
