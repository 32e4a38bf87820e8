"""From the text of a pack to its nouns. Reading order: ``pack``, ``symbols``, ``outcomes``.

``table`` has the typed looks into a table that all of them take. The package knows no disk.
"""

from __future__ import annotations

from vedette.guard.reading.pack import read_pack

__all__ = ["read_pack"]
