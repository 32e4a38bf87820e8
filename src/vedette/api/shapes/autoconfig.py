"""What was found of a mailbox, as JSON. It must not know who was asked."""

from __future__ import annotations

from pydantic import Field

from vedette.api.shapes.model import Shown
from vedette.identity.autoconfig.proposal import Discovery, Hint, Proposal, Source, SourceOutcome
from vedette.service.accounts.registration import ENCRYPTIONS


class HintShown(Shown):
    """What a person has to do before a login works, and where."""

    words: str
    url: str


class ProposalShown(Shown):
    """Where a mailbox may be. A login has to try it before it is kept."""

    host: str
    port: int
    encryption: str
    user: str
    auths: list[str] = Field(description="By preference: `oauth2`, `password`.")
    provider: str
    app: str | None = Field(description="The provider of an OAuth 2.0 app that fits.")
    hint: HintShown | None
    quirks: list[str] = Field(description="Entries of the catalogue that are known of it.")
    is_vouched: bool = Field(
        description="False: nobody but the DNS says so; a person should look at it first."
    )


class TriedShown(Shown):
    """One who may know, and what came of asking."""

    source: Source
    outcome: SourceOutcome
    reason: str


class DiscoveryShown(Shown):
    """What was found, the best first, and who said so."""

    address: str
    winner: Source | None
    proposals: list[ProposalShown]
    hint: HintShown | None
    tried: list[TriedShown]


def discovery(found: Discovery) -> DiscoveryShown:
    """Return what was found as it is shown."""
    return DiscoveryShown(
        address=str(found.address),
        winner=found.winner,
        proposals=[_proposal(each) for each in found.proposals],
        hint=_hint(found.hint),
        tried=[
            TriedShown(source=each.source, outcome=each.outcome, reason=each.reason)
            for each in found.tried
        ],
    )


def _proposal(found: Proposal) -> ProposalShown:
    return ProposalShown(
        host=found.host,
        port=found.port,
        encryption=next(word for word, each in ENCRYPTIONS.items() if each is found.encryption),
        user=found.user,
        auths=[each.value for each in found.auths],
        provider=found.provider,
        app=found.app,
        hint=_hint(found.hint),
        quirks=list(found.quirks),
        is_vouched=found.is_vouched,
    )


def _hint(found: Hint | None) -> HintShown | None:
    return None if found is None else HintShown(words=found.words, url=found.url)
