"""What people set beside the packs, as the engine asks it: pauses, allowed senders, consents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.guards import pack, post
from tests.support.trust import account
from vedette.engine.guarding import Guarding, Mode
from vedette.engine.standing import Standing
from vedette.guard.pack import Action, ActionKind, Lock
from vedette.model.folder import Folder
from vedette.model.ids import AccountId

ANNA = account("anna", tenant="acme").account
BERT = account("bert", tenant="other").account


@pytest.mark.parametrize("stopped", ["host:", "tenant:acme", "account:anna", "guard:unwanted"])
def test_a_switch_that_is_off_pauses_what_is_in_its_scope(stopped: str) -> None:
    """The guard stands there, and does nothing."""
    guarding = Guarding([post()])
    guarding.standing = Standing(stopped=frozenset({stopped}))

    assert [each.mode for each in guarding.covering(ANNA)] == [Mode.PAUSED]
    everywhere = stopped in {"host:", "guard:unwanted"}
    assert [each.mode for each in guarding.covering(BERT)] == [
        Mode.PAUSED if everywhere else Mode.ACT
    ]


@pytest.mark.parametrize("scope", ["host:", "tenant:acme", "account:anna"])
def test_a_locked_guard_heeds_only_switches_made_out_to_it(scope: str) -> None:
    """A switch of everything is no way around the ratchet."""
    guarding = Guarding([post()])
    locked = Standing(stopped=frozenset({scope}), locked=frozenset({"unwanted"}))
    guarding.standing = locked
    assert [each.mode for each in guarding.covering(ANNA)] == [Mode.ACT]

    guarding.standing = replace(locked, stopped=frozenset({f"guard:unwanted@{scope}"}))
    assert [each.mode for each in guarding.covering(ANNA)] == [Mode.PAUSED]


def test_an_allowed_domain_is_allowed_with_what_is_below_it() -> None:
    """And nothing that only ends like it."""
    standing = Standing(allowed={(ANNA.id, "unwanted"): frozenset({"shop.example"})})

    assert standing.allows("unwanted", ANNA.id, "shop.example")
    assert standing.allows("unwanted", ANNA.id, "news.shop.example")
    assert not standing.allows("unwanted", ANNA.id, "workshop.example")
    assert not standing.allows("other", ANNA.id, "shop.example")
    assert not standing.allows("unwanted", AccountId("bert"), "shop.example")


@pytest.mark.parametrize(
    "folder",
    [
        Folder(path=b"INBOX", name="INBOX"),
        Folder(path=b"Junk", name="Junk", special_use="\\Junk"),
    ],
)
def test_inbox_and_its_like_are_never_our_own(folder: Folder) -> None:
    """A pack that names one of them its quarantine does not end the watch, nor other guards."""
    own = Action(name="quarantine", kind=ActionKind.MOVE, target=folder.name, retain=60.0)
    other = replace(pack(actions=(own,)), name="other")
    guarding = Guarding([post(), post(other)])

    assert guarding.watchable(ANNA, (folder,)) == (folder,)
    assert [each.name for each in guarding.of(ANNA, folder)] == ["unwanted"]


def test_an_account_is_read_when_every_consent_that_is_asked_for_is_there() -> None:
    """Or when none is."""
    asks = replace(pack(), lock=Lock(consent=True))
    guarding = Guarding([post()])
    assert not guarding.is_unread(ANNA)

    guarding.post([post(), replace(post(asks), accounts=(ANNA.id,))])
    assert guarding.is_unread(ANNA)
    assert not guarding.is_unread(BERT)

    guarding.standing = Standing(consented=frozenset({ANNA.id}))
    assert not guarding.is_unread(ANNA)
