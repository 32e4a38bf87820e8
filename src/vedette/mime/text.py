"""Plain text as it was written: format=flowed (RFC 3676) put back into paragraphs.

It must not know charsets or parts.
"""

from __future__ import annotations

_SIGNATURE = "-- "


def unflow(text: str, *, delsp: bool = False) -> str:
    """Join the flowed lines of ``text``; quote marks become ``> `` again, one per level.

    ``delsp`` is the DelSp parameter: the space that marks a soft break is dropped.
    """
    out: list[str] = []
    pieces: list[str] = []
    depth = 0
    for line in text.split("\n"):
        stripped = line.lstrip(">")
        quotes = len(line) - len(stripped)
        # RFC 3676 section 4.4: one space was stuffed before the text.
        content = stripped.removeprefix(" ")
        if pieces and (quotes != depth or content == _SIGNATURE):
            out.append(_paragraph(depth, pieces))
            pieces = []
        depth = quotes
        if content.endswith(" ") and content != _SIGNATURE:
            pieces.append(content[:-1] if delsp else content)
            continue
        pieces.append(content)
        out.append(_paragraph(depth, pieces))
        pieces = []
    if pieces:
        out.append(_paragraph(depth, pieces))
    return "\n".join(out)


def _paragraph(depth: int, pieces: list[str]) -> str:
    text = "".join(pieces)
    return f"{'>' * depth} {text}" if depth else text
