"""Commands that read a mailbox for a guard hold to the consent that the service holds to.

Nobody listens where the account is: what is let through ends there, with a status of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.service import Ended, vedette
from vedette.app.clock import SystemClock
from vedette.model.ids import AccountId
from vedette.store.sqlite.store import SqliteStore

PACK = """\
guard: {name}
kind: protective
lock: {{loosen_delay: 24h, consent: {consent}}}
symbols:
  OFFER: {{where: [subject], phrases: ["free spins"], score: 6}}
actions:
  quarantine: {{move: Guard, retain: 30d}}
verdicts:
  - {{do: quarantine, at: 6, need: OFFER}}
"""
#: EX_NOPERM and EX_UNAVAILABLE of sysexits.h: not allowed to, and not reached.
REFUSED, UNREACHED = 77, 69
ACCOUNT = "anna"


@dataclass(frozen=True, slots=True)
class Site:
    """A configuration with one account and one guard that asks for its consent."""

    folder: Path

    def run(self, *words: str) -> Ended:
        """Run a command on the account."""
        config = str(self.folder / "vedette.toml")
        return vedette("guard", *words, "--config", config)

    def backtest(self, pack: str) -> Ended:
        """Try a pack on the last message of the account."""
        return self.run("backtest", ACCOUNT, "--pack", pack, "--last", "1")

    async def recorded(self, *, consent: bool) -> None:
        """Write what a service would: a consent that stands, or does no more."""
        store = SqliteStore(self.folder / "state", SystemClock())
        await store.start()
        account = AccountId(ACCOUNT)
        await store.consent(account, version="2026-11", now=1.0, by="anna")
        if not consent:
            await store.withdraw_consent(account, now=2.0, by="anna")
        await store.stop()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Write the configuration and three packs; two of them ask for nothing."""
    for name, file, consent in (
        ("parlour", "parlour", "true"),
        ("parlour", "copy", "false"),
        ("other", "other", "false"),
    ):
        (tmp_path / f"{file}.yaml").write_text(PACK.format(name=name, consent=consent))
    (tmp_path / "vedette.toml").write_text(
        f'state = "{tmp_path / "state"}"\n'
        f'[accounts.{ACCOUNT}]\nurl = "imap://user@127.0.0.1:{free_port()}"\npassword = "pass"\n'
        "private = true\n"
        '[guards.parlour]\npack = "parlour.yaml"\n'
    )
    return Site(tmp_path)


@pytest.mark.parametrize("pack", ["parlour", "parlour.yaml", "copy.yaml", "other.yaml"])
def test_an_account_without_consent_is_not_backtested(site: Site, pack: str) -> None:
    """Nor by a pack that asks for none, where one that does stands."""
    named = pack if pack == "parlour" else str(site.folder / pack)

    done = site.backtest(named)

    assert (done.status, done.out) == (REFUSED, "")
    assert done.err.count("\n") == 1
    assert f"vedette guard consent {ACCOUNT} --version" in done.err


def test_an_account_without_consent_is_not_trained_on(site: Site) -> None:
    """To learn from mail is to read it."""
    done = site.run("train", ACCOUNT, "--yes", "Junk", "--no", "INBOX")

    assert (done.status, done.out) == (REFUSED, "")


async def test_a_consent_in_the_state_opens_the_account(site: Site) -> None:
    """For all commands that read its mail."""
    await site.recorded(consent=True)

    backtest = site.backtest("parlour")
    train = site.run("train", ACCOUNT, "--yes", "Junk", "--no", "INBOX")

    assert (backtest.status, train.status) == (UNREACHED, UNREACHED)


async def test_a_consent_that_was_withdrawn_opens_nothing(site: Site) -> None:
    """It is kept as a proof of what was."""
    await site.recorded(consent=False)

    assert site.backtest("parlour").status == REFUSED
