"""The tables of endpoints: each kind with all its keys, and one line for what is wrong."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.config.document import parse
from vedette.config.endpoints import names_inside, read_endpoint
from vedette.config.settings import EndpointSettings
from vedette.config.sinks import EndpointKind
from vedette.errors import ConfigError
from vedette.model.account import Depth
from vedette.model.delivery import Endpoint, Profile, Selection
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.secret import Secret
from vedette.sinks.command import CommandSettings
from vedette.sinks.lines import LinesSettings
from vedette.sinks.webhook import WebhookSettings

NEW, OLD = b"n" * 32, b"o" * 32
SIGNING, SIGNING_OLD = (f"whsec_{base64.b64encode(key).decode()}" for key in (NEW, OLD))
WEBHOOK = 'type = "webhook"\nurl = "https://hooks.example.org/T0K3N-Zq81"\n'
KINDS = ", ".join(EndpointKind)
EXEC = 'type = "exec"\ncommand = "notify --now"\n'


def endpoint(text: str) -> EndpointSettings:
    """Read one endpoint that is written so."""
    document = parse(f"[endpoints.out]\n{text}", file="x.toml")
    return read_endpoint(document.table("endpoints").table("out"))


def refusal(text: str) -> str:
    """Return the one line by which an endpoint is refused; no secret is in it."""
    with pytest.raises(ConfigError) as refused:
        endpoint(text)
    line = str(refused.value)
    assert line.startswith("x.toml:")
    assert "\n" not in line
    assert "Zq81" not in line
    return line


def webhook(text: str) -> WebhookSettings:
    """Read an endpoint that is a webhook."""
    sink = endpoint(text).sink
    assert isinstance(sink, WebhookSettings)
    return sink


def command(text: str) -> CommandSettings:
    """Read an endpoint that is a command."""
    sink = endpoint(text).sink
    assert isinstance(sink, CommandSettings)
    return sink


def test_a_webhook_needs_only_its_url() -> None:
    """It takes everything, in any order, unsigned, and not to inside addresses."""
    found = endpoint(WEBHOOK)

    assert found == EndpointSettings(
        endpoint=Endpoint(id=EndpointId("out")),
        sink=WebhookSettings(url=Secret("https://hooks.example.org/T0K3N-Zq81")),
        private=False,
    )


def test_every_key_of_a_webhook_is_taken_as_it_is_written() -> None:
    """Nothing that can be written is dropped on the way."""
    found = endpoint(
        WEBHOOK
        + 'events = ["message.*"]\ntenants = ["acme"]\naccounts = ["anna"]\nordered = true\n'
        + "concurrency = 3\ntimeout = 2.5\nverify = false\nprivate = true\n"
        + 'folders = ["Support"]\ntags = ["vip"]\ndepth = "metadata"\nrate = 12.5\n'
        + 'ca_file = "/etc/ca.pem"\nproxy = "http://proxy.example.org"\n'
        + f'secret = "{SIGNING}"\n[endpoints.out.headers]\nAuthorization = "Bearer x"\n'
    )

    assert found.endpoint == Endpoint(
        id=EndpointId("out"),
        selection=Selection(
            types=("message.*",),
            tenants=(TenantId("acme"),),
            accounts=(AccountId("anna"),),
            folders=("Support",),
            tags=("vip",),
        ),
        depth=Depth.METADATA,
        ordered=True,
        concurrency=3,
        rate=12.5,
    )
    assert found.sink == WebhookSettings(
        url=Secret("https://hooks.example.org/T0K3N-Zq81"),
        keys=(Secret(NEW),),
        headers={"Authorization": Secret("Bearer x")},
        timeout=2.5,
        connections=3,
        ca_file=Path("/etc/ca.pem"),
        verify=False,
        proxy=Secret("http://proxy.example.org"),
    )
    assert found.private


def test_a_profile_takes_what_it_has_words_for() -> None:
    """Without a filter all of it, and plain JSON: its body is no CloudEvent."""
    found = endpoint(WEBHOOK + 'profile = "inbound-email-received"\n')

    assert found.endpoint.profile is Profile.INBOUND_EMAIL_RECEIVED
    assert found.endpoint.selection.types == ("message.received", "message.unparseable")
    assert isinstance(found.sink, WebhookSettings)
    assert found.sink.content_type == "application/json; charset=utf-8"


def test_a_profile_is_not_asked_for_what_it_has_no_words_for() -> None:
    """The endpoint would wait for ever for what can not be told there."""
    line = refusal(WEBHOOK + 'profile = "emailengine"\nevents = ["message.received", "guard.*"]\n')

    assert line.startswith("x.toml:5: endpoints.out.events: the profile emailengine has no guard.*")


def test_a_profile_keeps_to_the_events_that_are_asked_for() -> None:
    """A pattern is read as the types it stands for there."""
    found = endpoint(WEBHOOK + 'profile = "emailengine"\nevents = ["account.*"]\n')

    assert found.endpoint.selection.types == (
        "account.connected",
        "account.auth_failed",
        "account.degraded",
    )


def test_a_rate_of_nothing_is_no_bound() -> None:
    """The default, written out."""
    assert endpoint(WEBHOOK + "rate = 0\n").endpoint.rate is None


def test_during_a_rotation_the_new_secret_signs_first() -> None:
    """Whatever order they are written in."""
    found = webhook(WEBHOOK + f'secret_old = "{SIGNING_OLD}"\nsecret = "{SIGNING}"\n')

    assert found.keys == (Secret(NEW), Secret(OLD))


def test_url_and_secret_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL of many services is itself a secret."""
    monkeypatch.setenv("HOOK", "https://hooks.example.org/x")
    monkeypatch.setenv("KEY", SIGNING)

    found = webhook('type = "webhook"\nurl_env = "HOOK"\nsecret_env = "KEY"\n')

    assert found.url == Secret("https://hooks.example.org/x")
    assert found.keys == (Secret(NEW),)


