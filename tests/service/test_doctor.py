"""The doctor asks in the order of the way in, says what it found, and ends where the way ends."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.authority import Authority
from tests.support.books import letter
from tests.support.dovecot import Dovecot
from tests.support.engine import mailbox
from tests.support.ports import free_port
from vedette.app.doctor import diagnose
from vedette.config.settings import AccountSettings, Settings
from vedette.demo import dialogue
from vedette.demo.server import DemoServer
from vedette.errors import (
    AuthError,
    FolderError,
    NetworkError,
    ProtocolError,
    TLSError,
    VedetteError,
)
from vedette.model.account import Credentials
from vedette.ports.link import Encryption, TlsPolicy
from vedette.secret import Secret
from vedette.service.doctor.doctor import REMEDIES, CheckOutcome, Finding

PASSWORD = "pass"

#: The checks of a way in that has no trouble, in their order.
WHOLE = [
    "DNS", "TCP", "TLS", "capabilities", "login", "folders", "open", "round trip", "IDLE", "rights",
    "other folders",
]  # fmt: skip

Examine = Callable[[AccountSettings], Awaitable[list[Finding]]]


@pytest.fixture
def examine(tmp_path: Path) -> Examine:
    """Return the doctor, who must leave no state behind."""

    async def run(settings: AccountSettings) -> list[Finding]:
        state = tmp_path / "state"
        found = [each async for each in diagnose(Settings(state=state, accounts=(settings,)))]
        assert not state.exists()
        told = " ".join(f"{each.detail} {each.remedy}" for each in found)
        assert "Zq81" not in told
        assert "\n" not in told
        assert all(each.seconds >= 0 for each in found)
        return found

    return run


@asynccontextmanager
async def demo(tls: ssl.SSLContext | None = None) -> AsyncIterator[DemoServer]:
    """Run the demo's server with a maildrop of anna's that holds one message."""
    server = DemoServer(now=time.time, tls=tls)
    server.add("anna", Secret(PASSWORD), uses=[("Junk", "\\Junk")])
    await server.start()
    server.deliver("anna", letter("one"))
    try:
        yield server
    finally:
        await server.stop()


def anna(port: int, authority: Authority, *, encryption: Encryption) -> AccountSettings:
    """Return the settings of anna's mailbox."""
    return mailbox("anna", port=port, ca_file=authority.ca_file, encryption=encryption)


def with_password(settings: AccountSettings, password: str) -> AccountSettings:
    credentials = Credentials(user=settings.account.credentials.user, password=Secret(password))
    return replace(settings, account=replace(settings.account, credentials=credentials))


def with_folders(settings: AccountSettings, *folders: str) -> AccountSettings:
    return replace(settings, account=replace(settings.account, folders=folders))


def with_policy(settings: AccountSettings, policy: TlsPolicy) -> AccountSettings:
    return replace(settings, target=replace(settings.target, policy=policy))


def checks(findings: list[Finding]) -> list[str]:
    return [finding.check for finding in findings]


def the(findings: list[Finding], check: str) -> Finding:
    (found,) = (finding for finding in findings if finding.check == check)
    return found


def ended_with(findings: list[Finding], check: str, error: type[VedetteError]) -> Finding:
    """Return the last finding: the only one that failed, with an error and its remedy."""
    *before, last = findings
    assert (last.check, last.outcome) == (check, CheckOutcome.FAILED)
    assert isinstance(last.error, error)
    assert last.detail == str(last.error)
    assert last.remedy == REMEDIES[last.error.code]
    assert [
        each.check for each in before if each.outcome is CheckOutcome.FAILED or each.error
    ] == []
    return last


async def test_a_way_without_trouble_is_told_step_by_step(
    examine: Examine, authority: Authority
) -> None:
    """Every check passes, in the order of the way in."""
    async with demo(authority.issue().context()) as server:
        found = await examine(anna(server.port, authority, encryption=Encryption.IMPLICIT))

    assert checks(found) == WHOLE
    assert {each.outcome for each in found} == {CheckOutcome.OK}
    assert "127.0.0.1" in the(found, "DNS").detail
    assert str(server.port) in the(found, "TCP").detail
    assert the(found, "TLS").detail.startswith("TLSv1.3, ")
    assert "anna is in" in the(found, "login").detail
    assert "watching INBOX, Junk" in the(found, "folders").detail
    assert the(found, "open").detail == "INBOX holds 1 messages, opened read-only"


