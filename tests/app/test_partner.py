"""A partner's secret is kept as a digest, and is not tried out."""

from __future__ import annotations

import pytest

from vedette.app.guards.partner import HOUR, MAX_WRONG, Attempts, digest_of, is_same
from vedette.errors import UsageError
from vedette.secret import Secret

KEY = Secret("the key of this installation")
OURS = Secret("a secret between friends")


def test_the_same_secret_has_the_same_digest() -> None:
    """A file that is read again is known to say the same."""
    assert is_same(digest_of(OURS, key=KEY, guard="a"), digest_of(OURS, key=KEY, guard="a"))


def test_a_digest_is_of_one_guard_and_one_installation() -> None:
    """Who has seen one has not seen another."""
    digest = digest_of(OURS, key=KEY, guard="a")

    assert digest != digest_of(OURS, key=KEY, guard="b")
    assert digest != digest_of(OURS, key=Secret("another key"), guard="a")
    assert not is_same(digest, digest_of(Secret("another secret"), key=KEY, guard="a"))


def test_no_secret_is_nobodys() -> None:
    """It is not the same as no secret."""
    assert digest_of(None, key=KEY, guard="a") == ""
    assert not is_same("", "")


def test_wrong_secrets_are_counted_for_an_hour() -> None:
    """Then one more may be looked at."""
    attempts = Attempts()
    for second in range(MAX_WRONG):
        attempts.admit(float(second))
        attempts.failed(float(second))
    with pytest.raises(UsageError, match="too many wrong secrets"):
        attempts.admit(HOUR - 0.1)

    attempts.admit(HOUR)
    attempts.failed(HOUR)
    with pytest.raises(UsageError, match="too many wrong secrets"):
        attempts.admit(HOUR)


def test_a_right_secret_is_not_counted() -> None:
    """However often a partner grants."""
    attempts = Attempts()
    for second in range(2 * MAX_WRONG):
        attempts.admit(float(second))
        attempts.failed(float(second))
        attempts.passed()
