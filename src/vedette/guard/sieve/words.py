"""The words of a Sieve script: strings, lists of them, patterns and tests (RFC 5228 section 2).

It must not know packs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: Lines of a script are this wide, so that people can read them.
WIDTH = 96

_SPECIAL = re.compile(r'(["\\])')
_WILD = re.compile(r"([*?\\])")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


def quoted(text: str) -> str:
    """Return a quoted string (section 2.4.2); control characters, which it may not hold, go."""
    return '"' + _SPECIAL.sub(r"\\\1", _CONTROL.sub("", text)) + '"'


def literal(text: str) -> str:
    """Return the pattern of ``:matches`` that stands for ``text`` and nothing else (2.7.1)."""
    return _WILD.sub(r"\\\1", text)


def listed(texts: Iterable[str]) -> str:
    """Return a list of strings over as many lines as it needs; one string stands alone."""
    words = [quoted(text) for text in texts]
    if len(words) == 1:
        return words[0]
    if sum(map(len, words)) < WIDTH // 2:
        return f"[{', '.join(words)}]"
    lines = [" "]
    for word in words:
        if len(lines[-1]) + len(word) > WIDTH:
            lines.append(" ")
        lines[-1] += f" {word},"
    return "\n".join(("[", *lines))[:-1] + "\n]"


def every(tests: Sequence[str]) -> str:
    """Return a test that holds if all do; of one, that one."""
    return tests[0] if len(tests) == 1 else _combined("allof", tests)


def some(tests: Sequence[str]) -> str:
    """Return a test that holds if one does; of one, that one."""
    return tests[0] if len(tests) == 1 else _combined("anyof", tests)


def no(test: str) -> str:
    """Return a test that holds if the other does not."""
    return test.removeprefix("not ") if test.startswith("not ") else f"not {test}"


def comment(text: str) -> str:
    """Return a comment over as many lines as it needs (section 2.3)."""
    lines = ["#"]
    for word in _CONTROL.sub(" ", text).split():
        if len(lines[-1]) + len(word) > WIDTH:
            lines.append("#  ")
        lines[-1] += f" {word}"
    return "\n".join(lines)


def _combined(word: str, tests: Sequence[str]) -> str:
    inner = ",\n".join(tests)
    return f"{word}(\n{_indented(inner)})"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))
