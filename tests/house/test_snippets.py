"""What a document shows works.

The language of a fenced block says how it is held to the truth; CONTRIBUTING.md tells authors.

Must not know: what the documents say.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.house.tree import ROOT, Snippet, snippets
from vedette.cli.main import GROUPS

BIN = Path(sys.executable).parent
# Seconds until a snippet is taken to hang. None takes a tenth of that on a machine that has time;
# ours may be busy, and then what is slow is not wrong.
DEADLINE = 300
#: Commands with others below them: groups, and one that does something by itself too.
TALL = GROUPS.keys() | {"events"}


def name(snippet: Snippet) -> str:
    return snippet.name


@pytest.mark.parametrize("snippet", snippets("python"), ids=name)
def test_a_python_snippet_runs(snippet: Snippet, tmp_path: Path) -> None:
    """Python runs in an empty folder; marked `no-run`, it compiles."""
    compile(snippet.text, snippet.name, "exec")

    if "no-run" not in snippet.words:
        run([sys.executable, "-c", snippet.text], tmp_path)


@pytest.mark.parametrize("snippet", snippets("toml"), ids=name)
def test_a_toml_snippet_is_toml(snippet: Snippet) -> None:
    """A piece of configuration can be read."""
    assert tomllib.loads(snippet.text)


@pytest.mark.parametrize("snippet", snippets("json"), ids=name)
def test_a_json_snippet_is_json(snippet: Snippet) -> None:
    """A piece of JSON is one value, or one value per line."""
    try:
        json.loads(snippet.text)
    except ValueError:
        assert [json.loads(line) for line in snippet.text.splitlines() if line]


@pytest.mark.parametrize("snippet", snippets("console"), ids=name)
def test_a_console_snippet_names_commands_that_exist(snippet: Snippet) -> None:
    """Each `make` target, `vedette` command and long option shown is there."""
    for command in commands(snippet):
        words = shlex.split(command, comments=True)
        if words[:1] == ["make"]:
            assert set(plain(words[1:])) <= make_targets(), command
        elif words[:1] == ["vedette"]:
            verbs = plain(words[1:])
            # The commands of a group are a level below.
            told = vedette_help(*verbs[: 2 if TALL & set(verbs[:1]) else 1])
            for option in (word.partition("=")[0] for word in words if word.startswith("--")):
                assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", told), command


@pytest.mark.parametrize("snippet", [s for s in snippets("console") if "run" in s.words], ids=name)
def test_a_console_snippet_marked_run_prints_what_it_shows(
    snippet: Snippet, tmp_path: Path
) -> None:
    """Its commands succeed, and each line shown appears in their output, in this order."""
    script = "set -e\n" + "\n".join(commands(snippet))

    output = run(["sh", "-c", script], tmp_path)

    place = 0
    for line in shown(snippet):
        pattern = ".*".join(re.escape(piece) for piece in line.split("…"))
        found = re.compile(pattern).search(output, place)
        assert found, f"not printed, or not in this place: {line}\n{output}"
        place = found.end()


def commands(snippet: Snippet) -> list[str]:
    """Return what follows `$ `, with lines that end in a backslash joined."""
    joined = snippet.text.replace("\\\n", " ")
    return [line[2:] for line in joined.splitlines() if line.startswith("$ ")]


def shown(snippet: Snippet) -> list[str]:
    """Return the lines of output a snippet shows; a line of `…` alone stands for any lines."""
    joined = snippet.text.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if not line.startswith("$ ")]
    return [line for line in lines if line.strip(" …")]


def plain(words: list[str]) -> list[str]:
    """Return the words up to the first shell operator that are neither options nor variables."""
    end = next(
        (i for i, word in enumerate(words) if word in {"|", "&&", ">", "&", ";"}), len(words)
    )
    return [word for word in words[:end] if not word.startswith("-") and "=" not in word]


@cache
def make_targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))


@cache
def vedette_help(*verbs: str) -> str:
    return run([sys.executable, "-m", "vedette", *verbs, "--help"], ROOT)


def run(argv: list[str], folder: Path) -> str:
    done = subprocess.run(
        argv,
        cwd=folder,
        # Wide, so that no help text is wrapped in the middle of an option.
        env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "COLUMNS": "200", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