@pytest.mark.parametrize("key", ["secret", "secret_old"])
@pytest.mark.parametrize("value", ["Zq81", "whsec_", "whsec_Zq81", "whsec_Zq81***", "whsec_Zq81é"])
def test_a_key_that_can_not_sign_is_refused_and_not_repeated(key: str, value: str) -> None:
    """Another prefix, no base64, or too short."""
    assert refusal(WEBHOOK + f'{key} = "{value}"\n').startswith(f"x.toml:4: endpoints.out.{key}: ")


def test_a_wrong_key_of_the_environment_names_the_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line of ``secret_env``, for there is none of ``secret``."""
    monkeypatch.setenv("KEY", "Zq81")

    assert refusal(WEBHOOK + 'secret_env = "KEY"\n').startswith(
        "x.toml:4: endpoints.out.secret_env: "
    )


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h/Zq81", "hooks.example.org/Zq81", "https://", "https:///Zq81", "http://[Zq81",
        "https://h.example:99999/Zq81", "https://h.example:x/Zq81", "https://h.example/Zq81\\r\\nX: y",
        "https://h.exa\\tmple/Zq81", "https://h.example/ Zq81", "https://h.example\\\\@127.0.0.1/Zq81",
        "https://h.example/Zq81\\u200b",
    ],
)  # fmt: skip
def test_what_is_no_http_url_is_refused_and_not_repeated(url: str) -> None:
    """When it is read, not at the first event."""
    line = refusal(f'type = "webhook"\nurl = "{url}"\n')

    assert line.startswith("x.toml:3: endpoints.out.url: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "127.0.0.1"), ("content-length", "0"), ("Transfer-Encoding", "chunked"),
        ("webhook-signature", "v1,x"), ("a b", "x"), ("x-a", "Zq81\\r\\nX: y"), ("x-a", "Zq81\\u001b"),
    ],
)  # fmt: skip
def test_a_header_that_no_webhook_can_have_is_refused_when_it_is_read(
    name: str, value: str
) -> None:
    """Not at the first event: what frames, routes or signs a request is ours to say."""
    line = refusal(WEBHOOK + f'headers = {{ "{name}" = "{value}" }}\n')

    assert line.startswith("x.toml:4: endpoints.out.headers: ")


def test_the_scheme_of_a_webhook_may_be_in_capitals() -> None:
    """RFC 3986 section 3.1: schemes are case-insensitive."""
    assert webhook('type = "webhook"\nurl = "HTTPS://h.example/"\n').timeout == 15.0


def test_a_webhook_without_a_url_is_refused() -> None:
    """The line is that of the table."""
    line = refusal('type = "webhook"\n')

    assert line.startswith("x.toml:1: endpoints.out.url: is missing")


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("http://localhost:8080/x", True),
        ("http://LOCALHOST/", True),
        ("http://127.0.0.1/", True),
        ("http://10.1.2.3/", True),
        ("http://192.168.0.1/", True),
        ("https://[::1]/", True),
        ("https://[fd00::1]/", True),
        ("https://8.8.8.8/", False),
        ("https://inside.example.org/", False),
        ("https://localhost.example.org/", False),
        ("https://127.0.0.1@hooks.example.org/", False),
    ],
)
def test_only_a_url_that_spells_out_an_inside_address_may_go_inside(
    url: str, *, inside: bool
) -> None:
    """A name that resolves to one is what an attack looks like."""
    assert names_inside(Secret(url)) is inside
    assert endpoint(f'type = "webhook"\nurl = "{url}"\n').private is inside


def test_an_inside_address_can_be_forbidden_by_hand() -> None:
    """What is written counts more than what is guessed."""
    assert not endpoint('type = "webhook"\nurl = "http://10.0.0.1"\nprivate = false\n').private


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"notify --now"', "notify --now"),
        ('["/usr/bin/notify", "--now"]', ("/usr/bin/notify", "--now")),
    ],
)
def test_a_command_is_a_line_or_a_list(written: str, meant: str | tuple[str, ...]) -> None:
    """It is kept as it is written; who runs it splits it."""
    assert command(f'type = "exec"\ncommand = {written}\n').command == meant


@pytest.mark.parametrize("written", ['""', '" "', "[]", "3", '["notify", 3]', "true"])
def test_what_can_not_be_run_is_refused(written: str) -> None:
    """A line of blanks is no command either."""
    line = refusal(f'type = "exec"\ncommand = {written}\n')

    assert line.startswith("x.toml:3: endpoints.out.command: ")


def test_a_command_is_given_named_variables_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own secrets are not for every program that it runs."""
    monkeypatch.setenv("WANTED", "yes")
    monkeypatch.setenv("UNWANTED", "no")

    found = command(EXEC + 'environment = ["WANTED"]\ndirectory = "/tmp"\ntimeout = 9\n')

    assert found.environment["WANTED"] == "yes"
    assert "UNWANTED" not in found.environment
    assert (found.directory, found.timeout) == (Path("/tmp"), 9.0)


