"""Text with its disguises taken off, as a reader's eye does it.

``plain`` undoes what no reader sees: letter case, accents, widths, invisible characters, styles
of letters, references of HTML. ``skeleton`` undoes what a reader sees through: letters of other
scripts, digits for letters, letters with spaces between them. It holds only the surroundings of
such words, and a phrase counts there only where it touches one of them.

It must not know phrases, packs or messages.
"""

from __future__ import annotations

from dataclasses import dataclass

from vedette.guard import letters, masks


@dataclass(frozen=True, slots=True)
class View:
    """One text in its three forms."""

    raw: str
    plain: str
    """In lower case, without accents and invisible characters, with single spaces."""
    skeleton: str = ""
    """The surroundings of disguised words, unmasked; empty where nothing was disguised."""
    spans: tuple[tuple[int, int], ...] = ()
    """Where in ``skeleton`` the unmasked words stand, in order."""
    disguised: bool = False
    """Something was written as nobody writes without a reason. It is no crime."""


#: Of nothing.
EMPTY = View("", "")


def view(text: str) -> View:
    """Return the three forms of ``text``. Never raises; linear in its length."""
    if not text:
        return EMPTY
    plain, styled = letters.plain(text)
    skeleton, spans, masked = masks.take_off(plain)
    return View(text, plain, skeleton, spans, disguised=styled or masked)


def folded(phrase: str) -> str:
    """Return a phrase as ``View.skeleton`` has it: the letters of other scripts made Latin."""
    return masks.folded(letters.plain(phrase)[0])
