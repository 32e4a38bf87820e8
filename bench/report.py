"""Results as tables: for the terminal, and as the page of the reference.

::

    python -m bench.report              write the page from what is published
    python -m bench.report --publish    publish the latest results, then write the page

Latest results of some figures take those figures' places among the published ones. Published are also the latest results of ``bench.scale``, where there are any.

The page says where a peer is better and which promise is not kept, with by how much. What limits
us is told by people, in ``limits.md`` beside the results. Must not know: how figures are measured.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures.catalogue import FIGURES
from bench.figures.figure import Figure, Quantity
from bench.results import (
    FOLDER,
    LATEST,
    PUBLISHED,
    PUBLISHED_SCALE,
    SCALE,
    Results,
    Spread,
)

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "performance.md"
LIMITS = FOLDER / "limits.md"


def page(results: Results, soak: dict[str, Any] | None = None) -> str:
    """Return the page; ``soak`` is what ``bench.scale`` wrote."""
    lines = [
        "# Performance",
        "",
        "<!-- Written by `python -m bench.report` from bench/results/published.json. -->",
        "",
        *_introduction(results),
        "",
        "## Promises",
        "",
        *_promises(results),
        "",
        "## Where a peer is better",
        "",
        *_losses(results),
    ]
    if LIMITS.exists():
        lines += ["", LIMITS.read_text(encoding="utf-8").rstrip("\n")]
    for name, figure in FIGURES.items():
        if name in results.figures:
            lines += ["", f"## {figure.title}", "", figure.method, ""]
            if name in results.later:
                lines += [f"Measured by itself on {results.later[name]}.", ""]
            lines += shown(figure, results)
    if soak is not None:
        lines += ["", "## Soak on one machine", "", *_soaked(soak)]
    lines += ["", "## Versions and machine", "", *_surroundings(results)]
    return "\n".join(lines) + "\n"


def shown(figure: Figure, results: Results) -> list[str]:
    """Return the table of a figure in Markdown: a row for each quantity, a column for each variant."""
    measured = results.figures.get(figure.name, {})
    variants = [each for each in figure.variants if each in measured]
    if not variants:
        return ["Not measured."]
    peers = [each for each in variants if _is_peer(each)]
    head = ["", *variants, *(["gain over the best peer"] if peers else [])]
    lines = [_row(head), _row(["---"] * len(head))]
    seen = set()
    for quantity in figure.quantities:
        if quantity.key in seen:
            continue
        seen.add(quantity.key)
        cells = [_cell(measured[each].get(quantity.key), quantity) for each in variants]
        name = quantity.title.partition(", first time")[0].partition(", IDLE")[0]
        unit = f" ({quantity.unit})" if quantity.unit else ""
        if peers:
            cells.append(_against(figure, quantity, results))
        lines.append(_row([f"{name}{unit}", *cells]))
    return lines


def _introduction(results: Results) -> list[str]:
    times = "once" if results.runs == 1 else f"{results.runs} times"
    sized = "" if results.scale == 1.0 else f" Sizes are {results.scale:g} of those told."
    return [
        (
            f"Measured on {results.date} at commit `{results.commit}` by `make bench`, which took"
            f" {results.seconds / 60:.0f} minutes: every figure {times}, we and the peers in turn on"
            " the same server, in another order each time. A cell is the median, and in brackets the"
            f" least and the most.{sized} All run on one machine whose two cores client, server and"
            " receiver share, over loopback: trust the ratios more than the digits. The load average"
            f" was {results.load_before:.1f} before and {results.load_after:.1f} after."
        ),
        "",
        (
            "Clients are processes of their own. Memory is resident memory, processor time is user and"
            " system time, both as the kernel counts them; an age is taken with CLOCK_MONOTONIC, from"
            " an instant that the message itself carries, set when the server writes the announcement."
            " The load server is ours (`bench/load`): two processes, TLS 1.3 by OpenSSL, an ECDSA chain"
            " of two certificates; its own share of the processor stands with each figure (200 % would"
            " be all there is)."
        ),
        "",
        (
            "Vedette is the whole engine as `vedette serve` runs it, its state in SQLite with"
            " `synchronous=FULL`. The peers are bare clients without any state: what they do with a"
            " message ends when they have it. Each is a program of some 60 lines in `bench/peers`."
            " A gain of 2 means half the cost or twice the rate of the best of them, by medians."
        ),
    ]


def _promises(results: Results) -> list[str]:
    lines = [_row(["figure", "promise", "measured", "kept"]), _row(["---"] * 4)]
    for figure, quantity in _each(results):
        if quantity.target is None:
            continue
        runs = results.figures[figure.name].get(quantity.of, {}).get(quantity.key)
        if runs is None:
            continue
        value = Spread.of(runs).median
        if other := quantity.above or quantity.times:
            theirs = results.figures[figure.name].get(other, {}).get(quantity.key)
            if theirs is None:
                continue
            floor = Spread.of(theirs).median
            value = value - floor if quantity.above else _gain(quantity, value, floor)
        lines.append(_promise(figure, quantity, value))
    return lines


def _promise(figure: Figure, quantity: Quantity, value: float) -> str:
    target = quantity.target or 0.0
    at_least = quantity.more_is_better or bool(quantity.times)
    kept = value >= target if at_least else value <= target
    sign = "≥" if at_least else "≤"
    above = f" above the {quantity.above}" if quantity.above else ""
    above = f" times the {quantity.times}" if quantity.times else above
    if kept:
        verdict = "yes"
    elif target == 0:
        verdict = f"no, {value:g}"
    else:
        verdict = f"no, {abs(value - target) / target * 100:.0f} % off"
    unit = f" {quantity.unit}" if quantity.unit and not quantity.times else ""
    return _row(
        [
            f"{figure.title}: {quantity.title}",
            f"{sign} {_number(target)}{unit}{above}",
            f"{_number(value)}{unit}",
            verdict,
        ]
    )


def _losses(results: Results) -> list[str]:
    lines = []
    for figure, quantity in _each(results):
        best = _best(figure, quantity, results)
        ours = results.figures[figure.name].get(quantity.of, {}).get(quantity.key)
        if best is None or ours is None or not quantity.compared:
            continue
        name, theirs = best
        value = Spread.of(ours).median
        if (theirs > value) is quantity.more_is_better and theirs != value:
            lines.append(
                f"- {figure.title}: {quantity.title}: {name} {_number(theirs)} {quantity.unit},"
                f" {quantity.of.replace('vedette', 'Vedette')} {_number(value)}."
            )
    return lines or ["Nowhere."]


def _each(results: Results) -> Iterator[tuple[Figure, Quantity]]:
    for name, figure in FIGURES.items():
        if name in results.figures:
            for quantity in figure.quantities:
                yield figure, quantity


def _best(figure: Figure, quantity: Quantity, results: Results) -> tuple[str, float] | None:
    """Return the peer with the best median of a quantity."""
    medians = {
        name: Spread.of(runs[quantity.key]).median
        for name, runs in results.figures[figure.name].items()
        if _is_peer(name) and runs.get(quantity.key)
    }
    if not medians:
        return None
    choose = max if quantity.more_is_better else min
    name = choose(medians, key=lambda each: medians[each])
    return name, medians[name]


def _against(figure: Figure, quantity: Quantity, results: Results) -> str:
    """Return how many times as good we are: above 1, we are better."""
    best = _best(figure, quantity, results)
    ours = results.figures[figure.name].get(quantity.of, {}).get(quantity.key)
    if best is None or ours is None or not quantity.compared:
        return ""
    gain = _gain(quantity, Spread.of(ours).median, best[1])
    return f"{gain:.2f}" if gain else ""


def _gain(quantity: Quantity, ours: float, theirs: float) -> float:
    """Return how many times as good ours is; 0 where that means nothing."""
    upper, lower = (ours, theirs) if quantity.more_is_better else (theirs, ours)
    return upper / lower if lower > 0 and upper > 0 else 0.0


def _is_peer(variant: str) -> bool:
    return variant.partition(" ")[0] not in {"vedette", "wire"}


def _cell(runs: list[float] | None, quantity: Quantity) -> str:
    if not runs:
        return ""
    spread = Spread.of(runs)
    if spread.least == spread.most:
        return _number(spread.median)
    if not quantity.compared:
        return _number(spread.median)
    return f"{_number(spread.median)} ({_number(spread.least)} to {_number(spread.most)})"


def _number(value: float) -> str:
    """Write three digits, or all before the point."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 1 else f"{value:.3f}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _soaked(soak: dict[str, Any]) -> list[str]:
    rss = [octets / 2**20 for octets in soak["rss"]]
    kept = soak["verdict"] or ["all promises were kept"]
    return [
        (
            f"`python -m bench.scale` on {soak['surroundings']['date']}: one process,"
            f" {soak['mailboxes']:,} TLS mailboxes of ten hosts on the load server, the usual login"
            f" rates, {soak['minutes']:g} minutes with {soak['arrivals']:g} messages and"
            f" {soak['drops']:g} cut connections a second; after two thirds of the time the server was"
            " down for 10 s. At the end the events in the store were held against the server's"
            " messages."
        ),
        "",
        (
            f"- {soak['arrived']:,} messages arrived: {soak['lost']} lost, {soak['twice']} with a"
            f" second id, {soak['ghosts']} that never were; {soak['dropped']:,} connections cut."
        ),
        f"- Announcement to commit: p50 {soak['p50_ms']:.1f} ms, p99 {soak['p99_ms']:.1f} ms.",
        (
            f"- {soak['unannounced']:,} messages came while their mailbox was not connected, and were"
            f" had after it was again: p99 {soak['unannounced_p99_s']:.1f} s after they came."
        ),
        (
            f"- Memory of the process, from the first minute to the last: {rss[0]:.0f} to"
            f" {rss[-1]:.0f} MiB, {max(rss):.0f} at most. Server: {soak['server_share']:.0f} % of a core."
        ),
        f"- Start: {_curve(soak['start_curve'])}.",
        f"- Return after the server was down: {_curve(soak['return_curve'])}.",
        f"- Verdict: {'; '.join(kept)}.",
    ]


