"""The accounts of a cluster by shard: what changes one of them is reckoned with that one alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.engine.assignment import Assignment, Portions
from vedette.model.account import Account, Credentials
from vedette.model.ids import AccountId, TenantId
from vedette.ownership.shard import SHARDS, Shard
from vedette.ports.link import Target

IDS = st.sampled_from([f"a{number}" for number in range(6)])
CHANGES = st.lists(
    st.tuples(st.dictionaries(IDS, st.sampled_from(["x", "y"]), max_size=4), st.lists(IDS)),
    max_size=12,
)


def assignment(id_: str, host: str) -> Assignment:
    account = Account(
        id=AccountId(id_),
        tenant=TenantId("t"),
        email="a@example.org",
        credentials=Credentials(user="a"),
    )
    return Assignment(account=account, target=Target(host=host, port=993))


@given(CHANGES)
def test_changes_add_up_to_what_is_assigned_at_once(
    changes: list[tuple[dict[str, str], list[str]]],
) -> None:
    """Accounts, counts and hosts are the same, whichever way they came."""
    step_by_step, wanted = Portions(), dict[str, Assignment]()
    for hosts, gone in changes:
        now = [assignment(id_, host) for id_, host in hosts.items()]
        step_by_step.change(now, [AccountId(each) for each in gone])
        for each in gone:
            wanted.pop(each, None)
        wanted |= {each.account.id: each for each in now}
    at_once = Portions()
    at_once.assign(wanted.values())
    every = [Shard(number) for number in range(SHARDS)]

    for portions in (step_by_step, at_once):
        there = {each.account.id: each for each in portions.of(every)}
        assert there == wanted
        assert portions.count == len(wanted)
        assert portions.hosts == max(1, len({each.target.host for each in wanted.values()}))
        assert sum(portions.sizes().values()) == len(wanted)
        assert all(portions.get(AccountId(id_)) == each for id_, each in wanted.items())
