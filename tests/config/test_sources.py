"""The ``[sources.NAME]`` tables: what is read, and mistakes with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.config.service import read_settings
from vedette.errors import ConfigError
from vedette.ports.link import Encryption
from vedette.ports.registration import Auth, Grant
from vedette.sources.location import Make
from vedette.sources.settings import Column, Provider, SourceSettings, Taken, Way

HEAD = '[sources.app]\nurl = "postgres://u:hunter2@db.example.org/app"\nquery = "SELECT 1"\n'
KEY = "00" * 32


def read(folder: Path, text: str) -> SourceSettings:
    """Read a configuration with one source."""
    file = folder / "vedette.toml"
    file.write_text(text)
    (source,) = read_settings(file).sources
    return source


def test_a_source_is_a_url_and_a_query_and_the_rest_has_defaults(tmp_path: Path) -> None:
    """Rows decide, no secret is encrypted, nothing is written, and no host is an inside one."""
    found = read(tmp_path, HEAD)

    assert (found.name, found.location.database, found.query) == ("app", Make.POSTGRES, "SELECT 1")
    assert (found.refresh, found.rows, found.second_look) == (300.0, 50_000, 60.0)
    assert (found.cipher, found.columns, found.auth) == (None, {}, {})
    assert not found.write.is_asked_for
    assert not found.location.private
    assert not found.mail.private
    assert "hunter2" not in repr(found)


def test_a_url_that_spells_out_an_inside_address_means_it(tmp_path: Path) -> None:
    """Whoever runs the service wrote it; a name has to be allowed."""
    inside = HEAD.replace("db.example.org", "10.0.0.5")

    assert read(tmp_path, inside).location.private
    assert read(tmp_path, f"{HEAD}private = true\n").location.private
    assert not read(tmp_path, f"{inside}private = false\n").location.private


def test_a_url_and_a_key_may_come_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As all secrets do."""
    monkeypatch.setenv("DATABASE_URL", "mysql://u:hunter2@db.example.org/app")
    (tmp_path / "key").write_text(f"{KEY}\n")
    found = read(
        tmp_path,
        '[sources.app]\nurl_env = "DATABASE_URL"\nquery = "SELECT 1"\n'
        f'[sources.app.cipher]\nkey_file = "{tmp_path / "key"}"\n',
    )

    assert found.location.database is Make.MYSQL
    assert found.cipher is not None
    assert found.cipher.key.reveal() == bytes(32)


def test_columns_ways_and_providers_are_read_by_name(tmp_path: Path) -> None:
    """The host's own words on the left or on the right, as each table has them."""
    found = read(
        tmp_path,
        f"""{HEAD}
        [sources.app.columns]
        id = "mailboxId"
        tenant = {{ value = "acme" }}
        active = {{ value = true }}
        [sources.app.auth]
        app_password = "password"
        "oauth2 ms" = "token"
        google = "oauth2:g-suite"
        [sources.app.providers.GMX]
        host = "imap.gmx.net"
        encryption = "starttls"
        domains = ["GMX.de"]
        """,
    )

    assert found.columns == {
        Column.ID: Taken(column="mailboxId"),
        Column.TENANT: Taken(value="acme"),
        Column.ACTIVE: Taken(value=True),
    }
    assert found.auth == {
        "app_password": Way(),
        "oauth2 ms": Way(is_token=True),
        "google": Way(grant=Grant(auth=Auth.OAUTH2, app="g-suite")),
    }
    assert found.providers == {
        "gmx": Provider(
            host="imap.gmx.net", port=143, encryption=Encryption.STARTTLS, domains=("gmx.de",)
        )
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[sources.a]\nquery = "SELECT 1"\n', "1: sources.a.url: is missing"),
        ('[sources.a]\nurl = "sqlite:///x"\n', "1: sources.a.query: is missing"),
        (
            '[sources.a]\nurl = "oracle://hunter2@x/y"\n',
            "2: sources.a.url: the database's URL is none",
        ),
        (f"{HEAD}refresh = 0\n", "4: sources.app.refresh: 0 is not within 1"),
        (f'{HEAD}channel = "x"\n', "4: sources.app.channel: is not known here"),
        (
            f'{HEAD.replace("postgres", "mysql")}listen = "x"\n',
            "4: sources.app.listen: only Postgres",
        ),
        (
            f'{HEAD}columns.pasword = "x"\n',
            "columns.pasword: is not known here; did you mean 'password'",
        ),
        (f"{HEAD}columns.id = 5\n", "columns.id: expected the name of a column"),
        (f"{HEAD}columns.id = {{ value = [1] }}\n", "columns.id: a value is a text"),
        (f'{HEAD}auth.ms = "oauth"\n', 'auth.ms: expected "password", "token"'),
        (f'{HEAD}auth.ms = "token_url:ftp://x"\n', 'auth.ms: expected "password"'),
        (f'{HEAD}cipher.layout = "iv:tag:ciphertext"\n', "cipher.key: is missing"),
        (f'{HEAD}cipher.key = "abcd"\n', "cipher.key: the key has 2 octets as hex"),
        (
            f'{HEAD}cipher = {{ key = "{KEY}", layout = "iv:tag" }}\n',
            "cipher.layout: 'iv:tag' needs",
        ),
        (
            f'{HEAD}cipher = {{ key = "{KEY}", aad = "{{id" }}\n',
            "cipher.aad: a column stands between",
        ),
        (
            f'{HEAD}cipher = {{ key = "{KEY}", encoding = "raw" }}\n',
            "cipher.layout: raw octets are joined by +",
        ),
        (f"{HEAD}providers.x.port = 993\n", "providers.x.host: is missing"),
        (f'{HEAD}mail.encryption = "none"\n', "mail.encryption: no TLS at all needs plain = true"),
        (f'{HEAD}write.on_error = "SET e = :eror"\n', "write.on_error: :eror is not known here"),
        (f'{HEAD}write.on_error = "SET e = :error"\n', "write.on_error: has no :id in it"),
    ],
)
def test_a_mistake_names_its_line_and_key(tmp_path: Path, text: str, words: str) -> None:
    """And never a secret."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)

    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)
