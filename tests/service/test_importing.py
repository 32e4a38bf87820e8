"""A file of accounts is taken as a whole or not at all, and every mistake has its line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.office import ACME, ADMIN, ANNA, OTHER, Office
from vedette.errors import StoreError
from vedette.secret import Secret
from vedette.service.accounts import importing
from vedette.service.accounts.importing import Line, read_csv, read_json
from vedette.service.refusals import InvalidError, PlanLimitError

CSV = """email,host,port,encryption,password,folders,active,tags,start
jane@example.org,mail.example.org,,,hunter2,INBOX;Junk,,vip;old,
"joe@example.org",mail.example.org,143,starttls," spaced ",,no,,2026-11-01

jim@example.org,mail.example.org,,,"a,b""c",,yes,,50
"""


def mistakes(read: Callable[[], object]) -> list[tuple[str, str]]:
    """Return what is wrong, with its line."""
    with pytest.raises(InvalidError) as caught:
        read()
    return [(each.field, each.why) for each in caught.value.mistakes]


async def test_a_table_is_read_as_its_author_means_it(office: Office) -> None:
    """Lists, flags, numbers; a password with blanks and quotes is that password."""
    done = await office.importing.take(ANNA, read_csv(CSV))

    found = {each.account.email[:3]: each for each in (await office.accounts_of()).values()}
    assert (done.made, done.there) == (3, 0)
    assert (found["jan"].account.folders, found["jan"].tags) == (("INBOX", "Junk"), ("vip", "old"))
    assert (found["joe"].target.port, found["joe"].active) == (143, False)
    assert found["joe"].account.beginning.instant == 1_793_491_200.0
    assert found["jim"].account.beginning.count == 50
    secrets = [
        (await office.secrets(found[each].account.id))["password"] for each in ("joe", "jim")
    ]
    assert secrets == [" spaced ", 'a,b"c']


@pytest.mark.parametrize("lines", [False, True])
async def test_json_is_read_as_a_list_or_line_by_line(office: Office, *, lines: bool) -> None:
    """The members are those of the API."""
    items = [
        {"email": f"{name}@example.org", "host": "mail.example.org", "password": "hunter2"}
        for name in ("jane", "joe")
    ]
    text = "\n\n".join(map(json.dumps, items)) if lines else json.dumps(items, indent=1)

    assert (await office.importing.take(ANNA, read_json(text))).made == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[{"host": "a", "host": "b"}, {"host": "a"}, {"tags": ["x"], "email": 1, "email": 2}]',
            [("line 1 host", "is there twice"), ("line 3 email", "is there twice")],
        ),
        (
            '{"host": "a"}\n\n{"start": {"last": 1, "last": 2}}\n{"tags": [[{"x": 1, "\\u0078": 2}]]}',
            [("line 3 last", "is there twice"), ("line 4 x", "is there twice")],
        ),
        ('{"host": "a", "host": "a"}', [("line 1 host", "is there twice")]),
    ],
    ids=["list", "lines", "one"],
)
def test_a_member_that_is_there_twice_is_a_mistake_at_its_line(
    text: str, told: list[tuple[str, str]]
) -> None:
    """Who looked the file over may have seen the first of both, and we would take the last."""
    assert mistakes(lambda: read_json(text)) == told


async def test_every_mistake_is_told_with_its_line_and_nothing_is_written(office: Office) -> None:
    """So that the file is mended once."""
    text = (
        "email,host,port,password,private\n"
        "jane@example.org,mail.example.org,99999,hunter2,\n"
        "joe@example.org,,,hunter2,maybe\n"
        "jim@example.org,mail.example.org,,,\n"
        "ann@example.org,mail.example.org,,hunter2,\n"
        "ANN@example.org,mail.example.org,,hunter2,\n"
    ).replace("ANN", "ann")

    with pytest.raises(InvalidError) as caught:
        await office.importing.take(ANNA, read_csv(text))

    assert [each.field for each in caught.value.mistakes] == [
        "line 2 port",
        "line 3 private",
        "line 3 host",
        "line 4 password",
        "line 6",
    ]
    assert "hunter2" not in str(caught.value)
    assert await office.accounts_of() == {}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "line 1"),
        ("email,pasword\n", "line 1 pasword"),
        ("email,email\n", "line 1 email"),
        ("email,host\na,b,c\n", "line 2"),
        ('email,host\n"a,b\n', "line 2"),
    ],
)
def test_what_is_no_table_is_told_with_its_line(text: str, field: str) -> None:
    """Before any of it is looked at as an account."""
    assert mistakes(lambda: read_csv(text))[0][0] == field


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", "line 1"),
        ("[1]", "line 1"),
        ('{"email": "a"}\n\nx', "line 3"),
        ('[{"id": 7}]', "line 1 id"),
        ("7", "line 1"),
    ],
)
def test_what_is_no_json_of_accounts_is_told_with_its_line(text: str, field: str) -> None:
    """As for a table."""
    assert mistakes(lambda: read_json(text))[0][0] == field


def test_a_secret_is_one_from_the_first_line() -> None:
    """What was read can be logged."""
    assert read_csv("password\nhunter2\n")[0].wish["password"] == Secret("hunter2")
    assert "hunter2" not in repr(read_json('[{"password": "hunter2"}]'))


@given(text=st.text(st.sampled_from('email,host\n\r";\0{}[]: 7é\ufeff')))
def test_any_text_is_lines_or_mistakes(text: str) -> None:
    """Whatever a file holds."""
    for read in (read_csv, read_json):
        try:
            found = read(text)
        except InvalidError as error:
            found = []
            told = error.mistakes
        else:
            told = ()
        assert all(isinstance(each, Line) for each in found)
        is_empty = read is read_csv or not text.strip('\ufeff \r\n\0;"')
        assert found or told or is_empty or "".join(text.split()) == "[]"


async def test_an_import_that_was_cut_off_is_begun_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is left as it is; no account is made twice."""
    monkeypatch.setattr(importing, "STEP", 2)
    rows = "".join(f"u{n}@example.org,mail.example.org,pw{n}\n" for n in range(7))
    lines = read_csv(f"email,host,password\n{rows}")
    writes = iter([True, True])
    write = office.records.write

    async def dying(*changes: object, **keywords: object) -> object:
        if not next(writes, False):
            raise StoreError("gone")
        return await write(*changes, **keywords)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(office.records, "write", dying)
        with pytest.raises(StoreError):
            await office.importing.take(ANNA, lines)
    assert len(await office.accounts_of()) == 4

    done = await office.importing.take(ANNA, lines)

    assert (done.made, done.there) == (3, 4)
    assert len(await office.accounts_of()) == 7