async def test_plaintext_is_a_warning_with_a_way_out(
    examine: Examine, authority: Authority
) -> None:
    """It works, and everybody on the way reads the password."""
    async with demo() as server:
        found = await examine(anna(server.port, authority, encryption=Encryption.NONE))

    assert checks(found) == WHOLE
    assert [each.check for each in found if each.outcome is CheckOutcome.WARNING] == ["TLS"]
    assert "imaps://" in the(found, "TLS").remedy


async def test_an_unchecked_certificate_is_a_warning(
    examine: Examine, authority: Authority
) -> None:
    """Whoever stands in the middle would be trusted too."""
    async with demo(authority.issue(self_signed=True).context()) as server:
        settings = anna(server.port, authority, encryption=Encryption.IMPLICIT)
        found = await examine(with_policy(settings, TlsPolicy(verify=False)))

    tls = the(found, "TLS")
    assert tls.outcome is CheckOutcome.WARNING
    assert "not checked" in tls.detail
    assert "pin" in tls.remedy


async def test_with_a_wrong_password_tls_and_capabilities_are_seen_to_have_passed(
    examine: Examine, authority: Authority
) -> None:
    """So nobody looks for the fault in the network."""
    async with demo(authority.issue().context()) as server:
        settings = anna(server.port, authority, encryption=Encryption.IMPLICIT)
        found = await examine(with_password(settings, "hunter2-Zq81"))

    assert checks(found) == ["DNS", "TCP", "TLS", "capabilities", "login"]
    last = ended_with(found, "login", AuthError)
    assert "password" in last.remedy


async def test_a_wrong_password_in_clear_claims_no_tls(
    examine: Examine, authority: Authority
) -> None:
    """There was none."""
    async with demo() as server:
        settings = anna(server.port, authority, encryption=Encryption.NONE)
        found = await examine(with_password(settings, "hunter2-Zq81"))

    assert checks(found) == ["DNS", "TCP", "capabilities", "login"]
    ended_with(found, "login", AuthError)


async def test_a_name_without_an_address_ends_at_dns(
    examine: Examine, authority: Authority
) -> None:
    """The name is in the finding."""
    settings = anna(993, authority, encryption=Encryption.IMPLICIT)
    wrong = replace(settings, target=replace(settings.target, host="no-such-host.invalid"))

    found = await examine(wrong)

    assert checks(found) == ["DNS"]
    assert "no-such-host.invalid" in ended_with(found, "DNS", NetworkError).detail


async def test_a_port_that_refuses_ends_at_tcp(examine: Examine, authority: Authority) -> None:
    """The port is in the finding."""
    port = free_port()

    found = await examine(anna(port, authority, encryption=Encryption.IMPLICIT))

    assert checks(found) == ["DNS", "TCP"]
    assert str(port) in ended_with(found, "TCP", NetworkError).detail


async def test_a_certificate_that_nobody_vouches_for_ends_at_tls(
    examine: Examine, authority: Authority
) -> None:
    """Before any password is sent; how to trust it is the remedy."""
    async with demo(authority.issue(self_signed=True).context()) as server:
        found = await examine(anna(server.port, authority, encryption=Encryption.IMPLICIT))

    assert checks(found) == ["DNS", "TCP", "TLS"]
    assert "ca_file" in ended_with(found, "TLS", TLSError).remedy


async def test_a_server_without_starttls_ends_at_tls(
    examine: Examine, authority: Authority
) -> None:
    """The demo's server offers none: nothing is claimed to be encrypted."""
    async with demo() as server:
        found = await examine(anna(server.port, authority, encryption=Encryption.STARTTLS))

    assert checks(found) == ["DNS", "TCP", "TLS"]
    assert "STARTTLS" in ended_with(found, "TLS", TLSError).detail


