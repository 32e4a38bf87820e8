"""Run the benchmarks, ours and the peers in turn, and print what came out.

::

    python -m bench [--quick] [--runs N] [--scale X] [--without CLIENT] [--output FILE] [NAME ...]

``--quick`` runs each once at a tenth of its size, which shows that they work and not how fast we
are. Every run is bounded in time and every process is ended. Must not know: what is measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from bench.client import ClientError
from bench.figures.catalogue import FIGURES
from bench.figures.figure import Figure
from bench.peers.environment import NAMES, MissingPeerError, Program, program
from bench.report import shown
from bench.results import LATEST, Results, begin
from bench.scene import Scene, end_when_told
from tests.support.debian import UnavailableError
from vedette.telemetry.log import LogPolicy, configure

#: A median of five has two on each side.
_RUNS = 5
_QUICK_SCALE = 0.1


def main(words: list[str]) -> int:
    """Run the named figures, or all; return 1 if a run failed."""
    given = _parsed(words)
    end_when_told()
    configure(LogPolicy(level="error"))
    names = given.names or list(FIGURES)
    runs = given.runs or (1 if given.quick else _RUNS)
    scale = given.scale or (_QUICK_SCALE if given.quick else 1.0)
    # A figure that has no client as its variant needs none made.
    wanted = {_client(variant) for name in names for variant in FIGURES[name].variants}
    programs, missing = _programs(
        [name for name in NAMES if name in wanted and name not in given.without]
    )
    results = begin(
        runs=runs,
        scale=scale,
        versions={name: each.versions for name, each in programs.items()},
        missing=missing,
    )
    begun = time.monotonic()
    (Path(__file__).parents[1] / ".cache").mkdir(exist_ok=True)
    with ExitStack() as stack:
        scene = Scene(programs, scale, stack)
        for name in names:
            _measure(FIGURES[name], scene, runs, results)
            # What there is, whatever becomes of the rest.
            results.write(given.output)
            print("\n".join(shown(FIGURES[name], results)), "\n", flush=True)
    results.seconds = round(time.monotonic() - begun, 1)
    results.load_after = os.getloadavg()[0]
    results.write(given.output)
    print(f"{results.seconds:.0f} s; written to {given.output}")
    for what, why in results.failed.items():
        print(f"failed: {what}: {why}", file=sys.stderr)
    return 1 if results.failed else 0


def _parsed(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(FIGURES)}")
    parser.add_argument("--quick", action="store_true", help="once, at a tenth of the size")
    parser.add_argument("--runs", type=int, help=f"how often each is run; {_RUNS} as a rule")
    parser.add_argument("--scale", type=float, help="factor of all sizes")
    parser.add_argument("--without", action="append", default=[], choices=NAMES[1:])
    parser.add_argument("--output", type=Path, default=LATEST, help="where the JSON goes")
    given = parser.parse_args(words)
    unknown = [name for name in given.names if name not in FIGURES]
    if unknown:
        parser.error(f"no figure is named {unknown[0]}; there are: {', '.join(FIGURES)}")
    return given


def _programs(names: list[str]) -> tuple[dict[str, Program], dict[str, str]]:
    programs, missing = {}, {}
    for name in names:
        try:
            programs[name] = program(name)
        except MissingPeerError as error:
            missing[name] = str(error)
            print(f"without {name}: {error}", file=sys.stderr, flush=True)
    return programs, missing


def _measure(figure: Figure, scene: Scene, runs: int, results: Results) -> None:
    """Run every variant once, then every variant again, from another one each time.

    So a slow minute of the machine is nobody's alone.
    """
    variants = [each for each in figure.variants if _can(each, scene)]
    runs = min(runs, figure.runs or runs)
    for run in range(runs):
        turned = variants[run % len(variants) :] + variants[: run % len(variants)]
        for variant in turned:
            begun = time.monotonic()
            try:
                values = figure.measure(scene, variant)
            except (ClientError, OSError, RuntimeError, UnavailableError) as error:
                results.failed[f"{figure.name}, {variant}, run {run + 1}"] = str(error)
                continue
            results.note(figure.name, variant, values)
            took = time.monotonic() - begun
            print(f"{figure.name} {run + 1}/{runs} {variant}: {took:.1f} s", file=sys.stderr)


def _can(variant: str, scene: Scene) -> bool:
    """Tell whether a variant can be run: it is no client, or one that could be had."""
    name = _client(variant)
    return name not in NAMES or name in scene.programs


def _client(variant: str) -> str:
    return variant.partition(" ")[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
