"""``vedette guard train`` and ``vedette guard sieve`` from files: what is written, and refusals."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.corpus import generate
from tests.corpus.family import Label, Split
from vedette.cli.main import main
from vedette.scorers.classifier import load_model, model_path

ASKS = """\
guard: asks
symbols:
  LEARNED: {classifier: learned, map: {0.01: 1}, score: 1}
  OTHER: {where: subject, phrases: [zebra], score: 2}
verdicts:
  - {do: flag, at: 2, need: OTHER}
"""


def letters(folder: Path, label: Label, each: int) -> Path:
    """Write messages of the corpus into a folder."""
    folder.mkdir()
    for number, sample in enumerate(generate.messages(Split.DEVELOP, each=each, label=label)):
        (folder / f"{number}.eml").write_bytes(sample.raw)
    return folder


def test_a_model_is_trained_on_files_for_its_owner_alone_and_trials_hear_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It tells its numbers and where it lies, and `guard test` counts its opinion."""
    bad, good = (letters(tmp_path / each.value, each, 3) for each in (Label.GAMBLING, Label.HAM))
    words = ["--yes-files", str(bad), "--no-files", str(good), "--state", str(tmp_path / "state")]
    assert main(["guard", "train", *words]) == 0
    told = capsys.readouterr().out
    assert "of mail from senders that it did not learn from it tells" in told
    path = model_path(tmp_path / "state", "learned")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_model(path).about["unwanted"] == len(list(bad.iterdir()))

    (tmp_path / "asks.yaml").write_text(ASKS)
    one = str(next(iter(sorted(bad.iterdir()))))
    again = ["--pack", str(tmp_path / "asks.yaml"), "--state", str(tmp_path / "state")]
    assert main(["guard", "test", one, *again, "--no-json"]) == 0
    assert "keep 1 = LEARNED 1 (learned)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--yes-files", "few", "--no-files", "few"], "at least 50 are needed"),
        (["--yes", "Junk"], "are folders of a mailbox: name it first"),
        (["imaps://a@b.example"], "say which folders of the mailbox"),
        (["--yes-files", "few", "--name", "../x"], "no pack can name a scorer '../x'"),
        (["--yes-files", "nowhere.eml"], "nowhere.eml can not be read"),
    ],
)
def test_a_training_that_would_teach_nothing_is_refused_and_writes_nothing(
    words: list[str],
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line says what is missing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few").mkdir()
    assert main(["guard", "train", *words, "--state", "state"]) == 64
    assert why in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_the_script_of_a_pack_is_printed_and_what_it_can_not_look_for_is_told(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The shipped pack with its own list, as a server takes it: with CRLF."""
    words = ["--folder", "Guard.Box", "--state", str(tmp_path)]
    assert main(["guard", "sieve", *words]) == 0
    told = capfdbinary.readouterr()
    assert b'fileinto :flags "\\\\Seen" "Guard.Box";\r\n' in told.out
    assert b'"casino.example"' in told.out
    assert told.err.startswith(b"vedette: not in the script, though it protects: KEEP_KNOWN")


def test_a_pack_of_which_no_script_can_be_made_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is printed that a server could take for a script."""
    (tmp_path / "asks.yaml").write_text(ASKS)
    assert main(["guard", "sieve", "--pack", str(tmp_path / "asks.yaml")]) == 64
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
