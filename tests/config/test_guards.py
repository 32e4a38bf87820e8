"""The ``[guards.NAME]`` tables: who a partner may be, and what they grant with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.trust import SECRET, text
from vedette.config.service import read_settings
from vedette.config.settings import GuardSettings
from vedette.engine.guarding import Span
from vedette.errors import ConfigError
from vedette.model.ids import EndpointId
from vedette.secret import Secret

ENDPOINTS = """\
[endpoints.friend]
type = "stdout"
events = ["guard.changed"]
[endpoints.crm]
type = "stdout"
"""


def read(folder: Path, keys: str) -> GuardSettings:
    """Return the guard of a file; its first key stands on line 8."""
    (folder / "parlour.yaml").write_text(text())
    file = folder / "vedette.toml"
    file.write_text(f'{ENDPOINTS}[guards.parlour]\npack = "parlour.yaml"\n{keys}\n')
    [guard] = read_settings(file).guards
    return guard


def test_a_guard_names_its_partner_and_a_line_of_help(tmp_path: Path) -> None:
    """The endpoint, the secret and the line are values, and the secret does not print."""
    guard = read(
        tmp_path, f'partner = "friend"\npartner_secret = "{SECRET}"\nhelp = "You can talk."'
    )

    assert guard.partner == EndpointId("friend")
    assert guard.partner_secret == Secret(SECRET)
    assert guard.help == "You can talk."
    assert SECRET not in repr(guard)


def test_a_guard_needs_no_partner(tmp_path: Path) -> None:
    """It waits then, always."""
    guard = read(tmp_path, "")

    assert (guard.partner, guard.partner_secret, guard.help) == (None, None, "")


def test_a_guard_looks_back_as_far_as_its_sweep_says(tmp_path: Path) -> None:
    """At the last 200 messages of a folder, of any age, where nothing is said."""
    assert read(tmp_path, "").sweep == Span(messages=200, days=0)
    assert read(tmp_path, "sweep = { messages = 50, days = 7 }").sweep == Span(messages=50, days=7)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("sweep = { messages = -1 }", "sweep.messages: -1 is not within 0 and 10000"),
        ("sweep = { messages = 10_001 }", "10001 is not within 0 and 10000"),
        ("sweep = { days = 3651 }", "3651 is not within 0 and 3650"),
        ("sweep = { days = 1.5 }", "expected a whole number"),
        ("sweep = { last = 5 }", "last"),
        ("sweep = 5", "expected a table: [guards.parlour.sweep]"),
    ],
)
def test_a_sweep_has_bounds(tmp_path: Path, keys: str, said: str) -> None:
    """A mistake has its line, and is not taken for the default."""
    with pytest.raises(ConfigError, match=re.escape(said)):
        read(tmp_path, keys)


def test_the_secret_may_be_in_a_file(tmp_path: Path) -> None:
    """Where the user who is protected can not read it."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")

    guard = read(tmp_path, f'partner_secret_file = "{tmp_path / "secret"}"')

    assert guard.partner_secret == Secret(SECRET)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('partner = "nobody"', ":8: guards.parlour.partner: there is no endpoint 'nobody'"),
        ('partner = "crm"', ":8: guards.parlour.partner: a partner is told of changes only"),
        (
            'partner_secret = "short"',
            ":8: guards.parlour.partner_secret: a partner's secret has 12",
        ),
    ],
)
def test_a_partner_who_would_learn_more_or_is_none_is_refused(
    tmp_path: Path, keys: str, words: str
) -> None:
    """With file, line and key."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, keys)

    assert words in str(caught.value)
    assert "short" not in str(caught.value)
