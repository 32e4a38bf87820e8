"""From settings to sinks: each kind becomes its own, and what can not work is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.ports import free_port
from vedette.app.clock import SystemClock
from vedette.app.sinks import build
from vedette.config.settings import EndpointSettings, SinkSettings
from vedette.errors import SinkError
from vedette.model.delivery import Delivered, Endpoint, Parcel, Refused
from vedette.model.ids import EndpointId, EventId
from vedette.secret import Secret
from vedette.sinks.command import CommandSettings, CommandSink
from vedette.sinks.lines import LinesSettings, LinesSink
from vedette.sinks.webhook import WebhookSettings, WebhookSink

OUT = EndpointId("out")
PARCEL = Parcel(
    delivery=1,
    endpoint=OUT,
    event=EventId("e1"),
    type="message.received",
    lane=b"INBOX",
    body=b"{}",
    attempt=1,
    queued_at=0.0,
)


def settings(sink: SinkSettings, *, private: bool = False) -> EndpointSettings:
    return EndpointSettings(endpoint=Endpoint(id=OUT), sink=sink, private=private)


@pytest.mark.parametrize(
    ("sink", "kind"),
    [
        (WebhookSettings(url=Secret("https://hooks.example.org")), WebhookSink),
        (CommandSettings(command="true"), CommandSink),
        (LinesSettings(path=Path("/x")), LinesSink),
        (LinesSettings(), LinesSink),
    ],
)
def test_each_kind_of_settings_has_its_sink(sink: SinkSettings, kind: type[object]) -> None:
    """None of them is started yet."""
    assert isinstance(build(settings(sink), SystemClock()), kind)


@pytest.mark.parametrize(
    "sink",
    [
        CommandSettings(command=()),
        CommandSettings(command="a\0b"),
        WebhookSettings(url=Secret("https://h.example"), headers={"Host": Secret("x")}),
    ],
)
def test_what_can_not_work_is_told_when_it_is_built(sink: SinkSettings) -> None:
    """Before anything is delivered."""
    with pytest.raises(SinkError):
        build(settings(sink), SystemClock())


async def test_a_webhook_to_an_inside_address_needs_private() -> None:
    """The guard is given to the sink: with it the port is not even dialled."""
    url = f"http://127.0.0.1:{free_port()}/"
    told = []
    for private in (False, True):
        sink = build(settings(WebhookSettings(url=Secret(url)), private=private), SystemClock())
        await sink.start()
        outcome = await sink.send(PARCEL)
        await sink.stop()
        assert isinstance(outcome, Refused)
        told.append(outcome.reason)

    forbidden, dialled = told
    assert forbidden != dialled
    assert "private" in forbidden or "not allowed" in forbidden or "loopback" in forbidden


async def test_a_file_that_was_built_takes_an_event(tmp_path: Path) -> None:
    """What is built is what runs."""
    sink = build(settings(LinesSettings(path=tmp_path / "out")), SystemClock())
    await sink.start()

    assert isinstance(await sink.send(PARCEL), Delivered)
    await sink.stop()
    assert (tmp_path / "out").read_bytes() == b"{}\n"
