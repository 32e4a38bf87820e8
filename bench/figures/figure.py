"""A figure as a value: what is measured, of whom, in which units, and what we promised.

Must not know: any figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.scene import Scene

#: What one run gives, by the key of a quantity.
Values = dict[str, float]

#: Whom a figure is about, when it is about all clients.
CLIENTS = ("vedette", "imapflow", "aioimaplib", "imapclient", "imap-tools")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One number of a figure. ``target`` is our promise; it is about ``of``, one of the variants.

    With ``above``, the promise is about how much it is more than that variant's; with ``times``,
    about how many times as good it is. A quantity without ``compared`` only explains the others,
    such as the server's share.
    """

    key: str
    title: str
    unit: str = ""
    more_is_better: bool = False
    target: float | None = None
    of: str = "vedette"
    above: str = ""
    times: str = ""
    compared: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A group of quantities that come from the same runs of the same variants.

    A variant is a client's name, or that with a word behind it for a way to use it.
    ``measure`` does one run of one variant; there are at most ``runs``, where each has so much in
    it that a few are enough.
    """

    name: str
    title: str
    method: str
    quantities: tuple[Quantity, ...]
    variants: tuple[str, ...]
    measure: Callable[[Scene, str], Values]
    runs: int | None = None
