"""What is known of an account, as JSON. It must not know how it is found out."""

from __future__ import annotations

from pydantic import Field

from vedette.api.shapes.model import Shown
from vedette.api.shapes.registered import FindingShown, finding
from vedette.model.ids import AccountId
from vedette.service.doctor.doctor import CheckOutcome, Finding


class DiagnosisShown(Shown):
    """What is known of an account, in the order in which things have to be well."""

    account: str
    is_good: bool = Field(description="Every finding is `ok`.")
    findings: list[FindingShown]


def diagnosis(account: AccountId, found: list[Finding]) -> DiagnosisShown:
    """Return what is known as it is shown."""
    return DiagnosisShown(
        account=account,
        is_good=all(each.outcome is CheckOutcome.OK for each in found),
        findings=[finding(each) for each in found],
    )