def _curve(logins: list[int]) -> str:
    """Describe logins by second in ten steps."""
    step = max(1, -(-len(logins) // 10))
    sums = [sum(logins[at : at + step]) for at in range(0, len(logins), step)]
    told = ", ".join(str(each) for each in sums)
    return (
        f"{sum(logins):,} logins in {len(logins)} s, {max(logins, default=0)} in the busiest second;"
        f" in steps of {step} s: {told}"
    )


def _surroundings(results: Results) -> list[str]:
    lines = [f"- {name}: {words}" for name, words in results.versions.items()]
    lines += [f"- left out: {name}: {why}" for name, why in results.missing.items()]
    lines += [f"- failed: {what}: {why}" for what, why in results.failed.items()]
    return [*lines, *(f"- {name}: {words}" for name, words in results.machine.items())]


def publish(latest: Results, path: Path = PUBLISHED) -> None:
    """Publish results: whole ones in place of all, those of some figures in place of these."""
    if FIGURES.keys() <= latest.figures.keys():
        latest.write(path)
        return
    whole = Results.read(path)
    whole.take(latest)
    whole.figures = {name: whole.figures[name] for name in FIGURES if name in whole.figures}
    whole.write(path)


def published() -> str:
    """Return the page of what is published."""
    soak = None
    if PUBLISHED_SCALE.exists():
        soak = json.loads(PUBLISHED_SCALE.read_text(encoding="utf-8"))
    return page(Results.read(PUBLISHED), soak)


def main(words: list[str]) -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.report")
    parser.add_argument("--publish", action="store_true", help="publish the latest results first")
    if parser.parse_args(words).publish:
        publish(Results.read(LATEST))
        if SCALE.exists():
            shutil.copy(SCALE, PUBLISHED_SCALE)
    PAGE.write_text(published(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
