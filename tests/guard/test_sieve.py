"""The script of a pack: right by Dovecot's own compiler, and never more than the guard would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import absent
from tests.corpus import catalogue, generate
from tests.corpus.family import Label, Split
from tests.corpus.posting import AUTHSERV
from tests.support.debian import UnavailableError
from tests.support.packs import ROUTING, packed
from tests.support.sieve import Sieve
from vedette import mime
from vedette.config.guards import load_pack
from vedette.errors import UsageError
from vedette.guard.domains import Entries
from vedette.guard.evidence import Evidence
from vedette.guard.judging import Guard
from vedette.guard.sieve import exported
from vedette.guard.sieve.conditions import MAX_DOMAINS, Domains
from vedette.guard.sieve.words import literal, quoted

pytestmark = pytest.mark.server

PACK = r"""
guard: small
lists:
  bad: {entries: [bad.example]}
symbols:
  LISTED: {where: from, in_list: bad, score: 5}
  OFFER: {where: [subject, text], phrases: ["free spins", "bahis*", "50*? off"], score: 3}
  MAILER: {header: X-Mailer, phrases: [spammer], score: 6}
  LINKED: {where: links, in_list: bad, score: 6}
protect:
  CLOSED: {phrases: ["account closed"], cap: flag}
  WROTE: {flag: user_has_written_to_sender, cap: flag}
verdicts:
  - {do: junk, at: 8, need: LISTED & OFFER}
  - {do: junk, at: 6, need: MAILER | LINKED}
  - {do: flag, at: 2}
actions:
  junk: {move: Guard/Junk, seen: true}
"""
BAD = {"bad": Domains(entries=("bad.example",), whole=True)}


@pytest.fixture
def sieve() -> Iterator[Callable[[str], Sieve]]:
    """Compile scripts, and remove them."""
    with ExitStack() as made:

        def compiled(script: str) -> Sieve:
            try:
                return made.enter_context(Sieve(script))
            except UnavailableError as reason:
                absent(reason)

        yield compiled


def letter(
    subject: str, *, sender: str = "a@mail.bad.example", text: str = "Hello.", more: str = ""
) -> bytes:
    return (
        f"From: <{sender}>\r\nTo: <me@home.example>\r\nSubject: {subject}\r\n{more}"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("raw", "folder"),
    [
        (letter("Free Spins for you"), "Guard/Junk"),
        (letter("now free spins"), "Guard/Junk"),
        (letter("bahisler"), "Guard/Junk"),
        (letter("carefree spins"), "INBOX"),
        (letter("free spinsters"), "INBOX"),
        (letter("free spins", sender="a@good.example"), "INBOX"),
        (letter("free spins", sender="a@notbad.example"), "INBOX"),
        (letter("hello", text="free spins"), "INBOX"),
        (letter("free spins", text="Your account\r\nclosed."), "INBOX"),
        (letter("Account closed: free spins"), "INBOX"),
        (letter("hello", sender="a@good.example", more="X-Mailer: Spammer 2\r\n"), "Guard/Junk"),
        (letter("hello", sender="a@good.example", more="X-Mailer: Antispammer\r\n"), "INBOX"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_script_files_what_is_sure_and_keeps_all_else(
    raw: bytes, folder: str, sieve: Callable[[str], Sieve]
) -> None:
    """Whole words of the header, with a listed sender; nothing where a protection may hold."""
    pack = packed(PACK)
    assert sieve(exported(pack, BAD).text).folder_of(raw) == folder
    judged = Guard(pack, {}).full(Evidence(message=mime.read(raw), size=len(raw))).name
    assert folder == "INBOX" or judged == "junk"


def test_a_script_says_what_it_leaves_out_and_why() -> None:
    """Links are the guard's, and a protection that a script can not look for is named."""
    script = exported(packed(PACK), BAD)
    assert [each.split(":")[0] for each in script.left_out] == ["LINKED"]
    assert [each.split(":")[0] for each in script.unguarded] == ["WROTE"]
    assert "# Not looked for, though it protects: WROTE" in script.text
    assert script.text.count("\n") == script.text.count("\r\n")


def test_the_folder_of_a_script_can_be_named_as_the_server_does(
    sieve: Callable[[str], Sieve],
) -> None:
    """Quotes, backslashes and other scripts in its name are written so that a server reads them."""
    script = exported(packed(PACK), BAD, folder='Müll.Guard "x" \\y')
    assert sieve(script.text).folder_of(letter("free spins")) == 'Müll.Guard "x" \\y'


