"""What every store promises of sealed secrets and their keys, and of values that are hostile."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.store.bundle import ACME, Whole
from tests.store.conformance_records import ZETA, drop, fresh, listed, one, record, write
from vedette.errors import StoreError
from vedette.model.ids import TenantId
from vedette.ports.records import DataKey, Drop, Kind, Put, RecordQuery, SealedValue, Written

FIRST = ("", "", "")
KEY = DataKey(tenant=ACME, number=1, wrapper="file:1", wrapped=b"\0\xff", created_at=5.0)


def sealed(id_: str, name: str, value: bytes, *, kind: Kind = Kind.ACCOUNT) -> SealedValue:
    return SealedValue(kind=kind, id=id_, tenant=ACME, name=name, value=value)


class SecretContract:
    """Secrets beside their records, the keys of tenants, what can not be stored."""

    # Secrets.

    async def test_secrets_lie_beside_their_record(self, store: Whole) -> None:
        """One that is not named stays, None takes one away, and all go with the record."""
        await one(store, record("a"), password=b"1", token=b"2", proxy=b"3")
        await one(store, record("b"), password=b"\0\xff")
        it = store.records
        await write(
            store,
            Put(
                record=record("a"),
                expected=1,
                secrets={"password": b"4", "token": None, "never": None},
            ),
        )

        assert await it.secrets(Kind.ACCOUNT, ["b", "x", "a", "a"]) == [
            sealed("a", "password", b"4"),
            sealed("a", "proxy", b"3"),
            sealed("b", "password", b"\0\xff"),
        ]
        assert await it.secrets(Kind.ENDPOINT, ["a"]) == []
        assert await it.secrets(Kind.ACCOUNT, []) == []
        await write(store, drop("a"))
        assert await it.secrets(Kind.ACCOUNT, ["a"]) == []
        await one(store, record("a"))
        assert await it.secrets(Kind.ACCOUNT, ["a"]) == []

    async def test_a_write_that_is_refused_leaves_the_secrets(self, store: Whole) -> None:
        """Those of the changes before it as well."""
        await one(store, record("a"), password=b"1")
        changed = Put(record=record("a"), expected=1, secrets={"password": b"2"})
        assert (await write(store, changed, changed)).refused == 1

        assert await store.records.sealed(FIRST) == [sealed("a", "password", b"1")]

    async def test_all_secrets_are_walked_in_order(self, store: Whole) -> None:
        """By kind, id and name, from any place on: also from one whose secret is gone."""
        await one(store, record("b"), y=b"4", x=b"3")
        await one(store, record("a"), z=b"2")
        await one(store, record("z", kind=Kind.APP), s=b"5")
        every = await store.records.sealed(FIRST)

        assert [(each.kind, each.id, each.name) for each in every] == [
            (Kind.ACCOUNT, "a", "z"),
            (Kind.ACCOUNT, "b", "x"),
            (Kind.ACCOUNT, "b", "y"),
            (Kind.APP, "z", "s"),
        ]
        assert await store.records.sealed(FIRST, limit=2) == every[:2]
        assert await store.records.sealed(("account", "b", "x")) == every[2:]
        assert await store.records.sealed(("account", "b", "xx")) == every[2:]
        assert await store.records.sealed(("app", "z", "s")) == []

    async def test_a_secret_is_sealed_again_where_nobody_came_first(self, store: Whole) -> None:
        """The record's version stays: nothing that a person set has changed."""
        await one(store, record("a"), password=b"1")
        (old,) = await store.records.sealed(FIRST)
        assert await store.records.reseal(old, b"2")

        assert not await store.records.reseal(old, b"3")
        assert not await store.records.reseal(replace(old, id="b", value=b"2"), b"3")
        assert not await store.records.reseal(replace(old, tenant=ZETA, value=b"2"), b"3")
        assert await store.records.sealed(FIRST) == [replace(old, value=b"2")]
        kept = await store.records.record(Kind.ACCOUNT, "a")
        assert kept is not None
        assert (kept.version, kept.revision) == (1, 1)

    # Keys.

    async def test_a_data_key_is_written_where_nobody_came_first(self, store: Whole) -> None:
        """A new one where its number is free, another where the one that is named stands."""
        it = store.records
        assert await it.put_data_key(KEY, expected=None)
        assert not await it.put_data_key(replace(KEY, wrapped=b"x"), expected=None)
        wrapped = replace(KEY, wrapper="file:2", wrapped=b"y")
        assert await it.put_data_key(wrapped, expected=KEY)

        assert not await it.put_data_key(wrapped, expected=KEY)
        assert not await it.put_data_key(replace(wrapped, number=2), expected=wrapped)
        assert not await it.put_data_key(replace(wrapped, tenant=ZETA), expected=wrapped)
        assert await it.data_keys() == [wrapped]

    async def test_data_keys_are_told_by_tenant_and_number(self, store: Whole) -> None:
        """Of one tenant or of all; those with lower numbers are dropped, or all of a tenant."""
        it = store.records
        nobody = replace(KEY, tenant=TenantId(""))
        keys = [nobody, KEY, replace(KEY, number=2), replace(KEY, number=10)]
        keys.append(replace(KEY, tenant=ZETA))
        for each in reversed(keys):
            assert await it.put_data_key(each, expected=None)

        assert await it.data_keys() == keys
        assert await it.data_keys(ACME) == keys[1:4]
        assert await it.data_keys(TenantId("")) == [nobody]
        assert await it.drop_data_keys(ACME, below=10) == 2
        assert await it.data_keys(ACME) == keys[3:4]
        assert await it.drop_data_keys(ACME) == 1
        assert await it.drop_data_keys(ACME) == 0
        assert await it.data_keys() == [nobody, keys[4]]

    # Hostile values.

    async def test_a_body_is_kept_in_one_spelling(self, store: Whole) -> None:
        """Without blanks and escapes, each member once; what no store holds in plain letters."""
        body = '{ "a": [1, 2.5, true, null],\n "t": "\\u00e4\\u0000\\ud800\\/", "t2": "\udc80", "a": 1 }'
        kept = await one(store, record("a", body=body, label="x\0\udc80"))

        assert json.loads(kept.body) == {"t": "ä\\x00\\ud800/", "t2": "\\udc80", "a": 1}
        assert " " not in kept.body
        assert kept.label == r"x\x00\udc80"
        assert await store.records.record(Kind.ACCOUNT, "a") == kept

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "[]",
            "1",
            "null",
            "{",
            '{"a":NaN}',
            '{"a":1e999}',
            '{"a":' + "9" * 5000 + "}",
            '{"a":' * 200 + "1" + "}" * 200,
            '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
        ],
        ids=lambda body: body[:9],
    )
    async def test_a_body_that_is_no_plain_object_is_refused(self, store: Whole, body: str) -> None:
        """Before anything of its write is written."""
        with pytest.raises(StoreError, match="a value can not be stored"):
            await write(store, fresh(record("b")), fresh(record("a", body=body)))

        assert await listed(store) == []

    @pytest.mark.parametrize("odd", ["a\0", "\0", "\udc80", "a\ud800b"], ids=ascii)
    async def test_an_id_that_can_not_be_stored_is_refused(self, store: Whole, odd: str) -> None:
        """To write it is an error; to ask for it is to ask for what is not there."""
        await one(store, record("a"), password=b"1")
        it = store.records
        for put in (
            fresh(record("")),
            fresh(record("x" * 256)),
            fresh(record("b", tenant=TenantId("x" * 256))),
            fresh(record(odd)),
            fresh(record("b", tenant=TenantId(odd))),
            Put(record=record("b"), expected=0, secrets={odd: b"1"}),
        ):
            with pytest.raises(StoreError, match="a value can not be stored"):
                await write(store, put)
        with pytest.raises(StoreError, match="is no tenant"):
            await it.record(Kind.ACCOUNT, "a", tenant=TenantId(odd))
        with pytest.raises(StoreError, match="a value can not be stored"):
            await it.put_data_key(replace(KEY, tenant=TenantId(odd)), expected=None)

        gone = Drop(kind=Kind.ACCOUNT, id=odd, tenant=ACME)
        assert (await write(store, gone)).refusal == "stale"
        assert await it.record(Kind.ACCOUNT, odd) is None
        assert await it.secrets(Kind.ACCOUNT, [odd, "a"]) == [sealed("a", "password", b"1")]
        assert not await it.reseal(sealed(odd, odd, b"1"), b"2")
        assert len(await it.sealed((odd, odd, odd))) <= 1
        behind = RecordQuery(kind=Kind.ACCOUNT, after=odd)
        assert await listed(store, behind) == [each for each in "a" if each > odd]

    async def test_the_longest_ids_are_stored(self, store: Whole) -> None:
        """Of signs that take the most room, and that nothing makes shorter."""
        signs = "".join(chr(0x10000 + n * 257) for n in range(255))
        kept = await one(store, record(signs, tenant=TenantId(signs[::-1])))

        assert await store.records.record(Kind.ACCOUNT, signs, tenant=kept.tenant) == kept
        assert await listed(store, RecordQuery(kind=Kind.ACCOUNT, tenant=kept.tenant)) == [signs]

    async def test_nothing_to_write_is_written(self, store: Whole) -> None:
        """No change is no error."""
        assert await write(store) == Written()

    async def test_an_instant_that_is_none_is_refused(self, store: Whole) -> None:
        """It would never come."""
        with pytest.raises(StoreError):
            await write(store, fresh(record("a", expires_at=float("nan"))))