async def test_what_the_plan_has_no_room_for_is_refused_before_the_first(office: Office) -> None:
    """Half a list of mailboxes is worse than none."""
    await office.tenants.update(ADMIN, ACME, {"maxAccounts": 2})

    with pytest.raises(PlanLimitError) as caught:
        await office.importing.take(ANNA, read_csv(CSV))

    assert (caught.value.current, caught.value.limit) == (0, 2)
    assert await office.accounts_of() == {}


async def test_an_admin_imports_for_several_tenants_under_ids_of_their_own(
    office: Office,
) -> None:
    """A tenant that is not there is a mistake of its line, and so is an id that is taken."""
    text = (
        "id,tenant,email,host,password\n"
        "one,acme,jane@example.org,mail.example.org,x\n"
        "two,other,jane@example.org,mail.example.org,x\n"
    )

    assert (await office.importing.take(ADMIN, read_csv(text))).made == 2
    found = await office.accounts_of(ADMIN)
    assert {id_: each.account.tenant for id_, each in found.items()} == {"one": ACME, "two": OTHER}

    unknown = read_csv(text.replace("acme", "nobody"))
    with pytest.raises(InvalidError, match="line 2 tenant: there is no tenant"):
        await office.importing.take(ADMIN, unknown)
    taken = read_csv(text.replace("jane", "joe"))
    with pytest.raises(InvalidError, match="one"):
        await office.importing.take(ADMIN, taken)
    with pytest.raises(InvalidError, match="line 3 tenant"):
        await office.importing.take(ANNA, read_csv(text))
