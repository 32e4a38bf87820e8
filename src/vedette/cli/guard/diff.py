"""``vedette guard diff``: what changed between two packs, and which way it turns."""

from __future__ import annotations

from pathlib import Path

from vedette.cli.guard.choice import chosen
from vedette.guard.difference import difference, loosens


def diff(old: str, new: str, *, config: Path | None = None) -> int:
    """Show what changed from one pack to another, and whether it tightens or loosens.

    Parameters
    ----------
    old
        A guard of the configuration, a shipped pack, or the path of a YAML file.
    new
        The same.
    config
        The configuration, for its guards.
    """
    changes = difference(chosen(old, config).pack, chosen(new, config).pack)
    for change in changes:
        print(change.told())
    if not changes:
        print("no change")
    elif loosens(changes):
        print("a locked guard goes over to this only after its delay")
    return 0
