"""What was said on the connections of an account, as JSON. It must not know how it was heard."""

from __future__ import annotations

from pydantic import Field

from vedette.api.shapes.model import Instant, Shown, Wish, instant
from vedette.engine.tap import LINES, Direction, Transcript
from vedette.service.accounts.listening import MOST


class LogWish(Wish):
    """For how long lines are to be kept."""

    seconds: int = Field(ge=1, le=MOST, examples=[600])


class LineShown(Shown):
    """One line."""

    at: Instant
    connection: int = Field(description="Of the connections since lines are kept: which one.")
    direction: Direction
    text: str = Field(
        description="Verbs, tags, codes, numbers and sizes; a login is its mechanism, and what"
        " somebody wrote is `{1234 octets}` or `…`."
    )


class LogShown(Shown):
    """The last lines."""

    until: Instant | None = Field(description="Until when lines are kept; null: nobody asked.")
    items: list[LineShown] = Field(description=f"The last {LINES}, oldest first.")


def log(found: Transcript | None) -> LogShown:
    """Return what was said as it is shown."""
    if found is None:
        return LogShown(until=None, items=[])
    return LogShown(
        until=instant(found.until),
        items=[
            LineShown(
                at=instant(each.at),
                connection=each.connection,
                direction=each.direction,
                text=each.text,
            )
            for each in found.lines
        ],
    )
