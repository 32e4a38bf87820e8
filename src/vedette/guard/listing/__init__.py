"""Lists of domains as others publish them: their formats, and what an update must pass."""

from __future__ import annotations