def test_a_list_that_is_longer_than_a_script_can_name_is_cut() -> None:
    """A server reads the script for each message."""
    many = tuple(f"d{number}.example" for number in range(MAX_DOMAINS + 10))
    script = exported(packed(PACK), {"bad": Domains(entries=many, whole=False)})
    assert script.text.count('.example"') <= 2 * MAX_DOMAINS + 10


@pytest.mark.parametrize(
    "shared", ["sendgrid.net", "net", "com"], ids=["a service", "above one", "a suffix"]
)
def test_a_domain_below_which_many_send_is_not_named(shared: str) -> None:
    """The guard does not hold it for evidence, and neither does the script."""
    script = exported(packed(PACK), {"bad": Domains(entries=(shared, "bad.example"), whole=True)})
    assert f'"{shared}"' not in script.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (ROUTING, "routes mail to endpoints"),
        (PACK.replace("do: junk, at: 8", "do: flag, at: 8"), "is not to move mail"),
        (PACK.replace("at: 8", "at: 14.5").replace("at: 6,", "at: 15,"), "sure enough"),
    ],
)
def test_a_pack_of_which_no_script_can_be_made_is_refused(text: str, why: str) -> None:
    """An empty script would look as if it did something."""
    with pytest.raises(UsageError, match=why):
        exported(packed(text), BAD)


def test_a_tier_below_one_that_only_flags_is_not_exported(
    sieve: Callable[[str], Sieve],
) -> None:
    """The first tier that holds decides, and a script can not tell whether the one above does."""
    text = PACK.replace(
        "  - {do: junk, at: 6", "  - {do: flag, at: 6, need: MAILER & OFFER}\n  - {do: junk, at: 6"
    )
    raw = letter("hello", sender="a@good.example", more="X-Mailer: Spammer 2\r\n")
    assert sieve(exported(packed(PACK), BAD).text).folder_of(raw) == "Guard/Junk"
    assert sieve(exported(packed(text), BAD).text).folder_of(raw) == "INBOX"


def test_negated_evidence_is_looked_for_before_a_message_is_filed(
    sieve: Callable[[str], Sieve],
) -> None:
    """`!QUOTED` holds only where nothing looks like it."""
    text = PACK.replace("need: LISTED & OFFER", "need: LISTED & OFFER & !QUOTED").replace(
        "protect:", "  QUOTED: {where: text, phrases: [wrote], score: 0}\nprotect:"
    )
    compiled = sieve(exported(packed(text), BAD).text)
    assert compiled.folder_of(letter("free spins", text="Ann wrote: look")) == "INBOX"
    assert compiled.folder_of(letter("free spins")) == "Guard/Junk"


@given(text=st.text(max_size=30))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_breaks_out_of_its_string(text: str, sieve: Callable[[str], Sieve]) -> None:
    """A phrase with quotes, backslashes or line ends is a string and never a command."""
    clean = text.encode("utf-8", "replace").decode()
    script = f"if header :matches {quoted('subject')} {quoted(literal(clean))} {{ discard; }}\r\n"
    assert sieve(script).folder_of(letter("x\x01y")) == "INBOX"


@pytest.mark.timeout(120)
def test_what_the_script_of_the_gambling_pack_files_its_guard_quarantines(
    sieve: Callable[[str], Sieve],
) -> None:
    """Over the corpus: every message that is filed would be moved, and some are filed."""
    settings_ = load_pack("gambling", Path())
    listed = sorted(catalogue.listed_domains(Split.DEVELOP))
    lists = {
        each.name: Domains(entries=each.entries or tuple(listed), whole=True)
        for each in settings_.pack.lists
    }
    guard = Guard(settings_.pack, {"gambling": (Entries(listed, name="gambling"),)})
    compiled = sieve(exported(settings_.pack, lists).text)
    filed = wrong = 0
    for sample in generate.messages(Split.DEVELOP, each=2):
        if compiled.folder_of(sample.raw) == "INBOX":
            continue
        message = mime.read(sample.raw, trusted_authserv=[AUTHSERV], shown=True)
        verdict = guard.full(Evidence(message=message, size=len(sample.raw)))
        filed += 1
        wrong += verdict.name != "quarantine" or sample.label is Label.HAM
    assert wrong == 0
    assert filed >= 6
