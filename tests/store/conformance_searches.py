"""What every store promises of pages of records, and of what is found in them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.store.bundle import ACME, Whole
from tests.store.conformance_records import ZETA, fresh, listed, one, record, write
from vedette.ports.records import Kind, RecordQuery


class SearchContract:
    """Pages, texts, members of bodies."""

    # Those that are named.

    async def test_records_are_read_by_their_ids_together(self, store: Whole) -> None:
        """Each once, in the order of ids; what is not there, expired or another's is left out."""
        await one(store, record("b"), now=5.0)
        await one(store, record("a"))
        await one(store, record("old", expires_at=1.0), now=0.5)
        await one(store, record("a", kind=Kind.APP))
        await one(store, record("z", tenant=ZETA))
        asked = ["z", "b", "x", "old", "a", "b", "\0", "\udc80"]
        found = await store.records.several(Kind.ACCOUNT, asked)

        assert [each.id for each in found] == ["a", "b", "z"]
        assert found[1] == await store.records.record(Kind.ACCOUNT, "b")
        behind = await store.records.several(Kind.ACCOUNT, asked, tenant=ACME)
        assert [each.id for each in behind] == ["a", "b"]
        assert await store.records.several(Kind.ACCOUNT, []) == []

    # Pages and searches.

    async def test_pages_are_in_the_order_of_code_points(self, store: Whole) -> None:
        """Whatever the database's own order is; each begins behind the last of the one before."""
        ids = ["B", "Z9", "a", "a-1", "a.1", "a1", "ab", "z", "ä", "ﬀ", "😀"]
        assert ids == sorted(ids)
        await write(store, *(fresh(record(each)) for each in reversed(ids)))
        await one(store, record("aa", tenant=ZETA))
        acme = RecordQuery(kind=Kind.ACCOUNT, tenant=ACME)

        assert await listed(store, acme) == ids
        assert await listed(store, replace(acme, limit=4)) == ids[:4]
        assert await listed(store, replace(acme, after=ids[3], limit=4)) == ids[4:8]
        assert await listed(store, replace(acme, after=ids[-1])) == []
        assert await listed(store, replace(acme, tenant=None, after="a1")) == ["aa", *ids[6:]]
        assert await listed(store, replace(acme, limit=0)) == []
        assert await listed(store, replace(acme, limit=10**30)) == ids

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("anna", ["a", "b"]),
            ("ANNA@", ["a"]),
            ("straße", ["b"]),
            ("STRASSE", ["b"]),
            ("café", ["c"]),
            ("cafe\u0301", ["c"]),
            ("%", ["d"]),
            ("_", ["d"]),
            ("\\ o", ["d"]),
            ("*", []),
            ("a%a", []),
            ("a_na", []),
            ("", ["a", "b", "c", "d", "e"]),
            (r"\x00", ["e"]),
            ("\0", ["e"]),
        ],
    )
    async def test_a_text_is_found_anywhere_in_the_label(
        self, store: Whole, text: str, found: list[str]
    ) -> None:
        """Whatever its case and its composition; no sign stands for others."""
        labels = {
            "a": "Anna@example.org",
            "b": "Hauptstraße, ANNA",
            "c": "CAFE\u0301",
            "d": "50 % \\ of_it",
            "e": "a\0\udc80b",
        }
        await write(store, *(fresh(record(each, label=labels[each])) for each in labels))

        assert await listed(store, RecordQuery(kind=Kind.ACCOUNT, text=text)) == found
        acme = RecordQuery(kind=Kind.ACCOUNT, text=text, tenant=ACME)
        assert await listed(store, acme) == found

    @pytest.mark.parametrize(
        ("fields", "found"),
        [
            ({"app": "google"}, ["a", "b"]),
            ({"app": "google", "active": True}, ["a"]),
            ({"active": False}, ["b"]),
            ({"active": "true"}, ["c"]),
            ({"tags": "vip"}, ["a"]),
            ({"tags": 'q"\\'}, ["b"]),
            ({"tags": "ünï"}, ["b"]),
            ({"tags": "vi"}, []),
            ({"tags": True}, []),
            ({"inner": "deep"}, []),
            ({"inner": "value"}, []),
            ({"deep": "value"}, []),
            ({"app": "1"}, []),
            ({"n": "1"}, []),
            ({"none": "null"}, []),
            ({"active": True, "tags": "vip", "app": "google"}, ["a"]),
            ({'a"b.c[0]$': "x"}, ["c"]),
            ({"\0": "\0"}, ["c"]),
        ],
    )
    async def test_members_of_the_body_are_found_by_their_values(
        self, store: Whole, fields: dict[str, str | bool], found: list[str]
    ) -> None:
        """A text and a flag as they are, of a list what it holds; nothing deeper."""
        bodies: dict[str, object] = {
            "a": {"app": "google", "active": True, "tags": ["vip", "x"], "n": 1},
            "b": {"app": "google", "active": False, "tags": ['q"\\', "ünï", [True, "vi"]]},
            "c": {
                "active": "true",
                "tags": [True],
                "inner": {"deep": "value", "app": "1"},
                'a"b.c[0]$': "x",
                "\0": "\0",
                "none": None,
            },
        }
        puts = [fresh(record(each, body=json.dumps(bodies[each]))) for each in bodies]
        await write(store, *puts)

        assert await listed(store, RecordQuery(kind=Kind.ACCOUNT, fields=fields)) == found
        acme = RecordQuery(kind=Kind.ACCOUNT, fields=fields, tenant=ACME)
        assert await listed(store, acme) == found
