"""A TOML document whose complaints name the line on which the key really stands."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vedette.config.document import line_of, parse
from vedette.errors import ConfigError

NAMES = st.text("abcdefgh-_", min_size=1, max_size=6)
QUOTED = st.text("abc.= #[]", min_size=1, max_size=8).map(lambda text: (text, f'"{text}"'))
KEYS = NAMES.map(lambda name: (name, name)) | QUOTED
TABLES = st.dictionaries(KEYS, st.lists(KEYS, max_size=4, unique=True), max_size=5)


@given(tables=TABLES)
def test_a_key_is_found_on_its_line(tables: dict[tuple[str, str], list[tuple[str, str]]]) -> None:
    """Whatever quoting, comments and blank lines stand around it."""
    text, places = "", {}
    for (name, written), keys in tables.items():
        text += f"# about {name!r}\n\n[accounts.{written}]  # here = 1\n"
        for key, key_written in keys:
            places["accounts", name, key] = text.count("\n") + 1
            text += f'{key_written} = "x"  # a comment\n'
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(condition=False)

    assert {path: line_of(text, path) for path in places} == places


@given(text=st.text(max_size=200), path=st.lists(st.text(max_size=5), max_size=3))
def test_any_text_has_a_line_for_any_key(text: str, path: list[str]) -> None:
    """A complaint never fails by itself; the line is one of the text."""
    line = line_of(text, tuple(path))

    assert 1 <= line <= max(1, len(text.splitlines()))


@pytest.mark.parametrize("text", ['a = "x', "a = 1\nb = \n", "[t\n", "a = 1\na = 2\n"])
def test_a_syntax_error_names_its_line(text: str) -> None:
    """File and line stand first, as editors like it."""
    with pytest.raises(ConfigError, match=r"^x\.toml:\d+: "):
        parse(text, file="x.toml")


def test_a_key_that_nothing_reads_is_refused_with_a_guess() -> None:
    """A misspelt key must not be ignored."""
    table = parse("proof = 3\nprof = 4\n", file="x.toml")
    table.number("proof", 1.0, low=1, high=9)

    with pytest.raises(ConfigError, match=r"^x\.toml:2: prof: .*did you mean 'proof'\?$"):
        table.done()


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "true", '"3"', "0", "10"])
def test_a_number_out_of_bounds_or_of_another_type_is_refused(value: str) -> None:
    """TOML has nan and inf: they are none of our numbers."""
    table = parse(f"proof = {value}\n", file="x.toml")

    with pytest.raises(ConfigError, match=r"^x\.toml:1: proof: "):
        table.number("proof", 1.0, low=1, high=9)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_only_a_line_feed_ends_a_line(separator: str) -> None:
    """TOML 1.0, "Spec": other separators of Unicode are text like any other."""
    text = f"# one{separator}still one\nproof = 'x{separator}x'\nprof = 4\n"

    table = parse(text, file="x.toml")
    table.text("proof")

    with pytest.raises(ConfigError, match=r"^x\.toml:3: prof: "):
        table.done()


def test_a_document_that_ends_too_early_names_its_last_line() -> None:
    """The parser itself says only that it is the end."""
    with pytest.raises(ConfigError, match=r"^x\.toml:2: .*end of document"):
        parse("# one\u2028still one\nproof =", file="x.toml")


def test_a_key_of_an_inline_table_is_on_the_line_of_the_table() -> None:
    """The nearest that can be said, and right."""
    text = '[accounts.anna]\nurl = "x"\ntls = { verify = true, pin = "x" }\n'

    assert line_of(text, ("accounts", "anna", "tls", "pin")) == 3


def test_a_key_that_is_missing_is_on_the_line_of_its_table() -> None:
    """Of its own table, not of one with a like name."""
    text = "[accounts.ann]\n[accounts.anna]\n[accounts.annabel]\n"

    assert line_of(text, ("accounts", "anna", "password")) == 2
