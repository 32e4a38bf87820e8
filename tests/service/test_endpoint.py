"""An endpoint's record makes the settings that the file would make, and nothing raises else."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.office import ADMIN, Office
from vedette.config.document import parse
from vedette.config.endpoints import read_endpoint
from vedette.config.settings import EndpointSettings
from vedette.config.sinks import EndpointKind
from vedette.errors import ConfigError
from vedette.model.ids import TenantId
from vedette.ports.records import Kind
from vedette.secret import Secret
from vedette.service.endpoints.endpoint import (
    MEMBERS,
    RegisteredEndpoint,
    endpoint_of,
    record_of,
    settings_of,
)

URL = Secret("https://hooks.example.org/in/t0ps3cret")


async def settings(office: Office, id_: str) -> EndpointSettings:
    """Return how an endpoint is delivered to, as who follows the records gets it."""
    record = office.records.rows.records[Kind.ENDPOINT, id_]
    return settings_of(endpoint_of(record), await office.cabinet.opened(record))


FILE = """
[webhook]
type = "webhook"
url = "https://hooks.example.org/in"
secret = "whsec_ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGQ="
profile = "emailengine"
rate = 5

[redis]
type = "redis"
url = "rediss://jane:x@redis.example.org"
stream = "mail"
maxlen = 7
tags = ["vip"]

[nats]
type = "nats"
url = "nats://nats.example.org"
subject = "mail.{account}"

[amqp]
type = "amqp"
url = "amqps://amqp.example.org/v"
exchange = ""
routing_key = "mail"

[kafka]
type = "kafka"
url = "kafka+tls://kafka.example.org"
topic = "mail"
mechanism = "plain"

[postgres]
type = "postgres"
url = "postgres+tls://db.example.org/app"
table = "app.mail"
ordered = true

[exec]
type = "exec"
command = ["/bin/cat", "-"]
directory = "/tmp"

[file]
type = "file"
path = "/tmp/mail.jsonl"
fsync = true

[stdout]
type = "stdout"
folders = ["INBOX"]
"""


SECRETS = {"url", "secret"}


CAMEL = {"routing_key": "routingKey"}


@pytest.mark.parametrize("kind", EndpointKind)
async def test_each_kind_is_what_the_file_makes_of_the_same_words(
    office: Office, kind: EndpointKind
) -> None:
    """Whichever way it was set."""
    file = read_endpoint(parse(FILE, file="vedette.toml").table(kind.value))
    values = {name: parse(FILE, file="x").table(kind.value).raw(name) for name in _keys(kind)}
    wish = {
        CAMEL.get(name, name): Secret(value) if name in SECRETS else value
        for name, value in values.items()
    }

    made, _ = await office.endpoints.create(ADMIN, wish, id_=kind.value)

    assert await settings(office, made.id) == file


def _keys(kind: EndpointKind) -> tuple[str, ...]:
    return parse(FILE, file="x").table(kind.value).keys


@given(
    kind=st.sampled_from(EndpointKind),
    tenant=st.none() | st.just(TenantId("t")),
    title=st.text("abc ", max_size=5),
    place=st.text("abc:/", max_size=5),
    sealed=st.lists(st.sampled_from(["url", "secret", "headers"]), unique=True).map(tuple),
    active=st.booleans(),
    members=st.dictionaries(st.text(max_size=5), st.booleans() | st.text(max_size=3)),
)
def test_an_endpoint_that_is_written_is_read(
    kind: EndpointKind,
    tenant: TenantId | None,
    title: str,
    place: str,
    sealed: tuple[str, ...],
    members: dict[str, object],
    *,
    active: bool,
) -> None:
    """Every field of it."""
    endpoint = RegisteredEndpoint(
        id="e",
        tenant=tenant,
        kind=kind,
        title=title,
        place=place,
        sealed=sealed,
        active=active,
        members=members,
    )

    assert endpoint_of(record_of(endpoint)) == endpoint


@given(
    kind=st.sampled_from(EndpointKind),
    members=st.dictionaries(
        st.sampled_from(sorted({name for each in MEMBERS.values() for name in each} | {"events"})),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
    ),
)
def test_any_members_are_settings_or_a_mistake(
    kind: EndpointKind, members: dict[str, object]
) -> None:
    """A record that another version wrote raises nothing else."""
    known = {name: value for name, value in members.items() if name in {*MEMBERS[kind], "events"}}
    endpoint = RegisteredEndpoint(id="e", tenant=None, kind=kind, members=known)
    secrets = (
        {} if kind in {EndpointKind.EXEC, EndpointKind.FILE, EndpointKind.STDOUT} else {"url": URL}
    )

    with suppress(ConfigError):
        assert settings_of(endpoint, secrets).endpoint.id == "e"
