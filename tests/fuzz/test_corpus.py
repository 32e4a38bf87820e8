"""Every input that a fuzzer found worth keeping holds the laws, and each law can be broken.

The corpora are as small as they can be without losing a step of the code; what once broke a law
is among them under a name that says what it was.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import (
    fuzz_addresses,
    fuzz_charset,
    fuzz_clientconfig,
    fuzz_config,
    fuzz_imap,
    fuzz_mime,
    fuzz_responses,
    fuzz_sets,
)
from tests.fuzz.campaign import BrokenLawError, Campaign
from tests.fuzz.coverage import smallest, steps
from vedette.config import document
from vedette.errors import ConfigError
from vedette.identity.autoconfig import clientconfig
from vedette.imap import UidSet
from vedette.imap.framer import Framer
from vedette.mime import addresses, charset
from vedette.mime.message import Address

TARGETS = {
    target.CAMPAIGN.name: target.CAMPAIGN
    for target in (
        fuzz_addresses,
        fuzz_charset,
        fuzz_clientconfig,
        fuzz_config,
        fuzz_imap,
        fuzz_mime,
        fuzz_responses,
        fuzz_sets,
    )
}
CASES = [(name, path) for name, campaign in TARGETS.items() for path in campaign.cases]


@pytest.mark.parametrize(
    ("name", "path"), CASES, ids=[f"{name}-{path.name}" for name, path in CASES]
)
def test_a_kept_input_holds_the_laws(name: str, path: Path) -> None:
    """What was found once is not found again."""
    TARGETS[name].check(path.read_bytes())


@pytest.mark.parametrize("campaign", TARGETS.values(), ids=TARGETS.keys())
def test_a_short_run_at_random_holds_the_laws(campaign: Campaign) -> None:
    """A hundred mutations of one seed; the long runs are those of ``make fuzz``."""
    dice, known = random.Random(2026), campaign.known()

    for _ in range(100):
        campaign.check(campaign.mutate(known, dice))


def test_a_set_that_forgets_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that can not fail proves nothing: here a difference loses its last range."""
    honest = UidSet.__sub__
    monkeypatch.setattr(
        UidSet, "__sub__", lambda one, other: UidSet.of_ranges(honest(one, other).ranges[:-1])
    )

    with pytest.raises(BrokenLawError, match=r"shares|union"):
        _all(fuzz_sets.CAMPAIGN)


def test_a_charset_that_lets_nul_through_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law of text that can be stored is held."""
    monkeypatch.setattr(charset, "safe", lambda text: text)

    with pytest.raises(BrokenLawError, match="NUL"):
        fuzz_charset.check(b"cp1252 8bit\n\0\xe4")


def test_an_address_out_of_a_name_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law that a name can not smuggle in an address is held."""
    monkeypatch.setattr(addresses, "parse", lambda *_: (Address("a", "b@c"),))

    with pytest.raises(BrokenLawError, match="came out of a name"):
        fuzz_addresses.check(b"=?utf-8?q?b=40c?=")


def test_a_framer_that_makes_more_of_its_input_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law of bounded output is held."""
    honest = Framer.feed

    def twice(self: Framer, data: bytes) -> Iterator[object]:
        for item in honest(self, data):
            yield item
            yield item

    monkeypatch.setattr(Framer, "feed", twice)

    with pytest.raises(BrokenLawError, match="became"):
        fuzz_responses.check(b"* OK hello there\r\n" * 2)


def test_a_configuration_that_tells_its_password_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The law of the canary is held."""

    def telling(_text: str, *, file: str) -> None:
        raise ConfigError(f"{file}:1: {fuzz_config.CANARY}")

    monkeypatch.setattr(document, "parse", telling)

    with pytest.raises(BrokenLawError, match="told"):
        fuzz_config.check(b'[accounts.a]\npassword = "Sesame4711"\n')


def test_a_mailbox_at_an_address_in_disguise_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law that what is proposed is a name of the DNS is held."""
    monkeypatch.setattr(clientconfig, "is_address", lambda _host: False)

    with pytest.raises(BrokenLawError, match="no name of the DNS"):
        _all(fuzz_clientconfig.CAMPAIGN)


def test_only_what_takes_a_new_step_is_kept() -> None:
    """Of inputs that do the same the smallest is kept, and of what is known none."""
    short, long, other = b"1", b"1111111", b"1:3,5"

    kept = smallest(fuzz_sets.check, [], [long, other, short])

    assert kept == [short, other]
    assert smallest(fuzz_sets.check, [short, other], [long]) == []
    assert steps(fuzz_sets.check, short)


def _all(campaign: Campaign) -> None:
    for path in campaign.cases:
        campaign.check(path.read_bytes())