async def test_a_server_that_speaks_something_else_is_no_success_of_tls(
    examine: Examine, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With STARTTLS the greeting comes first, in clear: nothing is encrypted by then."""
    monkeypatch.setattr(dialogue.Dialogue, "output", lambda _self: b"SSH-2.0-x\r\n" * 40)
    async with demo() as server:
        found = await examine(anna(server.port, authority, encryption=Encryption.STARTTLS))

    assert checks(found) == ["DNS", "TCP", "capabilities"]
    assert "IMAP" in ended_with(found, "capabilities", ProtocolError).remedy


async def test_a_folder_that_is_not_there_beside_one_that_is_warns(
    examine: Examine, authority: Authority
) -> None:
    """The watch would begin; the name is told."""
    async with demo() as server:
        settings = anna(server.port, authority, encryption=Encryption.NONE)
        found = await examine(with_folders(settings, "INBOX", "Nowhere"))

    folders = the(found, "folders")
    assert folders.outcome is CheckOutcome.WARNING
    assert folders.detail.endswith("not there: Nowhere")
    assert "delimiter" in folders.remedy
    assert checks(found) == WHOLE[:-1]


async def test_without_any_folder_it_ends_at_folders(
    examine: Examine, authority: Authority
) -> None:
    """Nothing could be watched."""
    async with demo() as server:
        settings = anna(server.port, authority, encryption=Encryption.NONE)
        found = await examine(with_folders(settings, "Nowhere"))

    assert checks(found) == WHOLE[: WHOLE.index("folders") + 1]
    assert "Nowhere" in ended_with(found, "folders", FolderError).detail


async def test_a_folder_that_goes_away_in_between_ends_at_open(
    examine: Examine, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check that failed is named, not the one before it."""
    monkeypatch.delitem(dialogue._MAILBOXES, "EXAMINE")
    async with demo() as server:
        found = await examine(anna(server.port, authority, encryption=Encryption.NONE))

    last = found[-1]
    assert checks(found) == WHOLE[: WHOLE.index("open") + 1]
    assert (last.check, last.outcome) == ("open", CheckOutcome.FAILED)


async def test_a_server_without_idle_and_move_is_watched_all_the_same(
    examine: Examine, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Warnings, each with what happens instead."""
    plain = dialogue.CAPABILITIES.replace(" IDLE", "").replace(" MOVE", "")
    monkeypatch.setattr(dialogue, "CAPABILITIES", plain)
    async with demo(authority.issue().context()) as server:
        found = await examine(anna(server.port, authority, encryption=Encryption.IMPLICIT))

    assert checks(found) == WHOLE
    assert [each.check for each in found if each.outcome is CheckOutcome.WARNING] == [
        "IDLE",
        "rights",
    ]
    assert the(found, "IDLE").detail == "not offered"
    assert "30 s" in the(found, "IDLE").remedy
    assert "lacks IDLE (new mail is pushed)" in the(found, "capabilities").detail


@pytest.mark.server
@pytest.mark.parametrize("encryption", [Encryption.IMPLICIT, Encryption.STARTTLS])
async def test_a_real_server_passes_every_check(
    examine: Examine, dovecot: Dovecot, user: str, encryption: Encryption
) -> None:
    """Dovecot, over TLS from the first byte and over STARTTLS."""
    port = dovecot.tls_port if encryption is Encryption.IMPLICIT else dovecot.port

    found = await examine(mailbox(user, port=port, ca_file=dovecot.ca_file, encryption=encryption))

    assert checks(found) == [*WHOLE, "NOTIFY"]
    assert [each for each in found if each.error is not None] == []
    assert the(found, "TLS").detail.startswith("TLSv1.")
    assert "NOTIFY" in the(found, "capabilities").detail
    assert the(found, "IDLE").outcome is CheckOutcome.OK


@pytest.mark.server
async def test_a_real_server_that_refuses_starttls_credentials_passes_tls_first(
    examine: Examine, dovecot: Dovecot, user: str
) -> None:
    """The upgrade is behind it when the password is refused."""
    settings = mailbox(
        user, port=dovecot.port, ca_file=dovecot.ca_file, encryption=Encryption.STARTTLS
    )

    found = await examine(with_password(settings, "hunter2-Zq81"))

    assert checks(found) == ["DNS", "TCP", "TLS", "capabilities", "login"]
    ended_with(found, "login", AuthError)


@pytest.mark.server
async def test_a_real_server_without_idle_is_a_warning(
    examine: Examine, plain_dovecot: Dovecot, user: str
) -> None:
    """The folder is asked instead."""
    found = await examine(mailbox(user, port=plain_dovecot.tls_port, ca_file=plain_dovecot.ca_file))

    assert checks(found) == WHOLE
    assert the(found, "IDLE").outcome is CheckOutcome.WARNING
