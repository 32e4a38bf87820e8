"""``vedette guard test``: mail in files, judged by a pack."""

from __future__ import annotations

import json
import mailbox
import subprocess
from pathlib import Path

import pytest

from tests.support.service import command, environment, vedette

PACK = """\
guard: parlour
lists:
  own: {sources: [parlours.txt]}
symbols:
  FROM_LISTED: {stage: head, where: [from], in_list: own, score: 6}
  OFFER: {stage: body, where: [subject, text], phrases: ["free spins"], score: 3}
actions:
  quarantine: {move: Guard, retain: 30d}
verdicts:
  - {do: quarantine, at: 6, need: FROM_LISTED}
"""

OFFER = b"From: Lucky <a@lucky.example>\r\nSubject: You win\r\n\r\nfree spins\r\n"
LUNCH = b"From: Anna <anna@friends.example>\r\nSubject: Lunch\r\n\r\nAt noon?\r\n"
WHY = "quarantine 9 = FROM_LISTED 6 (from:lucky.example, parlours@"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Write a pack with its list beside it."""
    (tmp_path / "parlours.txt").write_text("lucky.example\n")
    (tmp_path / "parlour.yaml").write_text(PACK)
    return tmp_path / "parlour.yaml"


def trial(pack: Path, *places: Path | str) -> list[dict[str, object]]:
    done = vedette("guard", "test", *map(str, places), "--pack", str(pack))
    assert (done.status, done.err) == (0, "")
    return [json.loads(line) for line in done.out.splitlines()]


def test_a_folder_of_mail_is_judged_message_by_message(pack: Path, tmp_path: Path) -> None:
    """With the lists of the pack as they are now, and every reason."""
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "1.eml").write_bytes(LUNCH)
    (folder / "2.eml").write_bytes(OFFER)
    (folder / "notes.pdf").write_bytes(OFFER)

    lunch, offer = trial(pack, folder)

    assert (lunch["verdict"], lunch["hits"]) == ("keep", [])
    assert (offer["verdict"], offer["kind"], offer["score"]) == ("quarantine", "move", 9.0)
    assert str(offer["explanation"]).startswith(WHY)


def test_a_mailbox_file_holds_many_messages(pack: Path, tmp_path: Path) -> None:
    """Each is named by its number."""
    box = mailbox.mbox(tmp_path / "all.mbox")
    box.add(LUNCH)
    box.add(OFFER)
    box.close()

    found = trial(pack, tmp_path / "all.mbox")

    assert [(str(each["file"])[-2:], each["verdict"]) for each in found] == [
        (":1", "keep"),
        (":2", "quarantine"),
    ]


def test_a_message_may_come_on_standard_input(pack: Path) -> None:
    """As from a mail program's filter."""
    done = subprocess.run(
        command("guard", "test", "--pack", str(pack), "--no-json"),
        input=OFFER, capture_output=True, env=environment(), timeout=60, check=True,
    )  # fmt: skip

    assert done.stdout.decode().startswith(f"-: {WHY}")


SPARING = f"""{PACK}protect:
  KNOWN: {{flag: user_has_written_to_sender, cap: flag}}
"""
SENT = (
    b"From: user@example.org\r\nTo: <A@Lucky.example>, anna@friends.example\r\n"
    b"Subject: Stop\r\n\r\nLeave me alone.\r\n"
)


def test_mail_that_the_user_sent_tells_whom_he_wrote_to(pack: Path, tmp_path: Path) -> None:
    """Its recipients are known, whatever the spelling; others are not."""
    pack.write_text(SPARING)
    (tmp_path / "sent").mkdir()
    (tmp_path / "sent" / "1.eml").write_bytes(SENT)
    (tmp_path / "hers.eml").write_bytes(OFFER)
    (tmp_path / "other.eml").write_bytes(OFFER.replace(b"a@lucky", b"b@lucky"))

    places = (tmp_path / "hers.eml", tmp_path / "other.eml")
    hers, other = trial(pack, *places, "--sent", str(tmp_path / "sent"))

    assert (hers["verdict"], hers["wanted"]) == ("flag", "quarantine")
    assert [hit["symbol"] for hit in hers["cappedBy"]] == ["KNOWN"]  # type: ignore[attr-defined]  # JSON of our own
    assert other["verdict"] == "quarantine"


def test_a_trial_says_that_files_do_not_tell_whom_the_user_wrote_to(
    pack: Path, tmp_path: Path
) -> None:
    """Where the pack asks for it; what it prints is the verdict on a stranger's letter."""
    pack.write_text(SPARING)
    (tmp_path / "offer.eml").write_bytes(OFFER)

    done = vedette("guard", "test", str(tmp_path / "offer.eml"), "--pack", str(pack))

    assert (done.status, json.loads(done.out)["verdict"]) == (0, "quarantine")
    assert done.err.startswith("note: parlour asks to whom the user wrote")


@pytest.mark.parametrize(
    ("words", "said", "status"),
    [
        (("nowhere.eml", "--pack", "parlour.yaml"), "nowhere.eml can not be read", 64),
        (("mail.eml", "--pack", "nowhere.yaml"), "nowhere.yaml can not be read", 78),
        (("mail.eml", "--pack", "gambler"), "there is no guard 'gambler'", 64),
        (("mail.eml", "--pack", "broken.yaml"), "broken.yaml:1:1:", 78),
        (("mail.eml", "--pack", "listless.yaml"), "nothere.txt", 78),
    ],
)
def test_what_can_not_be_tried_is_one_line(
    pack: Path, words: tuple[str, ...], said: str, status: int
) -> None:
    """With what is wrong and where."""
    (pack.parent / "mail.eml").write_bytes(LUNCH)
    (pack.parent / "broken.yaml").write_text("lists: {}\n")
    (pack.parent / "listless.yaml").write_text(PACK.replace("parlours.txt", "nothere.txt"))

    done = vedette("guard", "test", *words, cwd=pack.parent)

    assert (done.status, done.out) == (status, "")
    assert said in done.err
    assert "Traceback" not in done.err