def test_a_variable_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name, on the line that asks for it."""
    monkeypatch.delenv("WANTED", raising=False)

    line = refusal(EXEC + 'environment = ["WANTED"]\n')

    assert line == "x.toml:4: endpoints.out.environment: the environment has no variable WANTED"


def test_a_file_is_ordered_and_lines_may_be_synced() -> None:
    """A file has an order anyway; a reader expects that of the mailbox."""
    found = endpoint('type = "file"\npath = "/var/log/mail.jsonl"\nfsync = true\n')

    assert found.sink == LinesSettings(path=Path("/var/log/mail.jsonl"), fsync=True)
    assert found.endpoint.ordered


def test_a_file_needs_a_path() -> None:
    """There is no default place."""
    assert "endpoints.out.path: is missing" in refusal('type = "file"\n')


def test_stdout_is_ordered_and_has_no_path() -> None:
    """It is where lines go by default."""
    found = endpoint('type = "stdout"\n')

    assert (found.sink, found.endpoint.ordered) == (LinesSettings(), True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('type = "webhok"', "did you mean 'webhook'?"),
        ('type = "files"', "did you mean 'file'?"),
        ("type = 3", f"is none of {KINDS}"),
        ('typ = "webhook"', "did you mean 'type'?"),
        ("", f"is missing: one of {KINDS}"),
        (WEBHOOK + 'evnets = ["message.*"]', "did you mean 'events'?"),
        ('type = "webhook"\nulr = "https://h.example"', "did you mean 'url'?"),
    ],
)
def test_a_misspelt_kind_or_key_is_refused_with_what_was_meant(text: str, said: str) -> None:
    """Nobody finds an endpoint that is silent."""
    assert refusal(text + "\n").endswith(said)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (WEBHOOK, 'path = "/x"'),
        (WEBHOOK, 'command = "x"'),
        (EXEC, 'url = "https://h.example"'),
        (EXEC, "private = true"),
        ('type = "stdout"\n', 'path = "/x"'),
        ('type = "stdout"\n', "fsync = true"),
        ('type = "file"\npath = "/x"\n', f'secret = "{SIGNING}"'),
    ],
)
def test_a_key_of_another_kind_is_refused(kind: str, line: str) -> None:
    """A promise that would not be kept: nothing signs a file."""
    key = line.split(" ", 1)[0]

    assert f"endpoints.out.{key}: is not known here" in refusal(f"{kind}{line}\n")


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (WEBHOOK, "concurrency = 0"),
        (WEBHOOK, "concurrency = 257"),
        (WEBHOOK, "timeout = 0"),
        (WEBHOOK, "timeout = 300.5"),
        (WEBHOOK, 'events = "message.*"'),
        (WEBHOOK, "headers = 3"),
        (WEBHOOK, "ordered = 1"),
        (EXEC, "timeout = 3601"),
        (EXEC, 'environment = "HOME"'),
    ],
)
def test_an_endpoint_out_of_bounds_names_its_line(kind: str, line: str) -> None:
    """File, line and key stand first."""
    key = line.split(" ", 1)[0]

    assert refusal(f"{kind}{line}\n").startswith(f"x.toml:4: endpoints.out.{key}: ")


@given(rest=st.text("ab:/@%?#[]9.", max_size=16))
def test_any_url_is_a_webhook_or_is_refused(rest: str) -> None:
    """Nothing but ConfigError is ever raised."""
    try:
        found = endpoint(f'type = "webhook"\nurl = "https://{rest}"\n')
    except ConfigError as error:
        refused = str(error)
        assert refused.startswith("x.toml:3: endpoints.out.url: ")
    else:
        assert isinstance(found.sink, WebhookSettings)
