"""Scorers: opinions about a message from elsewhere, as evidence for guards and never more."""

from __future__ import annotations
