"""What came of a file of accounts, as JSON. It must not know how it was read."""

from __future__ import annotations

from pydantic import Field

from vedette.api.shapes.model import Shown


class ImportShown(Shown):
    """How many accounts of a file were registered."""

    created: int
    there: int = Field(description="Those that were there already, and are as they were.")
