"""A pack's surest part as a Sieve script (RFC 5228), for servers that run one at delivery."""

from __future__ import annotations

from vedette.guard.sieve.script import Script, exported

__all__ = ["Script", "exported"]
