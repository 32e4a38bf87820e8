"""Seeds that once broke a promise, each with what was wrong; every run plays them again.

``seeds.txt`` has one on each line: the number, and one line why. A change of the simulator
itself draws other histories; such a line then only keeps the count.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final


def _read() -> dict[int, str]:
    lines = (Path(__file__).parent / "seeds.txt").read_text("utf-8").splitlines()
    pairs = [line.split(None, 1) for line in lines if line.strip() and not line.startswith("#")]
    return {int(seed): why for seed, why in pairs}


CASES: Final = _read()
