"""What the server counts against what was told, as JSON. It must not know how that is found out."""

from __future__ import annotations

from pydantic import Field

from vedette.api.shapes.model import Instant, Shown, instant
from vedette.model.ids import AccountId
from vedette.service.accounts.counting import Counting


class DayShown(Shown):
    """One day of one folder, as the last look found it."""

    folder: str
    day: str = Field(json_schema_extra={"format": "date"}, description="As the server dates it.")
    server: int = Field(description="Messages that the server has, since the folder is watched.")
    ledger: int = Field(description="Those of them that were told.")
    owed: int = Field(description="Those that are asked for still.")
    missing: int = Field(description="Those that nobody knew of; they were fetched then.")
    checked_at: Instant


class CompletenessShown(Shown):
    """What is known of an account, of the folders that are watched."""

    account: str
    is_complete: bool | None = Field(
        description="Whether nothing was missing; null: a folder was not counted yet."
    )
    days: list[DayShown]
    uncounted: list[str] = Field(description="Folders that nobody looked at yet.")


def completeness(account: AccountId, found: Counting) -> CompletenessShown:
    """Return what is known of an account as it is shown."""
    return CompletenessShown(
        account=account,
        is_complete=found.is_complete,
        days=[
            DayShown(
                folder=each.folder,
                day=each.day.isoformat(),
                server=each.server,
                ledger=each.ledger,
                owed=each.owed,
                missing=each.missing,
                checked_at=instant(each.checked_at),
            )
            for each in found.days
        ],
        uncounted=list(found.uncounted),
    )
