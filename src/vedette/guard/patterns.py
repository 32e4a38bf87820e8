"""Regular expressions that are linear in the text, whatever they say and whatever they read.

RE2 has no references and no look-around, and no memory beyond what it is given. It must not know
phrases or symbols.
"""

from __future__ import annotations

import re2  # type: ignore[import-untyped]

from vedette.errors import UsageError
from vedette.guard.skeleton import View

#: Octets for the automaton of one expression; past it RE2 goes on slower, in linear time.
MAX_MEMORY = 2 * 1024 * 1024
#: Characters of one expression.
MAX_REGEX = 2_000


class Pattern:
    """One compiled expression."""

    __slots__ = ("_regex", "text")

    def __init__(self, regex: str) -> None:
        """Compile ``regex``. Raises UsageError with what RE2 says of it."""
        if len(regex) > MAX_REGEX:
            raise UsageError(f"a regular expression of more than {MAX_REGEX} characters")
        options = re2.Options()
        options.log_errors = False
        options.max_mem = MAX_MEMORY
        try:
            self._regex = re2.compile(regex, options=options)
        except re2.error as error:
            raise UsageError(
                f"RE2 does not take the expression {regex!r}: {_said(error)}"
            ) from None
        self.text = regex

    def matches(self, view: View) -> bool:
        """Tell whether the expression matches the text raw, plain or unmasked."""
        if self._regex.search(view.raw) is not None:
            return True
        if view.plain != view.raw and self._regex.search(view.plain) is not None:
            return True
        return bool(view.skeleton) and self._regex.search(view.skeleton) is not None


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
