"""All figures, in the order in which they are measured and shown. Must not know: what they measure."""

from __future__ import annotations

from bench.figures import (
    api,
    busy,
    catch_up,
    delivery,
    guard_cpu,
    guard_latency,
    guard_lists,
    idle,
    mime,
    neighbour,
    round_trips,
    sinks,
    store,
    storm,
    throughput,
    watch,
    webhook,
)
from bench.figures.figure import Figure

FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        watch.FIGURE,
        idle.FIGURE,
        storm.FIGURE,
        webhook.FIGURE,
        busy.FIGURE,
        round_trips.FIGURE,
        *catch_up.FIGURES,
        delivery.FIGURE,
        throughput.FIGURE,
        neighbour.FIGURE,
        store.FIGURE,
        api.FIGURE,
        sinks.FIGURE,
        mime.FIGURE,
        guard_cpu.FIGURE,
        guard_lists.FIGURE,
        guard_latency.FIGURE,
    )
}
